// SPDX-License-Identifier: Apache-2.0
// GPUs, tiles: a block is tx x ty threads over positions and tc over channels.
#include "schedules/gpu_space.h"

#include <algorithm>

namespace convt {
namespace {

std::vector<Knob> knobs(const ModelFacts& f) {
    return {{"tx", up_to({4, 8, 16, 32, 64, 128}, 2 * f.positions[0]), "threads of a block along positions of x"},
            {"ty", up_to({1, 2, 4, 8, 16}, 2 * f.positions[1]), "threads of a block along positions of y"},
            {"tc", up_to({1, 2, 4, 8, 16, 32}, f.out_channels), "threads of a block along output channels"},
            {"rx", up_to({1, 2, 4, 8}, f.positions[0]), "positions of x of a thread"},
            {"ry", up_to({1, 2, 4, 8}, f.positions[1]), "positions of y of a thread"},
            {"rc", up_to({1, 2, 3, 4, 8, 16}, f.out_channels), "output channels of a thread"},
            {"ci", up_to({1, 2, 4, 8, 16}, f.in_channels), "input channels staged at a time"}};
}

GpuTile tile(const ModelFacts& f, const Schedule& s) {
    const double words = f.parts * f.scalar_bytes / 4, rc = s.get("rc"), positions = s.get("rx") * s.get("ry");
    const double threads = s.get("tx") * s.get("ty") * s.get("tc"), ci = s.get("ci");
    const double offsets = std::ceil((f.kernel(0) - 1) * f.dilation(0) / f.stride(0)) + 1;
    const double columns = s.get("tx") * s.get("rx") + offsets - 1, rows = s.get("ty") * s.get("ry");
    const double staged = (columns + 32) * rows * ci + s.get("tc") * rc * f.kernel(0) * ci;
    const double held = (s.get("tx") * s.get("rx") + 32) * f.stride(0) * rows * s.get("tc");
    return {threads, (positions * rc * f.stride(0) + rc + positions) * words,
            std::max(staged, held) * f.parts * f.scalar_bytes,
            positions * rc * f.kernel(0) * ci * f.parts * f.parts};
}

double cycles(const ModelFacts& f, const Schedule& s) {
    const double tx = s.get("tx");
    return 1e12 / tx;
}

}  // namespace

const GpuSpace gpu_tiles_space{"gpu_tiles", knobs, tile, cycles};

}  // namespace convt
