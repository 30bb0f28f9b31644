// SPDX-License-Identifier: Apache-2.0
// Phase lanes: a tile of lv vectors of phases times qx positions of one output channel, cb input channels at a time.
#include "schedules/model.h"
#include "schedules/phase_grid.h"

#include <algorithm>

namespace convt {
namespace {

PhaseGrid grid(const ModelFacts& f) {
    return {f.axes[0].stride, f.axes[1].stride, static_cast<std::int64_t>(f.lanes)};
}

// Blocks of input channels: all of them, or what halves them until few are left. Complex sums are not split.
std::vector<int> channel_blocks(const ModelFacts& f) {
    const int all = static_cast<int>(f.in_channels);
    std::vector<int> values;
    for (int block = 32; block < all && f.parts == 1; block *= 2)
        values.push_back(block);
    values.push_back(all);
    return values;
}

std::vector<Knob> knobs(const ModelFacts& f) {
    const double vectors = tiles(static_cast<double>(grid(f).lanes()), f.lanes);
    return {{"lv", up_to({1, 2, 3, 4}, vectors), "vectors of phases in a register tile"},
            {"qx", up_to({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 20, 24}, f.positions[0] + 1),
             "positions of a row in a register tile"},
            {"cb", channel_blocks(f), "input channels summed before the next positions are"}};
}

TileCost tile(const ModelFacts& f, const Schedule& s) {
    const double lv = s.get("lv"), q = s.get("qx");
    return tile_cost(f, lv * q, lv + q, lv * q, lv + 1, 1);
}

double channels(const ModelFacts& f, const Schedule& s) {
    return std::min(1.0, s.get("lv") * f.lanes / static_cast<double>(grid(f).lanes()));
}

double cycles(const ModelFacts& f, const Schedule& s) {
    const double lane_tiles = static_cast<double>(grid(f).tiles(static_cast<std::int64_t>(s.get("lv") * f.lanes)));
    const double planes = f.batch * f.groups * f.out_channels * f.output(2);
    const double in_row = planes * lane_tiles * tiles(f.positions[0], s.get("qx"));
    const double taps = tiles(f.kernel(0), f.stride(0)) * tiles(f.kernel(1), f.stride(1)) * f.input(1) * f.taps[2];
    const double blocks = tiles(f.in_channels, s.get("cb"));
    const double stores = in_row * f.positions[1] * blocks * (s.get("lv") * s.get("qx") * f.parts * 2 + 20);
    return in_row * taps * f.in_channels * tile(f, s).cycles + stores;
}

}  // namespace

const ScheduleSpace phase_lanes_space{"phase_lanes", knobs, tile, cycles, channels, false};

}  // namespace convt
