// SPDX-License-Identifier: Apache-2.0
// What an open problem leaves to calls, and the closed problem of a call.
#include "runtime/problem/open.h"

#include "runtime/problem/rules.h"

#include <algorithm>
#include <array>

namespace convt {
namespace {

Status check_extent(const Problem& p, int index, std::int64_t extent) {
    const Axis& axis = p.axes[static_cast<std::size_t>(index)];
    const auto refuse = [&](std::string_view rule) {
        return Status(Code::invalid_argument,
                      fmt::format("{} = {}: {}", axis_field("input", p.rank, index), extent, rule));
    };
    if (!axis.is_open()) return extent == axis.input ? Status() : refuse(fmt::format("must be {}", axis.input));
    const auto& [lowest, highest, multiple] = axis.open;
    if (extent < lowest) return refuse(fmt::format("must be at least {}", lowest));
    if (highest != 0 && extent > highest) return refuse(fmt::format("must be at most {}", highest));
    if (extent % multiple != 0) return refuse(fmt::format("must be a multiple of {}", multiple));
    return {};
}

}  // namespace

// What default schedules are for: enough blocks of a row for any tile, and an input of many channels that stays in a
// second-level cache.
std::int64_t nominal_extent(const OpenExtent& open, int rank) {
    constexpr std::array<std::int64_t, 3> round{1024, 64, 16};
    const std::int64_t multiple = std::max<std::int64_t>(open.multiple, 1);
    const std::int64_t most = open.highest == 0 ? std::numeric_limits<std::int64_t>::max() : open.highest;
    const std::int64_t wanted = round[static_cast<std::size_t>(std::clamp(rank, 1, 3) - 1)];
    return std::max(std::min(wanted, most) / multiple * multiple, open.lowest);
}

void Problem::open_input(int i, const OpenExtent& open) {
    Axis& axis = axes[static_cast<std::size_t>(i)];
    axis.open = open;
    axis.input = nominal_extent(open, rank);
}

bool Problem::is_open() const noexcept {
    return open_batch || std::ranges::any_of(axes, &Axis::is_open);
}

Result<Problem> Problem::closed(std::int64_t wanted_batch, std::span<const std::int64_t> input) const {
    const auto refuse = [](std::string_view field, std::int64_t value, std::string_view rule) {
        return Status(Code::invalid_argument, fmt::format("{} = {}: {}", field, value, rule));
    };
    if (input.size() != static_cast<std::size_t>(rank))
        return refuse("input extents", static_cast<std::int64_t>(input.size()), fmt::format("must be {}", rank));
    if (!open_batch && wanted_batch != batch) return refuse("batch", wanted_batch, fmt::format("must be {}", batch));
    for (int i = 0; i < rank; ++i) {
        if (Status status = check_extent(*this, i, input[static_cast<std::size_t>(i)]); !status.ok()) return status;
    }
    Problem call = *this;
    call.open_batch = false;
    call.batch = wanted_batch;
    for (int i = 0; i < rank; ++i) {
        Axis& axis = call.axes[static_cast<std::size_t>(i)];
        axis.open = {};
        axis.input = input[static_cast<std::size_t>(i)];
    }
    if (Status status = check_sizes(call); !status.ok()) return Status(Code::invalid_argument, status.message());
    return call;
}

Result<Problem> closed_by_input(const Problem& problem, std::span<const std::int64_t> shape) {
    const auto rank = static_cast<std::size_t>(problem.rank);
    const bool batched = shape.size() == rank + 2;
    if (!batched && (shape.size() != rank + 1 || problem.batch != 1))
        return Status(Code::invalid_argument, fmt::format("has {} dimensions, must have {}", shape.size(), rank + 2));
    const std::size_t first = (problem.input_layout == Layout::channels_last ? 0 : 1) + (batched ? 1 : 0);
    return problem.closed(batched ? shape[0] : 1, shape.subspan(first, rank));
}

}  // namespace convt
