// SPDX-License-Identifier: Apache-2.0
#include "tests/cuda/strided.h"

#include "tests/support/oracle.h"

#include <cstring>
#include <numeric>

namespace convt::test {
namespace {

Halide::Type scalar_of(ElementType type) {
    const ElementTypeInfo& info = element_type_info(type);
    return {static_cast<halide_type_code_t>(info.kind), info.scalar_bytes * 8, 1};
}

// `behind[i]`: scalars left free behind dimension order[i].
Strided make(Halide::Type type, const std::vector<int>& extents, const std::vector<int>& order,
             const std::vector<std::int64_t>& behind) {
    std::vector<halide_dimension_t> shape(extents.size());
    std::int64_t stride = 1;
    for (std::size_t i = 0; i < order.size(); ++i) {
        const auto d = static_cast<std::size_t>(order[i]);
        shape[d] = halide_dimension_t(0, extents[d], static_cast<int>(stride));
        stride = stride * extents[d] + behind[i];
    }
    Strided tensor;
    tensor.order = order;
    Halide::Runtime::Buffer<> memory(type, nullptr, static_cast<int>(shape.size()), shape.data());
    memory.allocate();
    tensor.buffer = Halide::Buffer<>(std::move(memory));
    return tensor;
}

}  // namespace

Strided spatial_tensor(const Problem& problem, bool output, std::int64_t gap) {
    const int parts = problem.types().parts();
    const std::array<Axis, 3> axes = three_axes(problem);
    std::vector<int> extents;
    for (int a = 2; a >= 0; --a) {
        const Axis& axis = axes[static_cast<std::size_t>(a)];
        extents.push_back(static_cast<int>(output ? axis.output() : axis.input));
    }
    extents.push_back(static_cast<int>((output ? problem.out_channels : problem.in_channels) / problem.groups));
    extents.push_back(static_cast<int>(problem.groups));
    extents.push_back(static_cast<int>(problem.batch));
    const bool last = (output ? problem.output_layout : problem.input_layout) == Layout::channels_last;
    std::vector<int> order = last ? std::vector<int>{3, 4, 0, 1, 2, 5} : std::vector<int>{0, 1, 2, 3, 4, 5};
    std::vector<std::int64_t> behind(6, gap * parts);
    // Channels are one dimension of the tensor, in groups; an axis that the problem has not is none.
    for (std::size_t i = 0; i < order.size(); ++i) {
        if (order[i] == 3 || (order[i] < 3 && order[i] >= problem.rank)) behind[i] = 0;
    }
    if (parts > 1) {
        extents.insert(extents.begin(), parts);
        for (int& d : order)
            ++d;
        order.insert(order.begin(), 0);
        behind.insert(behind.begin(), 0);
    }
    return make(scalar_of(output ? problem.types().output : problem.types().input), extents, order, behind);
}

Strided dense_tensor(const Halide::ImageParam& param) {
    std::vector<int> extents;
    for (int d = 0; d < param.dimensions(); ++d) {
        const Halide::Expr extent = Halide::Internal::simplify(param.parameter().extent_constraint(d));
        extents.push_back(static_cast<int>(*Halide::Internal::as_const_int(extent)));
    }
    std::vector<int> order(extents.size());
    std::iota(order.begin(), order.end(), 0);
    return make(param.type(), extents, order, std::vector<std::int64_t>(extents.size(), 0));
}

// Of every run of elements that lie side by side, its offset in scalars; runs in the order of memory.
template <typename Visit>
void Strided::for_each_row(const Visit& visit) const {
    std::vector<int> at(order.size(), 0);
    const auto row = static_cast<std::size_t>(buffer.dim(order[0]).extent());
    for (;;) {
        std::int64_t offset = 0;
        for (std::size_t i = 1; i < order.size(); ++i)
            offset += std::int64_t{at[i]} * buffer.dim(order[i]).stride();
        visit(static_cast<std::size_t>(offset), row);
        std::size_t i = 1;
        while (i < order.size() && ++at[i] == buffer.dim(order[i]).extent())
            at[i++] = 0;
        if (i >= order.size()) return;
    }
}

void Strided::put(const std::vector<std::byte>& dense) {
    const auto size = static_cast<std::size_t>(buffer.type().bytes());
    std::size_t from = 0;
    for_each_row([&](std::size_t offset, std::size_t row) {
        std::memcpy(host() + offset * size, dense.data() + from, row * size);
        from += row * size;
    });
    buffer.set_host_dirty();
}

std::vector<std::byte> Strided::dense(const std::byte* from) const {
    const auto size = static_cast<std::size_t>(buffer.type().bytes());
    std::vector<std::byte> bytes;
    bytes.reserve(buffer.number_of_elements() * size);
    for_each_row([&](std::size_t offset, std::size_t row) {
        bytes.insert(bytes.end(), from + offset * size, from + (offset + row) * size);
    });
    return bytes;
}

}  // namespace convt::test
