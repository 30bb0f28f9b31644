// SPDX-License-Identifier: Apache-2.0
// Channel lanes: a tile of cv vectors of channels times qx by qy positions of one phase.
#include "schedules/model.h"

namespace convt {
namespace {

std::vector<Knob> knobs(const ModelFacts& f) {
    return {{"cv", up_to({1, 2, 3, 4}, tiles(f.out_channels, f.lanes)), "vectors of channels in a register tile"},
            {"qx", up_to({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16}, f.positions[0]),
             "positions of a row in a register tile"},
            {"qy", up_to({1, 2, 4, 8}, f.positions[1]), "rows in a register tile"}};
}

TileCost tile(const ModelFacts& f, const Schedule& s) {
    const double cv = s.get("cv"), q = s.get("qx") * s.get("qy");
    return tile_cost(f, cv * q, cv + q, cv * q, cv + 1, 1);
}

double channels(const ModelFacts& f, const Schedule& s) {
    return s.get("cv") * f.lanes;
}

double cycles(const ModelFacts& f, const Schedule& s) {
    const double position_tiles = tiles(f.positions[0], s.get("qx")) * tiles(f.positions[1], s.get("qy"));
    const double flat = 1 + 0.01 * s.get("qy");  // positions of a row lie in one cache line, rows do not
    const double arithmetic =
        rolled_iterations(f) * position_tiles * tiles(f.out_channels, channels(f, s)) * tile(f, s).cycles * flat;
    const double copies = f.output_channels_last ? 2 * element_copies(f) / f.lanes : element_copies(f);
    return arithmetic + copies;
}

}  // namespace

const ScheduleSpace channel_lanes_space{"channel_lanes", knobs, tile, cycles, channels, false};

}  // namespace convt
