// SPDX-License-Identifier: Apache-2.0
// Channel lanes: a tile of cv vectors of channels times qx by qy positions, of one phase or of all phases of an axis.
#include "schedules/model.h"

namespace convt {
namespace {

// Phases that are known when compiling have their taps unrolled: longer kernels keep the loops.
constexpr double max_unrolled_kernel = 16;
// Weights come from the second-level cache at about half of a line a cycle, and from the next one at a quarter.
constexpr double bytes_per_cycle = 32;
constexpr double streamed_bytes_per_cycle = 16;
// What tiles of positions use one after another stays in half of a second-level cache. Weights that do not are
// prefetched, which hides most of their way: 2048 to 256 channels at 8x6 in tiles of 6 by 4 positions 240 to 250
// GFLOP/s, of 6 by 2 215 to 235, of 6 by 1 205.
constexpr double near_bytes = 512.0 * 1024.0;
constexpr double hidden_bytes_per_cycle = 128;
// Finished elements of a block wait here for the copy to the output: half of a second-level cache of 1 MiB.
constexpr double staged_bytes = 512.0 * 1024.0;
// Input rows of a block are read once for every phase and block of channels; weights are the larger stream.
constexpr double block_bytes = 1024.0 * 1024.0;
// Outputs above this leave the last-level cache before the call ends.
constexpr double far_bytes = 32.0 * 1024.0 * 1024.0;
constexpr double cache_line = 64;
constexpr double far_line = 2;  // cycles for one from past the second-level cache
constexpr double tile_overhead = 20;
// A vector of weights on its way from the second-level cache (8x8x8, k2 s2: 4 a channel and 16 multiply-adds take 5 %
// longer than 2), and each unrolled tap beyond the first, which waits for the one before in the same accumulator.
constexpr double line_cycles = 0.1;
constexpr double chained_tap = 0.2;

enum : int { rolled, in_tile, copies };

const char* const phases_meaning = "phases: 0 a loop, 1 all in the register tile, 2 a copy of the inner loop each";

std::vector<int> phase_values(const ModelFacts& f, int axis) {
    if (f.kernel(axis) > max_unrolled_kernel) return {rolled};
    if (std::min(f.stride(axis), f.output(axis)) == 1) return {rolled, in_tile};
    return {rolled, in_tile, copies};
}

std::vector<Knob> knobs(const ModelFacts& f) {
    const int slices = static_cast<int>(std::min(f.positions[2], 64.0));
    std::vector<Knob> all = {
        {"cv", up_to({1, 2, 3, 4}, tiles(f.out_channels, f.lanes)), "vectors of channels in a register tile"},
        {"qx", up_to({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16}, f.positions[0]),
         "positions of a row in a register tile"},
        {"qy", up_to({1, 2, 3, 4, 5, 6, 8}, f.positions[1]), "rows in a register tile"},
        {"jx", phase_values(f, 0), phases_meaning},
        {"jy", phase_values(f, 1), phases_meaning},
        {"zb", slices > 1 ? std::vector<int>{1, slices} : std::vector<int>{1}, "positions of z in a block"}};
    if (f.dot > 1)
        all.push_back({"dot", {1, static_cast<int>(f.dot)}, "input channels that one instruction multiplies and sums"});
    return all;
}

// Input channels, or their groups that one instruction sums.
double steps(const ModelFacts& f, const Schedule& s) {
    return tiles(f.in_channels, std::max(s.get("dot"), 1));
}

// What one axis adds to a tile, per input channel and rolled tap.
struct AxisTile {
    double phases = 1;  // in the register tile
    double taps = 1;    // weights of the axis read in one iteration
    double inputs = 1;  // input positions read
    double useful = 1;  // multiply-adds an output position and tap, 1 where none folds away
    double copies = 1;  // of the inner loop
    double chain = 1;   // unrolled taps of a phase
    double loops = 1;   // iterations over phases and taps outside of the unrolled ones
};

AxisTile axis_tile(const ModelFacts& f, int axis, double tile, int phases) {
    const std::size_t a = static_cast<std::size_t>(axis);
    const double with_output = std::min(f.stride(axis), f.output(axis));
    AxisTile t;
    t.inputs = tile;
    if (phases == rolled) {
        t.loops = with_output * f.taps[a];
        return t;
    }
    t.phases = phases == in_tile ? with_output : 1;
    t.taps = phases == in_tile ? f.kernel(axis) : std::ceil(f.taps[a]);
    t.copies = phases == copies ? with_output : 1;
    t.chain = std::ceil(f.taps[a]);
    t.loops = t.copies;
    t.inputs = std::min((tile - 1) * f.step(axis) + std::ceil(f.taps[a]), f.input(axis));
    if (tile >= f.positions[a]) t.useful = useful_taps(f.axes[a]) / (f.kernel(axis) * f.positions[a]);
    return t;
}

struct Tile {
    Tile(const ModelFacts& f, const Schedule& s)
        : x(axis_tile(f, 0, s.get("qx"), s.get("jx"))), y(axis_tile(f, 1, s.get("qy"), s.get("jy"))) {
        const double cv = s.get("cv"), positions = s.get("qx") * s.get("qy");
        accumulators = cv * positions * x.phases * y.phases;
        weights = cv * x.taps * y.taps;
        inputs = x.inputs * y.inputs;
        multiply_adds = positions * weights;
    }
    AxisTile x, y;
    double accumulators, weights, inputs, multiply_adds;
};

TileCost tile(const ModelFacts& f, const Schedule& s) {
    const Tile t(f, s);
    // Whichever are fewer stay in registers through an iteration: inputs, or weights.
    const double held = t.weights > s.get("cv") ? std::min(t.weights + 2, t.inputs + 1) : s.get("cv") + 1;
    const double useful = t.multiply_adds * t.x.useful * t.y.useful;
    const double chain = t.x.taps * t.y.taps / (t.x.phases * t.y.phases);
    TileCost cost = tile_cost(f, s.get("dot") > 1 ? useful * f.dot_cycles : useful, t.weights + t.inputs,
                              t.accumulators, held, chain);
    cost.statements = t.multiply_adds * t.x.copies * t.y.copies * f.parts * f.parts;
    cost.cycles = std::max(cost.cycles, t.weights * f.parts * f.lanes * f.scalar_bytes / bytes_per_cycle);
    cost.cycles += line_cycles * t.weights * f.parts + chained_tap * (t.x.chain * t.y.chain - 1);
    return cost;
}

double channels(const ModelFacts& f, const Schedule& s) {
    return s.get("cv") * f.lanes;
}

// Only a tile of one row with its taps in y as a loop, or one of all rows with its taps unrolled, passes over the taps
// that its rows miss. The latter's are not counted.
double missed_rows(const ModelFacts& f, const Schedule& s) {
    const bool passes = s.get("jy") == rolled ? s.get("qy") == 1 : s.get("qy") >= f.positions[1];
    return passes ? 1 : f.kernel(1) * f.input(1) / useful_taps(f.axes[1]);
}

// Cycles by which weights from beyond the second-level cache delay an iteration, on average over the tiles.
double weight_wait(const ModelFacts& f, const Schedule& s, const Tile& t, double tile_cycles) {
    const double line = f.lanes * f.parts * f.scalar_bytes;
    const double all =
        f.groups * f.out_channels * steps(f, s) * f.kernel(0) * f.kernel(1) * f.kernel(2) * f.parts * f.scalar_bytes;
    if (all <= 2 * near_bytes) return 0;
    const double bytes = t.weights * line;
    const double taps = (s.get("jx") == rolled ? f.taps[0] : 1) * (s.get("jy") == rolled ? f.taps[1] : 1) * f.taps[2];
    const double used = (bytes * taps + t.inputs * f.parts * f.scalar_bytes) * steps(f, s);
    const double tiles_of_phase = tiles(f.positions[0], s.get("qx")) * tiles(f.positions[1], s.get("qy")) * s.get("zb");
    const double far = used <= near_bytes ? 1 / tiles_of_phase : 1;
    return far * (std::max(0.0, bytes / streamed_bytes_per_cycle - tile_cycles) + bytes / hidden_bytes_per_cycle);
}

// Of an element's copy: tiles that end within a cache line write it twice (64 channels at 40x40, k2 s3: 440 us against
// 320 under width lanes), and lines of many channels that leave for memory at once hold the next tile up (128 to 64
// channels at 224x224: 18 ms against 16.5).
double missed_lines(const ModelFacts& f, double columns) {
    const double bytes = f.groups * f.out_channels * f.output(0) * f.output(1) * f.output(2) * f.scalar_bytes;
    const bool within = columns < f.output(0) && std::fmod(columns * f.scalar_bytes, cache_line) != 0;
    return (within ? 0.2 : 0) + (bytes > far_bytes * f.last_cache ? 0.15 : 0);
}

// Finished elements on their way to the output: as they are; one by one; or turned over in squares, which the widest
// sides that divide a tile make fast.
double copies_of_elements(const ModelFacts& f, const Schedule& s) {
    const double staged =
        channels(f, s) * f.output(0) * f.output(1) * s.get("zb") * f.stride(2) * f.parts * f.scalar_bytes;
    const double far = s.get("zb") > 1 && staged > staged_bytes * f.second_cache ? 3 : 1;
    if (f.output_channels_last) return 2 * element_copies(f) / f.lanes * far;
    if (f.parts > 1) return element_copies(f) / 2 * far;
    const double columns = s.get("qx") * std::min(f.stride(0), f.output(0));
    const bool whole = columns <= 16 && std::fmod(f.output(0), columns) == 0;
    const double turned = std::fmod(columns, 8) == 0 ? 0.2 : std::fmod(columns, 4) == 0 ? 0.23 : whole ? 0.27 : 0.7;
    const double registers = 64 / (f.lanes * f.scalar_bytes);  // of a square, against those of AVX-512
    return element_copies(f) * (turned * registers + missed_lines(f, columns));
}

// A row is not divided. One that no second-level cache holds is staged, and read for every block of channels, past it.
double far_rows(const ModelFacts& f, double blocks) {
    const double row = row_bytes(f, f.positions[0]);
    if (row * (1 + f.taps[1]) <= block_bytes * f.second_cache) return 0;
    const double lines = f.batch * f.groups * f.input(1) * row / cache_line;
    return lines * (1 + blocks) * far_line / f.far_rate;
}

double cycles(const ModelFacts& f, const Schedule& s) {
    const Tile t(f, s);
    const double blocks = tiles(f.out_channels, channels(f, s));
    const double position_tiles = tiles(f.positions[0], s.get("qx")) * tiles(f.positions[1], s.get("qy"));
    const double outer = f.batch * f.groups * f.output(2) * position_tiles * blocks;
    const double iterations = t.x.loops * t.y.loops * f.taps[2] * steps(f, s);
    const TileCost cost = tile(f, s);
    // Positions of a row lie in one cache line, rows do not; where much the same, less code.
    const double flat = 1 + 0.01 * s.get("qy") + 0.0002 * cost.statements;
    const double one = cost.cycles + weight_wait(f, s, t, cost.cycles);
    const double arithmetic = outer * iterations * one * missed_rows(f, s) * flat;
    const double phase_tiles =
        std::min(f.stride(0), f.output(0)) / t.x.phases * std::min(f.stride(1), f.output(1)) / t.y.phases;
    const double stores = outer * phase_tiles * (2 * t.accumulators * f.parts + tile_overhead);

    const double element = f.parts * f.scalar_bytes;
    const double slices = tiles(f.positions[2], s.get("zb"));
    const double weight_bytes =
        blocks * channels(f, s) * steps(f, s) * f.kernel(0) * f.kernel(1) * f.kernel(2) * element;
    const double streamed = slices > 1 ? f.batch * f.groups * slices * weight_bytes / streamed_bytes_per_cycle : 0;
    return arithmetic + stores + streamed + far_rows(f, blocks) + copies_of_elements(f, s);
}

}  // namespace

const ScheduleSpace channel_lanes_space{"channel_lanes", knobs,       tile,    cycles, channels,
                                        false,           block_bytes, nullptr, false,  reads_far};

}  // namespace convt
