// SPDX-License-Identifier: Apache-2.0
// Width lanes: a tile of tx vectors of positions times tc channels, for all phases of x.
#include "schedules/model.h"

#include <algorithm>

namespace convt {
namespace {

constexpr double cache_line = 64;
constexpr double third_level_bytes = 4.0 * 1024.0 * 1024.0;  // a core's share
// More channels fill a tile of one row, which then reads the staged rows and its weights less often: at 64 channels a
// tile of two rows is up to 10 % slower.
constexpr double few_channels = 4;
// Above this kernel height or stride rows stay a loop.
constexpr double max_unrolled_rows = 16;
constexpr double max_unrolled_stride = 8;
// What a line of the staged rows adds on its way from the second-level cache: a tile of few channels, which uses it for
// few multiply-adds, is bound by it.
constexpr double line_cycles = 0.1;
// Instruction sets of narrower vectors have no loads under a mask.
constexpr double masked_load_bytes = 32;
// A copy of a line with its zeros costs as much as the arithmetic of three output channels (measured: 5 to 10 cycles);
// lines that are read in place stall less, and hardly where they are prefetched.
constexpr double staged_line = 6;
constexpr double line_in_place = 2;
constexpr double line_prefetched = 2.2;  // a hundredth slower than without where the input is in cache
constexpr double line_from_memory = 4;
constexpr double line_from_second_level = 0.3;

// One row, or several: a part of the stride, or a power of two of whole strides, of which some yb is a multiple.
std::vector<int> row_tiles(const ModelFacts& f) {
    std::vector<int> rows{1};
    const double unrolled = std::min(max_unrolled_stride, f.output(1));
    const int stride = static_cast<int>(std::min(f.stride(1), unrolled + 1));
    if (f.out_channels > few_channels || f.kernel(1) > max_unrolled_rows || stride > unrolled) return rows;
    for (int ry = 2; ry <= 8 && ry <= f.output(1); ++ry) {
        const int strides = ry / stride;
        const bool whole = ry % stride == 0 && (strides & (strides - 1)) == 0;
        if (stride % ry == 0 || whole) rows.push_back(ry);
    }
    return rows;
}

double rows_in_tile(const ModelFacts& f, const Schedule& s) {
    return s.get("ry") > 1 ? std::max<double>(s.get("ry"), f.stride(1)) : 1;
}

// A vector along x loads from the input itself: its elements lie side by side and what hangs over is masked off.
// Where nothing but tiles and rows is a loop, the first one's address would be a constant below zero, which Halide
// takes for an error.
bool loads_in_place(const ModelFacts& f) {
    const bool loops = f.in_channels > 1 || f.groups > 1 || f.batch > 1;
    return loops && f.parts == 1 && !f.input_channels_last && f.lanes * f.scalar_bytes >= masked_load_bytes;
}

std::vector<Knob> knobs(const ModelFacts& f) {
    return {
        {"tx", up_to({1, 2, 3, 4, 5, 6, 7, 8}, tiles(f.positions[0], f.lanes)),
         "vectors of positions in a register tile"},
        {"tc", up_to({1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16}, f.out_channels), "output channels in a register tile"},
        {"xb", up_to({1, 2, 4, 8, 16, 32, 64, 128, 256, 512}, tiles(f.positions[0], 8 * f.lanes)),
         "blocks of a row: the input of one stays in cache over all channels"},
        {"ry", row_tiles(f), "output rows in a register tile; their taps in y are unrolled where there are several"},
        {"stage", loads_in_place(f) ? std::vector<int>{0, 1} : std::vector<int>{1},
         "1: rows are copied with their zeros; 0: they are read in place, under a mask at the edges"},
        {"ahead", loads_in_place(f) && f.in_channels >= 16 ? std::vector<int>{0, 4, 8} : std::vector<int>{0},
         "input channels by which lines that are read in place are prefetched"}};
}

// Input offsets by which `rows` output positions that lie next to each other reach the input.
double offsets(const ModelFacts& f, int axis, double rows) {
    const double stride = f.stride(axis), reach = f.dilation(axis) * (f.kernel(axis) - 1);
    const double padding = static_cast<double>(f.axes[static_cast<std::size_t>(axis)].pad_low %
                                               f.axes[static_cast<std::size_t>(axis)].stride);
    return std::max(1 + std::floor((rows - 1 + padding) / stride) + std::floor((reach - padding) / stride), 1.0);
}

// One input channel: the loop over channels is none, and its weights are invariant. Where rows are unrolled they are
// held in registers, of which a tile should leave a fifth (64 channels at 64x64, k4: 16 accumulators 77 us, 8 take 56);
// where rows are a loop, its turns cost as much as what they do.
double lone_channel(const ModelFacts& f, const Schedule& s, double registers) {
    if (s.get("ry") == 1) return 12;
    const double weights = f.kernel(0) * f.kernel(1) * s.get("tc");
    return 6 * std::max(registers + weights - 0.8 * f.registers, 0.0);
}

// For one input channel: all taps of y where they are unrolled, else one.
TileCost tile(const ModelFacts& f, const Schedule& s) {
    const double tx = s.get("tx"), tc = s.get("tc"), ry = s.get("ry"), stride = f.stride(0);
    const double in_tile = rows_in_tile(f, s), sums = in_tile / ry;
    const double places = ry > 1 ? sums * offsets(f, 1, std::max(ry, f.stride(1))) : 1;
    const double taps = f.kernel(0) * (ry > 1 ? f.kernel(1) * in_tile / f.stride(1) : 1);
    // A vector that straddles two cache lines loads as two: all but the first of the offsets.
    const double x_offsets = offsets(f, 0, stride);
    const double loads = places * tx * (2 * x_offsets - 1) + taps * tc;
    TileCost cost =
        tile_cost(f, taps * tx * tc, loads, stride * ry * tx * tc, tx + 1, places * tiles(f.kernel(0), stride));
    const double lines = places * (x_offsets > 1 ? tx + 1 : tx) * f.parts;
    if (f.in_channels == 1) cost.cycles += lone_channel(f, s, cost.registers);
    cost.cycles += 0.5 * (places - 1) + line_cycles * lines + 0.02 * loads + 0.1 * s.get("ahead");
    return cost;
}

// Cycles for an input element that is turned over from channels last.
constexpr double turned_over = 0.2;

// Cycles that the input's lines take on their way, beside what a tile pays in the first-level cache: once, and again
// for every further tile of output channels from wherever a block stays.
double reading(const ModelFacts& f, const Schedule& s) {
    const double xb = s.get("xb"), channel_tiles = tiles(f.out_channels, s.get("tc"));
    const double row = row_bytes(f, f.positions[0] / xb);
    const double total = f.batch * f.groups * f.input(1) * row * xb, lines = total / cache_line;
    const double window = row * std::min(f.taps[1] + 1, f.input(1));
    const bool leaves_second = window > row_block_bytes * std::min(f.second_cache, 1.0);
    const bool leaves_third = window > third_level_bytes * std::min(f.last_cache, 1.0);
    if (s.get("stage") == 1) {
        const double turned = f.input_channels_last ? turned_over * cache_line / f.scalar_bytes : 0;
        return lines *
               (staged_line * (leaves_second ? 2 : 1) + (leaves_third ? channel_tiles / f.far_rate : 0) + turned);
    }
    const bool from_memory = total > far_input_bytes * f.last_cache;
    const double memory = line_from_memory / f.far_rate;
    const double first = s.get("ahead") > 0 && !f.large_second_cache
                             ? line_prefetched
                             : line_in_place / f.far_rate + (from_memory ? memory : 0);
    const double again = leaves_third ? memory : line_from_second_level * (leaves_second ? 2 : 1);
    return lines * (first + again * (channel_tiles - 1));
}

double cycles(const ModelFacts& f, const Schedule& s) {
    const double tx = s.get("tx"), tc = s.get("tc"), xb = s.get("xb"), in_tile = rows_in_tile(f, s);
    const double in_row = tiles(tiles(f.positions[0], tx * f.lanes), xb) * xb * tiles(f.out_channels, tc);
    const double rows = f.batch * f.groups * tiles(f.output(1), in_tile) * f.output(2);
    const double iterations = rows * (s.get("ry") > 1 ? 1 : f.taps[1]) * f.taps[2] * f.in_channels;
    const double stores = rows * in_row * (tx * tc * f.stride(0) * in_tile * f.parts * 2 + 20);
    const double copies = f.output_channels_last ? element_copies(f) / 2 : 0;
    return iterations * in_row * tile(f, s).cycles + stores + copies + reading(f, s);
}

double channels(const ModelFacts&, const Schedule& s) {
    return s.get("tc");
}

}  // namespace

const ScheduleSpace width_lanes_space{"width_lanes", knobs,           tile,    cycles, channels,
                                      true,          row_block_bytes, nullptr, false,  reads_far};

}  // namespace convt
