// SPDX-License-Identifier: Apache-2.0
// GPUs, tiles: a block is tx x ty threads over positions and tc over channels.
#include "schedules/gpu_space.h"

#include <algorithm>

namespace convt {
namespace {

// Warp instructions, counted in the assembly of sm_80 code.
constexpr double staged_instructions = 24;  // an element or vector of 16 bytes from global to shared memory
constexpr double turn_instructions = 30;    // a chunk: counters, barriers, what a tap of y and z is
constexpr double stored_instructions = 24;  // an output through shared memory
constexpr double pad_banks = 32;            // at most, between rows in shared memory
// Registers that ptxas takes for an accumulator: loads of the next products are under way. Tiles of 128 took up to 255.
constexpr double register_share = 1.4;
constexpr double most_columns = 65536;

std::vector<Knob> knobs(const ModelFacts& f) {
    // Rows of fewer threads than the image gives meet in the same banks.
    std::vector<int> columns = up_to({1, 2, 4, 8, 16, 32, 64, 128}, 2 * f.positions[0]);
    std::erase_if(columns, [&f](int tx) { return tx < warp_lanes && 2 * tx <= f.positions[0]; });
    // One thread of several channels, stride 1 or 3: Halide 21 leaves weights in shared memory unwritten.
    std::vector<int> channels = up_to({1, 2, 4, 8, 16, 32}, std::max(f.out_channels, 2.0));
    if (f.out_channels == 1) channels = {1};
    if (f.out_channels > 1 && std::fmod(f.stride(0), 2) == 1) channels.erase(channels.begin());
    return {{"tx", columns, "threads of a block along positions of x"},
            {"ty", up_to({1, 2, 4, 8}, f.positions[1]), "threads of a block along positions of y"},
            {"tc", channels, "threads of a block along output channels"},
            {"rx", up_to({1, 2, 4}, f.positions[0]), "positions of x of a thread"},
            {"ry", up_to({1, 2, 4}, f.positions[1]), "positions of y of a thread"},
            {"rc", up_to({1, 2, 3, 4, 8}, f.out_channels), "output channels of a thread"},
            {"ci", up_to({1, 2, 4, 8, 16}, f.in_channels), "input channels staged at a time"}};
}

// What a block stages for a chunk of input channels.
struct Chunk {
    Chunk(const ModelFacts& f, const Schedule& s)
        : threads(s.get("tx") * s.get("ty") * s.get("tc")),
          rows(s.get("ty") * s.get("ry")),
          offsets(std::min(std::ceil((f.kernel(0) - 1) * f.dilation(0) / f.stride(0)) + 1, most_columns)),
          columns(s.get("tx") * s.get("rx") + offsets - 1),
          inputs(columns * rows * s.get("ci")),
          weights(s.get("tc") * s.get("rc") * f.kernel(0) * s.get("ci")) {}
    double threads, rows, offsets, columns, inputs, weights;
};

GpuTile tile(const ModelFacts& f, const Schedule& s) {
    const double bytes = f.parts * f.scalar_bytes, words = bytes / 4, rc = s.get("rc");
    const double positions = s.get("rx") * s.get("ry");
    const Chunk c(f, s);
    const double staged = c.inputs + pad_banks * c.rows * s.get("ci") + c.weights;
    const double held = (s.get("tx") * s.get("rx") + pad_banks) * f.stride(0) * c.rows * s.get("tc");
    return {c.threads, (register_share * positions * rc * f.stride(0) + rc + positions) * words,
            std::max(staged, held) * bytes, positions * rc * f.kernel(0) * s.get("ci") * f.parts * f.parts};
}

GpuWork work(const ModelFacts& f, const Schedule& s) {
    const double words = f.parts * f.scalar_bytes / 4, rc = s.get("rc"), ci = s.get("ci");
    const double positions = s.get("rx") * s.get("ry");
    const Chunk c(f, s);
    const double blocks = tiles(f.positions[0], s.get("tx") * s.get("rx")) * tiles(f.positions[1], c.rows) *
                          std::min(f.stride(1), f.output(1)) * f.output(2) * tiles(f.out_channels, s.get("tc") * rc) *
                          f.groups * f.batch;
    // Every place of a phase's taps is staged, only those that exist are computed.
    const double places = std::ceil(f.kernel(1) / f.stride(1)) * std::ceil(f.kernel(2) / f.stride(2));
    const double chunks = tiles(f.in_channels, ci);
    const double vector = static_cast<int>(rc) % 4 == 0 ? 4 : static_cast<int>(rc) % 2 == 0 ? 2 : 1;
    const double products = positions * rc * f.kernel(0) * f.parts * f.parts * f.scalar_bytes / 4;
    const double loads = f.kernel(0) * rc * words / std::min(vector, 4.0) + positions * c.offsets * words;
    const double staged = (tiles(c.inputs, c.threads) + tiles(c.weights * words, c.threads * vector)) * f.parts;
    const double stored = positions * rc * f.stride(0) * f.parts;
    // A warp reads weights as 16 bytes at one place and inputs at 32: both take a cycle of shared memory a word or so,
    // of which there is one a multiprocessor for four schedulers.
    const double taps = chunks * f.taps[1] * f.taps[2] * ci;
    const double stalls = taps * std::max(3 * loads - products, 0.0);
    const double instructions = taps * (products + loads) +
                                chunks * places * (staged * staged_instructions + turn_instructions) +
                                stored * stored_instructions;
    const double spread = f.output_channels_last ? 8 : 1;
    const double bytes = blocks * f.parts * f.scalar_bytes *
                         (chunks * places * (c.inputs * (f.input_channels_last ? 8 : 1) + c.weights) +
                          c.threads * stored / f.parts * spread);
    // Shared memory serves a warp's load of 16 bytes a quarter at a time: a wavefront a word, however it is loaded.
    const double wavefronts = taps * (f.kernel(0) * rc + positions * c.offsets) * words +
                              chunks * places * (tiles(c.inputs, c.threads) + c.weights / c.threads) * words +
                              2 * stored * words;
    return {blocks,     instructions, chunks * places, bytes, taps * positions * rc * f.kernel(0) * f.parts * f.parts,
            wavefronts, stalls};
}

}  // namespace

const GpuSpace gpu_tiles_space{"gpu_tiles", knobs, tile, work};

}  // namespace convt
