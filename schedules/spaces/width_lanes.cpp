// SPDX-License-Identifier: Apache-2.0
// Width lanes: a tile of tx vectors of positions times tc channels, for all phases of x.
#include "schedules/model.h"

namespace convt {
namespace {

constexpr double cache_line = 64;
constexpr double third_level_bytes = 4.0 * 1024.0 * 1024.0;  // a core's share

std::vector<Knob> knobs(const ModelFacts& f) {
    return {
        {"tx", up_to({1, 2, 3, 4, 6, 8}, tiles(f.positions[0], f.lanes)), "vectors of positions in a register tile"},
        {"tc", up_to({1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16}, f.out_channels), "output channels in a register tile"},
        {"xb", up_to({1, 2, 4, 8, 16, 32, 64, 128, 256, 512}, tiles(f.positions[0], 8 * f.lanes)),
         "blocks of a row: the input of one stays in cache over all channels"}};
}

TileCost tile(const ModelFacts& f, const Schedule& s) {
    const double tx = s.get("tx"), tc = s.get("tc"), kernel = f.kernel(0), stride = f.stride(0);
    const double offsets = tiles(kernel * f.dilation(0), stride);
    return tile_cost(f, kernel * tx * tc, tx * offsets + kernel * tc, stride * tx * tc, tx + 1, tiles(kernel, stride));
}

// Staging: a cycle a line in the second level, another beyond it. What outgrows the third level comes from memory again
// for every tile of channels.
double staging(const ModelFacts& f, const Schedule& s) {
    const double xb = s.get("xb");
    const double row = row_bytes(f, f.positions[0] / xb);
    const double lines = f.batch * f.groups * f.input(1) * row * xb / cache_line;
    const double window = row * std::min(f.taps[1] + 1, f.input(1));
    const double passes = window > third_level_bytes ? tiles(f.out_channels, s.get("tc")) : 0;
    return lines * ((window > row_block_bytes ? 2 : 1) + passes);
}

double cycles(const ModelFacts& f, const Schedule& s) {
    const double tx = s.get("tx"), tc = s.get("tc");
    const double xb = s.get("xb");
    const double in_row = tiles(tiles(f.positions[0], tx * f.lanes), xb) * xb * tiles(f.out_channels, tc);
    const double rows = f.batch * f.groups * f.output(1) * f.output(2);
    const double iterations = rows * f.taps[1] * f.taps[2] * f.in_channels;
    const double stores = rows * in_row * (tx * tc * f.stride(0) * f.parts * 2 + 20);
    return iterations * in_row * tile(f, s).cycles + stores + staging(f, s);
}

double channels(const ModelFacts&, const Schedule& s) {
    return s.get("tc");
}

}  // namespace

const ScheduleSpace width_lanes_space{"width_lanes", knobs, tile, cycles, channels, true};

}  // namespace convt
