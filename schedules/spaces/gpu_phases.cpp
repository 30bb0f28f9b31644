// SPDX-License-Identifier: Apache-2.0
// GPUs, phases: a warp computes 32 x pv phases of x at qx positions for tc output channels.
#include "schedules/gpu_space.h"

#include <algorithm>

namespace convt {
namespace {

constexpr double most_unrolled_taps = 8;
constexpr double loop_instructions = 6;     // counters and addresses of an iteration
constexpr double store_instructions = 12;   // where an output goes, bias and epilogue
constexpr double statements_of_wait = 128;  // multiply-adds whose loads are in flight together

std::vector<Knob> knobs(const ModelFacts& f) {
    return {
        {"pv", up_to({1, 2, 4}, f.stride(0) / warp_lanes), "phases of a lane"},
        {"qx", up_to({1, 2, 4, 6, 8, 12, 16}, f.positions[0] + 1), "positions of a tile in x"},
        {"tc", up_to({1, 2, 3, 4, 8}, f.out_channels), "output channels of a tile"},
        {"ks", up_to({1, 2, 4, 8, 16}, f.in_channels), "warps of a block, each with a slice of the input channels"}};
}

double unrolled_taps(const ModelFacts& f) {
    const double taps = tiles(f.kernel(0), f.stride(0));
    return taps <= most_unrolled_taps ? taps : 1;
}

GpuTile tile(const ModelFacts& f, const Schedule& s) {
    const double words = f.parts * f.scalar_bytes / 4, pv = s.get("pv"), qx = s.get("qx"), tc = s.get("tc"),
                 ks = s.get("ks"), taps = unrolled_taps(f), places = pv * qx * tc;
    return {warp_lanes * ks, (places + pv * tc * taps + qx + taps - 1) * words, warp_lanes * places * ks * words * 4,
            places * taps * f.parts * f.parts};
}

GpuWork work(const ModelFacts& f, const Schedule& s) {
    const double words = f.parts * f.scalar_bytes / 4, pv = s.get("pv"), qx = s.get("qx"), tc = s.get("tc"),
                 ks = s.get("ks"), taps = unrolled_taps(f), places = pv * qx * tc;
    const double blocks = tiles(f.positions[0] + f.kernel(0) / f.stride(0) / 2, qx) *
                          tiles(f.stride(0), pv * warp_lanes) * tiles(f.out_channels, tc) * f.output(1) * f.output(2) *
                          f.groups * f.batch;
    const double iterations =
        tiles(f.in_channels, ks) * std::max(f.taps[1], 1.0) * f.taps[2] * tiles(f.kernel(0), f.stride(0)) / taps;
    const double loads = tc * taps * std::max(pv * words / 4, 1.0) + (qx + taps - 1) * (words + 1);
    const double iteration_cost = places * taps * f.parts * f.parts * f.scalar_bytes / 4 + loads + loop_instructions;
    const double weights = pv * warp_lanes * tc * f.in_channels * f.kernel(0) / f.stride(0) * f.taps[1] * f.taps[2];
    return {blocks,
            iterations * iteration_cost + places * (ks + store_instructions) * words / ks,
            iterations / (1 + std::floor(statements_of_wait / (places * taps))),
            blocks * (weights + places * warp_lanes) * words * 4,
            iterations * places * taps * f.parts * f.parts,
            places * words * 2};
}

}  // namespace

const GpuSpace gpu_phases_space{"gpu_phases", knobs, tile, work};

}  // namespace convt
