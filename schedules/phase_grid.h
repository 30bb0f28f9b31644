// SPDX-License-Identifier: Apache-2.0
// How the phases of x and y lie in lanes, phase_lanes' share of its space and of its algorithm.
#pragma once

#include "convt/problem.h"

#include <algorithm>
#include <cstdint>

namespace convt {

// The phases of one row of y take `row` lanes; rows follow each other. A row is rounded up to whole vectors unless a
// vector holds whole rows. The output is stored `store` lanes at a time: of these all or none lie inside it and have a
// phase, so that no store needs a mask. Where that leaves less than a quarter of a vector, sums are `held` in memory
// and copied one by one.
struct PhaseGrid {
    std::int64_t row, rows, store;
    bool held;

    PhaseGrid(const Axis& x, const Axis& y, std::int64_t lanes)
        : row(lanes % x.stride == 0 ? x.stride : (x.stride + lanes - 1) / lanes * lanes),
          rows(y.stride),
          store(std::min(row, lanes)),
          held(false) {
        const std::int64_t widest = store;
        while (x.stride % store != 0 || x.pad_low % x.stride % store != 0 || x.output() % store != 0)
            store /= 2;
        held = store * 4 < lanes;
        if (held) store = widest;
    }

    std::int64_t lanes() const noexcept { return row * rows; }
    std::int64_t tiles(std::int64_t tile) const noexcept { return (lanes() + tile - 1) / tile; }
};

}  // namespace convt
