// SPDX-License-Identifier: Apache-2.0
// The table of padding modes: a new one is one row. A row says how far padding may reach and which position of the
// input a convolution reads at a position outside of it.
#pragma once

#include "convt/problem.h"

#include <span>
#include <string_view>

namespace convt {

// Position p outside of [0, extent) is read at scale * p + shift(extent).
struct Fold {
    int scale;  // -1, 0 or 1
    int extents, constant;
    constexpr std::int64_t shift(std::int64_t extent) const noexcept { return extents * extent + constant; }
};

struct PaddingModeRow {
    PaddingMode mode;
    std::string_view word;  // in the problem text; empty: the default, not printed
    std::int64_t beyond;    // padding of a side is at most the output's extent and this
    Fold below, above;      // for p < 0, for p >= extent
};

std::span<const PaddingModeRow> padding_modes() noexcept;
const PaddingModeRow& padding_mode_row(PaddingMode mode) noexcept;

}  // namespace convt
