// SPDX-License-Identifier: Apache-2.0
// Group lanes: a tile of gv vectors of groups times qx positions, all phases of x.
#include "schedules/model.h"

namespace convt {
namespace {

// A line of the padded copy: loaded, stored, and read again.
constexpr double line_cycles = 3;
constexpr double turned_over = 1;  // cycles an element of an input whose channels come first

std::vector<Knob> knobs(const ModelFacts& f) {
    return {{"gv", up_to({1, 2, 4}, f.groups / f.lanes), "vectors of groups in a register tile"},
            {"qx", up_to({1, 2, 3, 4, 6, 8, 12}, f.positions[0]), "positions of a row in a register tile"}};
}

TileCost tile(const ModelFacts& f, const Schedule& s) {
    const double gv = s.get("gv"), q = s.get("qx"), taps = std::ceil(f.taps[0]);
    return tile_cost(f, gv * q * f.kernel(0), gv * (q + taps - 1 + f.kernel(0)), gv * q * f.stride(0), gv * 2, taps);
}

double channels(const ModelFacts&, const Schedule&) {
    return 1;
}

double cycles(const ModelFacts& f, const Schedule& s) {
    const double vectors = tiles(f.groups, s.get("gv") * f.lanes);
    const double in_row = tiles(f.positions[0], s.get("qx")) * vectors;
    const double rows = f.batch * f.output(1) * f.output(2);
    const double stores = rows * in_row * (s.get("gv") * s.get("qx") * f.stride(0) + 10);
    const double inputs = f.batch * f.groups * f.input(0) * f.input(1) * f.input(2);
    const double copies = inputs * (f.input_channels_last ? line_cycles / f.lanes : turned_over);
    return rows * in_row * f.taps[1] * f.taps[2] * tile(f, s).cycles + stores + copies;
}

}  // namespace

const ScheduleSpace group_lanes_space{"group_lanes", knobs,           tile,    cycles, channels,
                                      true,          row_block_bytes, nullptr, true};

}  // namespace convt
