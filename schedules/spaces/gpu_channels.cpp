// SPDX-License-Identifier: Apache-2.0
// GPUs, channels: a warp computes 32 x cv output channels of qx x qy positions.
#include "schedules/gpu_space.h"

#include <algorithm>

namespace convt {
namespace {

constexpr double most_unrolled_phases = 8;
constexpr double loop_instructions = 6;    // counters and addresses of an iteration
constexpr double store_instructions = 12;  // where an output goes, bias and epilogue
constexpr double ci_statements = 256;      // multiply-adds whose loads are in flight together

std::vector<int> phases(const ModelFacts& f, int axis) {
    if (f.stride(axis) == 1) return {1};
    const double offsets = (f.kernel(axis) - 1) * f.dilation(axis) / f.stride(axis) + 2;
    return offsets * f.stride(axis) > 64 || f.stride(axis) > most_unrolled_phases ? std::vector{0} : std::vector{0, 1};
}

// Channels first, what a tile has of a row should fill sectors of 32 bytes.
bool short_row(const ModelFacts& f, double positions) {
    return !f.output_channels_last && positions * f.stride(0) * f.parts * f.scalar_bytes < 32;
}

std::vector<int> positions(const ModelFacts& f) {
    std::vector<int> kept = up_to({1, 2, 4, 8, 16}, f.positions[0]);
    while (kept.size() > 1 && short_row(f, kept.front()))
        kept.erase(kept.begin());
    return kept;
}

// One phase of x at a time leaves gaps in a row; rows that are short all together are a run of memory.
std::vector<int> whole_rows(const ModelFacts& f, int axis) {
    std::vector<int> kept = phases(f, axis);
    const bool all = axis == 0 ? !f.output_channels_last : short_row(f, f.positions[0]);
    if (all && kept.size() > 1) kept.erase(kept.begin());
    return kept;
}

// A block of channels has no lane that idles: all of them meet at its barriers.
std::vector<int> whole_warps(const ModelFacts& f) {
    std::vector<int> kept{1};
    for (int vector : {2, 4}) {
        if (std::fmod(f.out_channels, vector * warp_lanes) == 0) kept.push_back(vector);
    }
    return kept;
}

std::vector<Knob> knobs(const ModelFacts& f) {
    return {{"cv", whole_warps(f), "output channels of a lane"},
            {"qx", positions(f), "positions of a tile in x"},
            {"qy", up_to({1, 2, 4, 8}, f.positions[1]), "positions of a tile in y"},
            {"jx", whole_rows(f, 0), "phases of x in a tile: 0 one, 1 all"},
            {"jy", whole_rows(f, 1), "phases of y in a tile: 0 one, 1 all"},
            {"ks", up_to({2, 4, 8, 16}, std::max(f.in_channels, 2.0)),
             "warps of a block, each with a slice of the input channels"}};
}

// Of a thread, per input channel.
struct Iteration {
    double places, taps, products, inputs;
};

Iteration iteration(const ModelFacts& f, const Schedule& s) {
    Iteration i{1, 1, 1, 1};
    for (int axis : {0, 1}) {
        const bool all = s.get(axis == 0 ? "jx" : "jy") == 1;
        const double positions = s.get(axis == 0 ? "qx" : "qy");
        const double taps = f.kernel(axis) / f.stride(axis);
        const double all_taps = std::max(f.kernel(axis), 1.0), phases = std::min(f.stride(axis), f.output(axis));
        i.places *= positions * (all ? phases : 1);
        i.taps *= all ? all_taps : std::ceil(taps);
        i.products *= positions * (all ? std::min(all_taps, phases * std::ceil(taps)) : std::ceil(taps));
        i.inputs *= positions + std::ceil(taps) - 1 + (all && f.stride(axis) > 1 ? 1 : 0);
    }
    return i;
}

GpuTile tile(const ModelFacts& f, const Schedule& s) {
    const double words = f.parts * f.scalar_bytes / 4, cv = s.get("cv"), ks = s.get("ks");
    const Iteration i = iteration(f, s);
    return {warp_lanes * ks, (cv * i.places + cv * std::min(i.taps, 4.0) + std::min(i.inputs, 16.0)) * words,
            (warp_lanes + 8) * cv * ks * i.places * f.parts * f.scalar_bytes, cv * i.products * f.parts * f.parts};
}

double cycles(const ModelFacts& f, const Schedule& s) {
    const double cv = s.get("cv"), ks = s.get("ks");
    const Iteration i = iteration(f, s);
    double blocks = tiles(f.out_channels, warp_lanes * cv) * f.groups * f.batch * f.output(2);
    for (int axis : {0, 1}) {
        const bool all = s.get(axis == 0 ? "jx" : "jy") == 1;
        const double positions = s.get(axis == 0 ? "qx" : "qy");
        blocks *= tiles(f.positions[static_cast<std::size_t>(axis)], positions) *
                  (all ? 1 : std::min(f.stride(axis), f.output(axis)));
    }
    const double words = f.parts * f.scalar_bytes / 4, elements = cv * i.places;
    const double channels = tiles(f.in_channels, ks) * f.taps[2];
    const double loads = i.taps * std::max(cv * words / 4, 1.0) + i.inputs * (words + 1);
    const double iteration_cost = cv * i.products * f.parts * f.parts * f.scalar_bytes / 4 + loads + loop_instructions;
    // Rows of a tile that end within a sector: what a store asks for over what it writes.
    const double row = (s.get("jx") == 1 ? f.stride(0) : 1) * s.get("qx") * words * 4;
    const double spread = f.output_channels_last ? 1
                          : s.get("jx") == 1     ? std::max(32 / row, 1.0)
                                                 : std::min(f.stride(0), 8.0);
    const double weights = cv * warp_lanes * i.taps * f.in_channels * f.taps[2],
                 written = elements * warp_lanes * spread;
    return gpu_cycles(
        tile(f, s),
        {blocks, channels * iteration_cost + elements * (ks + store_instructions) * words / ks,
         channels / (1 + std::floor(ci_statements / (cv * i.products))), blocks * (weights + written) * words * 4});
}

}  // namespace

const GpuSpace gpu_channels_space{"gpu_channels", knobs, tile, cycles};

}  // namespace convt
