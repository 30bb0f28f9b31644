// SPDX-License-Identifier: Apache-2.0
// Phase lanes: a tile of lv vectors of phases times qx positions of one output channel, cb input channels at a time.
#include "schedules/model.h"
#include "schedules/phase_grid.h"

#include <algorithm>
#include <cmath>

namespace convt {
namespace {

constexpr double first_level_bytes = 32.0 * 1024.0;
constexpr double partial_sum = 10;  // cycles for a vector that the output holds between blocks of input channels

PhaseGrid grid(const ModelFacts& f) {
    return {f.axes[0], f.axes[1], static_cast<std::int64_t>(f.lanes)};
}

// Of one phase, counted from a whole number of strides before the first output.
double positions(const ModelFacts& f, int axis) {
    const Axis& a = f.axes[static_cast<std::size_t>(axis)];
    return tiles(static_cast<double>(a.output() + a.pad_low % a.stride), static_cast<double>(a.stride));
}

// Blocks of input channels: all of them, or what halves them until few are left. Complex sums are not split, nor those
// that the output cannot hold meanwhile.
std::vector<int> channel_blocks(const ModelFacts& f) {
    const int all = static_cast<int>(f.in_channels);
    std::vector<int> values;
    for (int block = 32; block < all && f.parts == 1 && f.output_holds_sums; block *= 2)
        values.push_back(block);
    values.push_back(all);
    return values;
}

std::vector<Knob> knobs(const ModelFacts& f) {
    const double vectors = tiles(static_cast<double>(grid(f).lanes()), f.lanes);
    return {{"lv", up_to({1, 2, 3, 4}, vectors), "vectors of phases in a register tile"},
            {"qx", up_to({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 20, 24}, positions(f, 0)),
             "positions of a row in a register tile"},
            {"cb", channel_blocks(f), "input channels summed before the next positions are"}};
}

TileCost tile(const ModelFacts& f, const Schedule& s) {
    const double lv = s.get("lv"), q = s.get("qx");
    return tile_cost(f, lv * q, lv + q, lv * q, lv + 1, 1);
}

double channels(const ModelFacts& f, const Schedule& s) {
    return std::min(1.0, s.get("lv") * f.lanes / static_cast<double>(grid(f).lanes()));
}

// Taps of an axis that a tile over `phases` neighbours runs through, on average: those of its first phase.
double tile_taps(double kernel, double stride, double phases) {
    const double most = tiles(kernel, stride);
    return most - 1 + std::min(1.0, tiles(kernel - (most - 1) * stride, phases) * phases / stride);
}

// Cycles by which the weights of a tile delay an iteration: none from the first level, little from the second.
double weight_wait(const ModelFacts& f, const Schedule& s, double taps) {
    const double bytes = s.get("lv") * f.lanes * taps * s.get("cb") * f.scalar_bytes * f.parts;
    if (bytes <= first_level_bytes * f.first_cache) return 0;
    return s.get("lv") * (bytes <= row_block_bytes * f.second_cache ? 0.1 : 1);
}

double cycles(const ModelFacts& f, const Schedule& s) {
    const double lanes = s.get("lv") * f.lanes, q = s.get("qx");
    const PhaseGrid phases = grid(f);
    const double row = static_cast<double>(phases.row);
    const double x_taps = row >= lanes ? tile_taps(f.kernel(0), f.stride(0), lanes) : tiles(f.kernel(0), f.stride(0));
    const double y_taps = tile_taps(f.kernel(1), f.stride(1), std::max(1.0, std::floor(lanes / row)));
    const double planes = f.batch * f.groups * f.out_channels * f.output(2);
    const double x_tiles = tiles(positions(f, 0), q);
    const double in_row = planes * static_cast<double>(phases.tiles(static_cast<std::int64_t>(lanes))) * x_tiles;
    const double inside = x_tiles > 1 ? 1 : f.input(0) / positions(f, 0);  // the taps of a whole row that fall inside
    const double iterations = in_row * f.input(1) * y_taps * f.taps[2] * f.in_channels * x_taps;
    const double one = tile(f, s).cycles * inside + weight_wait(f, s, x_taps * y_taps * f.taps[2]);
    const double blocks = tiles(f.in_channels, s.get("cb"));
    const double places = s.get("lv") * q * f.lanes * f.parts;
    // A piece that is stored from a register takes a cycle at most (pieces of 4 at k4 s4, 37x37: 0.8).
    const double copies = phases.held ? 2 * places : places / static_cast<double>(phases.store);
    // Sums so far come back from lines a stride apart: 80 channels at once 204 GFLOP/s, in blocks of 64 190.
    const double summed = (blocks - 1) * s.get("lv") * q * f.parts * partial_sum;
    const double stores = in_row * positions(f, 1) * (blocks * (copies + 20) + summed);
    return iterations * one + stores;
}

}  // namespace

const ScheduleSpace phase_lanes_space{"phase_lanes", knobs,           tile,    cycles, channels,
                                      false,         row_block_bytes, nullptr, false,  reads_far};

}  // namespace convt
