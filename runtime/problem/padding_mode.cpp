// SPDX-License-Identifier: Apache-2.0
#include "runtime/problem/padding_mode.h"

#include <algorithm>
#include <limits>

namespace convt {
namespace {

constexpr std::int64_t any = std::numeric_limits<std::int32_t>::max();

// As torch.nn.functional.pad has them; zeros fold nothing.
constexpr PaddingModeRow rows[] = {
    {PaddingMode::zeros, "", any, {}, {}},
    {PaddingMode::reflect, "pmreflect", -1, {-1, 0, 0}, {-1, 2, -2}},
    {PaddingMode::replicate, "pmreplicate", any, {0, 0, 0}, {0, 1, -1}},
    {PaddingMode::circular, "pmcircular", 0, {1, 1, 0}, {1, -1, 0}},
};

// Appends the positions of [first, end), counted from the output's first one, that `fold` maps to o.
void append(std::vector<std::int64_t>& positions, const Fold& fold, std::int64_t first, std::int64_t end,
            const Axis& axis, std::int64_t o) {
    const std::int64_t shift = fold.shift(axis.output());
    if (fold.scale != 0) {
        const std::int64_t p = fold.scale * (o - shift);
        if (first <= p && p < end) positions.push_back(p + axis.pad_low);
        return;
    }
    for (std::int64_t p = first; p < end && o == shift; ++p)
        positions.push_back(p + axis.pad_low);
}

}  // namespace

std::span<const PaddingModeRow> padding_modes() noexcept {
    return rows;
}

const PaddingModeRow& padding_mode_row(PaddingMode mode) noexcept {
    const auto index = static_cast<std::size_t>(mode);
    return index < std::size(rows) ? rows[index] : rows[0];
}

Problem Problem::unfolded() const {
    if (padding_mode == PaddingMode::zeros) return *this;
    Problem wide = *this;
    wide.padding_mode = PaddingMode::zeros;
    // What is folded are sums.
    const ProblemTypeInfo& mine = types();
    wide.type = std::ranges::find_if(problem_types(), [&mine](const ProblemTypeInfo& row) {
                    return row.input == mine.input && row.weights == mine.weights && row.sum == mine.sum &&
                           row.output == mine.sum;
                })->type;
    for (Axis& axis : wide.axes)
        axis.pad_low = axis.pad_high = 0;
    wide.bias = false;
    wide.epilogue.clear();
    return wide;
}

std::vector<std::int64_t> Problem::folded(const Axis& axis, std::int64_t o) const {
    std::vector<std::int64_t> positions{o + axis.pad_low};
    if (padding_mode == PaddingMode::zeros) return positions;
    const PaddingModeRow& row = padding_mode_row(padding_mode);
    const std::int64_t extent = axis.output();
    append(positions, row.below, -axis.pad_low, 0, axis, o);
    append(positions, row.above, extent, extent + axis.pad_high, axis, o);
    return positions;
}

std::int64_t Problem::folds() const noexcept {
    if (padding_mode == PaddingMode::zeros) return 1;
    const bool to_one = padding_mode_row(padding_mode).below.scale == 0;
    std::int64_t most = 1;
    for (int i = 0; i < rank; ++i) {
        const Axis& axis = axes[static_cast<std::size_t>(i)];
        const auto side = [to_one](std::int64_t padding) {
            return to_one ? padding : std::min<std::int64_t>(padding, 1);
        };
        most *= 1 + side(axis.pad_low) + side(axis.pad_high);
    }
    return most;
}

}  // namespace convt
