// SPDX-License-Identifier: Apache-2.0
// Weights from a framework's order into convt's.
#include "convt/frameworks.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace convt {
namespace {

Status check_view(const char* name, const TensorView& view, const Problem& problem,
                  const std::vector<std::int64_t>& shape) {
    const auto refuse = [name](std::string_view what) {
        return Status(Code::invalid_argument, fmt::format("{}: {}", name, what));
    };
    if (view.data == nullptr) return refuse("has no data");
    if (view.device != Device::cpu) return refuse("must be on the host");
    if (view.type != problem.types().weights) {
        return refuse(fmt::format("has type {}, must have {}", element_type_info(view.type).name,
                                  element_type_info(problem.types().weights).name));
    }
    const TensorView dense = TensorView::dense(view.data, view.type, shape);
    const std::vector<std::int64_t> extents(view.extents,
                                            view.extents + std::clamp(view.rank, 0, TensorView::max_rank));
    if (extents != shape)
        return refuse(fmt::format("has shape ({}), must have ({})", fmt::join(extents, ", "), fmt::join(shape, ", ")));
    if (!std::equal(view.strides, view.strides + view.rank, dense.strides)) return refuse("must be dense");
    return {};
}

}  // namespace

Status reorder_weights(const FrameworkLayer& layer, const TensorView& from, const TensorView& to) {
    if (Status status = layer.problem.validate(); !status.ok()) return status;
    const std::vector<std::int64_t> shape = layer.problem.weight_shape();
    const WeightOrder& order = layer.weights;
    const auto rank = shape.size();
    if (static_cast<std::size_t>(order.rank) != rank) {
        return {Code::invalid_argument, fmt::format("rank of the weights' order = {}: must be {}", order.rank, rank)};
    }
    std::vector<std::int64_t> stored(rank, 0);
    for (std::size_t d = 0; d < rank; ++d) {
        const auto from_dimension = static_cast<std::size_t>(order.from[d]);
        if (from_dimension >= rank || stored[from_dimension] != 0) {
            return {Code::invalid_argument,
                    fmt::format("weights' order[{}] = {}: must be a dimension once", d, order.from[d])};
        }
        stored[from_dimension] = shape[d];
    }
    if (Status status = check_view("from", from, layer.problem, stored); !status.ok()) return status;
    if (Status status = check_view("to", to, layer.problem, shape); !status.ok()) return status;

    const auto bytes = static_cast<std::size_t>(element_type_info(layer.problem.types().weights).bytes());
    const auto* source = static_cast<const std::byte*>(from.data);
    auto* target = static_cast<std::byte*>(to.data);
    for (std::int64_t element = 0; element < to.size(); ++element) {
        std::int64_t rest = element;
        std::int64_t offset = 0;
        for (std::size_t d = rank; d-- > 0;) {
            const std::int64_t index = rest % shape[d];
            rest /= shape[d];
            offset += (order.flipped && d >= 2 ? shape[d] - 1 - index : index) * from.strides[order.from[d]];
        }
        std::memcpy(target + static_cast<std::size_t>(element) * bytes,
                    source + static_cast<std::size_t>(offset) * bytes, bytes);
    }
    return {};
}

}  // namespace convt
