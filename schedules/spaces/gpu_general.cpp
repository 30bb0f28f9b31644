// SPDX-License-Identifier: Apache-2.0
// GPUs, general: a thread computes one place of the output for tc channels; a block is tx neighbours of a row.
#include "schedules/gpu_space.h"

#include <algorithm>

namespace convt {
namespace {

// A load or an index takes as long as a multiply-add; addresses of taps, some ten instructions, are found per channel.
constexpr double address_instructions = 10;

std::vector<Knob> knobs(const ModelFacts& f) {
    return {{"tx", {32, 64, 128, 256}, "threads of a block, neighbours in x"},
            {"tc", up_to({1, 2, 4, 8}, f.out_channels), "output channels of a thread"}};
}

GpuTile tile(const ModelFacts& f, const Schedule& s) {
    const double words = f.parts * f.scalar_bytes / 4, tc = s.get("tc");
    return {static_cast<double>(s.get("tx")), (2 * tc + 1) * words, 0, tc * f.parts * f.parts};
}

GpuWork work(const ModelFacts& f, const Schedule& s) {
    const double tx = s.get("tx"), tc = s.get("tc"), words = f.parts * f.scalar_bytes / 4;
    const double blocks =
        tiles(f.output(0), tx) * f.output(1) * f.output(2) * tiles(f.out_channels, tc) * f.groups * f.batch;
    const double iterations = f.in_channels * std::max(f.taps[0], 1.0) * std::max(f.taps[1], 1.0) * f.taps[2];
    // Neighbours read the weights of other phases, and every second input where channels lie between them.
    const double spread = std::min(f.stride(0), 8.0) * words;
    const double apart = f.input_channels_last ? 8 : 1;
    const double loads = tc * spread + apart * words;
    return {blocks,
            iterations * (tc * f.parts * f.parts * words + loads + address_instructions),
            iterations,
            blocks * tx / warp_lanes * tc * (f.output_channels_last ? 32 : 4) * 32 * words,
            iterations * tc * f.parts * f.parts,
            0};
}

}  // namespace

const GpuSpace gpu_general_space{"gpu_general", knobs, tile, work};

}  // namespace convt
