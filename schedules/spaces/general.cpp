// SPDX-License-Identifier: Apache-2.0
// General: a tile of tx vectors of positions times tc channels, for one phase.
#include "schedules/model.h"

namespace convt {
namespace {

// Cycles for a cache line of the rows that are staged, and for an input element that is turned over from channels last
// or taken apart by steps.
constexpr double staged_line = 6;
constexpr double turned_over = 0.5;

std::vector<Knob> knobs(const ModelFacts& f) {
    return {{"tx", up_to({1, 2, 3, 4}, tiles(f.positions[0], f.lanes)), "vectors of positions in a register tile"},
            {"tc", up_to({1, 2, 3, 4, 6, 8, 12}, f.out_channels), "output channels in a register tile"}};
}

TileCost tile(const ModelFacts& f, const Schedule& s) {
    const double tx = s.get("tx"), tc = s.get("tc");
    return tile_cost(f, tx * tc, tx + tc, tx * tc, tx + 1, 1);
}

double channels(const ModelFacts&, const Schedule& s) {
    return s.get("tc");
}

double cycles(const ModelFacts& f, const Schedule& s) {
    const double in_tiles =
        tiles(f.positions[0], s.get("tx") * f.lanes) * f.positions[1] * tiles(f.out_channels, s.get("tc"));
    const double inputs = f.batch * f.groups * f.in_channels * f.input(0) * f.input(1) * f.input(2) * f.parts;
    const double staged =
        inputs * (staged_line * f.scalar_bytes / 64 + (f.input_channels_last || f.step(0) > 1 ? turned_over : 0));
    return rolled_iterations(f) * in_tiles * tile(f, s).cycles + staged + 2 * element_copies(f);
}

}  // namespace

const ScheduleSpace general_space{"general", knobs, tile, cycles, channels, false};

}  // namespace convt
