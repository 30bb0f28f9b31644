// SPDX-License-Identifier: Apache-2.0
// How the phases of x and y lie in lanes, phase_lanes' share of its space and of its algorithm.
#pragma once

#include <algorithm>
#include <cstdint>

namespace convt {

// The phases of one row of y take `row` lanes, and `used` of them hold one; rows follow each other. A row is rounded up
// to whole vectors unless a vector holds whole rows. `store` lanes are neighbours in the output.
struct PhaseGrid {
    std::int64_t row, rows, used, store;

    PhaseGrid(std::int64_t stride_x, std::int64_t stride_y, std::int64_t lanes)
        : row(lanes % stride_x == 0 ? stride_x : (stride_x + lanes - 1) / lanes * lanes),
          rows(stride_y),
          used(stride_x),
          store(std::min(row, lanes)) {}

    std::int64_t lanes() const noexcept { return row * rows; }
    std::int64_t tiles(std::int64_t tile) const noexcept { return (lanes() + tile - 1) / tile; }
};

}  // namespace convt
