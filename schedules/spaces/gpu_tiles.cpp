// SPDX-License-Identifier: Apache-2.0
// GPUs, tiles: a block is tx x tc x ty threads over positions of x, channels and positions of y.
#include "schedules/gpu_space.h"

#include <algorithm>
#include <numeric>

namespace convt {
namespace {

// Warp instructions, counted in the assembly of sm_80 code.
constexpr double input_instructions = 5;    // an element of the input from global to shared memory
constexpr double weight_instructions = 3;   // 16 bytes of weights
constexpr double turn_instructions = 40;    // a chunk: counters, barriers, where its rows are, what a tap of y and z is
constexpr double stored_instructions = 20;  // an output through shared memory
// Registers that ptxas takes for an accumulator: loads of the next products are under way. Tiles of 128 took up to 255.
constexpr double register_share = 1.4;
constexpr double most_columns = 65536;
constexpr double pad_bytes = 64;  // of shared memory: what is staged ends at whole vectors
// Outputs in slices are written and read once more; above so many there are blocks enough without.
constexpr double most_sliced_outputs = 1 << 20;

// Threads along x: any number meets a narrow row, pieces of a wide one are whole sectors.
std::vector<int> threads_along(double positions) {
    if (positions > 16) return up_to({4, 8, 16, 32, 64, 128}, positions);
    return up_to({1, 2, 3, 4, 5, 6, 7, 8, 16}, positions);
}

std::vector<Knob> knobs(const ModelFacts& f) {
    // One thread of several channels, stride 1 or 3: Halide 21 leaves weights in shared memory unwritten.
    std::vector<int> channels = up_to({1, 2, 4, 8, 16, 32}, std::max(f.out_channels, 2.0));
    if (f.out_channels == 1) channels = {1};
    if (f.out_channels > 1 && std::fmod(f.stride(0), 2) == 1) channels.erase(channels.begin());
    const double outputs = f.output(0) * f.output(1) * f.output(2) * f.out_channels * f.groups * f.batch;
    const double slices = outputs > most_sliced_outputs ? 1 : f.in_channels / 4;
    return {{"tx", threads_along(f.positions[0]), "threads of a block along positions of x"},
            {"ty", up_to({1, 2, 4, 8}, f.positions[1]), "threads of a block along positions of y"},
            {"tc", channels, "threads of a block along output channels"},
            {"rx", up_to({1, 2, 3, 4}, f.positions[0]), "positions of x of a thread"},
            {"ry", up_to({1, 2, 3, 4}, f.positions[1]), "positions of y of a thread"},
            {"rc", up_to({1, 2, 3, 4, 8}, f.out_channels), "output channels of a thread"},
            {"ci", up_to({1, 4, 8, 16}, f.in_channels), "input channels staged at a time"},
            {"ks", up_to({1, 2, 4, 8, 16, 32}, slices), "slices of the input channels, a block each"}};
}

// Words of the sectors that a run of words touches, wherever it begins, over the words.
double sector_ratio(double words) {
    return 1 + 7 / words;
}

// What a block stages for a chunk of input channels.
struct Chunk {
    Chunk(const ModelFacts& f, const Schedule& s)
        : channels(s.get("ci")),
          threads(s.get("tx") * s.get("ty") * s.get("tc")),
          rows(s.get("ty") * s.get("ry")),
          offsets(std::min(std::ceil((f.kernel(0) - 1) * f.dilation(0) / f.stride(0)) + 1, most_columns)),
          columns(s.get("tx") * s.get("rx") + offsets - 1),
          inputs(columns * rows * channels),
          weights(s.get("tc") * s.get("rc") * f.kernel(0) * channels) {}
    double channels, threads, rows, offsets, columns, inputs, weights;

    // Elements of the input that a thread stages: those of one channel, or of several at once.
    double input_turns() const {
        const double places = columns * rows;
        const double together = std::exp2(std::floor(std::log2(std::max(threads / places, 1.0))));
        return std::ceil(places / threads) * std::ceil(channels / together);
    }
    // Elements of an output channel of every thread, with the most that lies free between them.
    double held(const ModelFacts& f, const Schedule& s) const {
        return f.stride(0) * (s.get("tx") * s.get("rx") + held_pad(s.get("tx"))) * (rows + 1) * s.get("tc");
    }
};

GpuTile tile(const ModelFacts& f, const Schedule& s) {
    const double bytes = f.parts * f.scalar_bytes, words = bytes / 4, rc = s.get("rc");
    const double positions = s.get("rx") * s.get("ry");
    const Chunk c(f, s);
    return {c.threads, (register_share * positions * rc * f.stride(0) + rc + positions) * words,
            std::max(c.inputs + c.weights, c.held(f, s)) * bytes + pad_bytes,
            positions * rc * f.kernel(0) * f.parts * f.parts + c.input_turns() + tiles(c.weights, c.threads)};
}

GpuWork work(const ModelFacts& f, const Schedule& s) {
    const double words = f.parts * f.scalar_bytes / 4, rc = s.get("rc"), ks = s.get("ks"), tx = s.get("tx");
    const double positions = s.get("rx") * s.get("ry");
    const Chunk c(f, s);
    const double outputs = f.output(0) * f.output(1) * f.output(2) * f.out_channels * f.groups * f.batch;
    const double blocks = tiles(f.positions[0], tx * s.get("rx")) * tiles(f.positions[1], c.rows) *
                          std::min(f.stride(1), f.output(1)) * f.output(2) * tiles(f.out_channels, s.get("tc") * rc) *
                          f.groups * f.batch * ks;
    // Every place of a phase's taps is staged, only those that exist are computed.
    const double places = std::ceil(f.kernel(1) / f.stride(1)) * std::ceil(f.kernel(2) / f.stride(2));
    const double chunks = tiles(tiles(f.in_channels, c.channels), ks);
    const double vector = std::gcd(s.get("rc"), static_cast<int>(16 / f.scalar_bytes));
    const double products = positions * rc * f.kernel(0) * f.parts * f.parts * f.scalar_bytes / 4;
    // Rows of a warp meet in the same banks where neither x nor channels fill it.
    const double meeting = tx * s.get("tc") < warp_lanes && s.get("ty") > 1 ? 2 : 1;
    const double loads = f.parts * (f.kernel(0) * rc / vector + meeting * positions * c.offsets);
    const double read_ratio = sector_ratio(c.columns * words);
    const double write_ratio = sector_ratio(tx * s.get("rx") * f.stride(0) * words);
    const double staged = (c.input_turns() * input_instructions * read_ratio +
                           tiles(c.weights, c.threads * vector) * weight_instructions) *
                          f.parts;
    const double stored = positions * rc * f.stride(0) * f.parts;
    // Loads take a cycle of shared memory a word or so, of which there is one a multiprocessor for four schedulers.
    const double taps = chunks * f.taps[1] * f.taps[2] * c.channels;
    const double stalls = taps * std::max(3 * loads - products, 0.0);
    const double instructions = taps * (products + loads) + chunks * places * (staged + turn_instructions) +
                                stored * stored_instructions * write_ratio;
    // Requests ask for whole sectors, one for every element where channels lie between them.
    const double read = c.inputs * (f.input_channels_last ? 8 : read_ratio);
    const double written = c.threads * positions * rc * f.stride(0) * (f.output_channels_last ? 8 : write_ratio);
    const double slice_words = ks > 1 ? 2 * ks * outputs : 0;
    const double bytes =
        f.parts * f.scalar_bytes * (blocks * (chunks * places * (read + c.weights) + written) + slice_words);
    // Shared memory serves a warp's load of 16 bytes a quarter at a time: a wavefront a word, however it is loaded.
    const double wavefronts = taps * (f.kernel(0) * rc + positions * c.offsets) * words +
                              chunks * places * (tiles(c.inputs, c.threads) + c.weights / c.threads) * words +
                              2 * stored * words;
    return {blocks,     instructions, chunks * places,   bytes, taps * positions * rc * f.kernel(0) * f.parts * f.parts,
            wavefronts, stalls,       ks > 1 ? 2.0 : 1.0};
}

}  // namespace

const GpuSpace gpu_tiles_space{"gpu_tiles", knobs, tile, work};

}  // namespace convt
