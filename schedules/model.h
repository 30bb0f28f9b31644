// SPDX-License-Identifier: Apache-2.0
// The analytic model: cycles of one core for a schedule. It counts what a register tile does per input channel and tap
// (two FMAs and two loads a cycle, four cycles of FMA latency: the width of every x86-64-v3 and v4 core met), lanes and
// tiles that hang over the edge, stores and copies. Caches enter through the size of a
// row block only. It ranks schedules; it does not predict times.
#pragma once

#include "convt/machine.h"
#include "convt/schedule.h"

#include <array>
#include <cmath>
#include <span>

namespace convt {

// The spatial axes as kernels see them, innermost first: x is the problem's last axis, missing ones are trivial. The
// stride of an axis with one input position means nothing; it becomes the kernel's reach, so that every output has a
// phase of its own with at most one tap.
std::array<Axis, 3> axes_xyz(const Problem& problem);

// The facts of a problem on a target that spaces, limits and costs share.
struct ModelFacts {
    ModelFacts(const Problem& problem, const Target& target, const Machine& machine = Machine::reference());

    std::array<Axis, 3> axes;
    double lanes, registers;
    // Caches of the machine over those of Machine::reference(), which the sizes in schedules/spaces are for.
    double first_cache, second_cache, last_cache;
    // What a core reads past its second-level cache, over the same. The more cores share a cache, the larger it is and
    // the slower for each: 32 MiB give 40 bytes a cycle, 260 MiB 10 to 15.
    double far_rate;
    bool large_second_cache;
    // The knob fetch where what a kernel reads comes from far. Into all levels (2) is 1.1 to 1.4 times as fast as none
    // with 2 MiB of second-level cache and a slow third (2048 to 256 channels at 8x6: 5.0 ms for 5.7), where
    // prefetches that go around the second level (1) take 13.3. Those were measured with 1 MiB, and are 1.5 times as
    // fast as none there; code for any machine takes what is good on both.
    int fetch;
    double parts;  // 2 for complex types: two accumulators an element, four multiply-adds
    double in_channels, out_channels, groups, batch;
    std::array<double, 3> positions;  // of one phase
    std::array<double, 3> taps;       // reaching one output, on average over the phases
    double scalar_bytes;
    double dot;         // neighbouring input channels that an instruction can sum; 1: none
    double dot_cycles;  // of that instruction, against a multiply-add's
    bool input_channels_last, output_channels_last;
    bool output_holds_sums;  // what is summed so far can wait in the output, which is of its type

    double stride(int axis) const { return static_cast<double>(axes[static_cast<std::size_t>(axis)].stride); }
    double kernel(int axis) const { return static_cast<double>(axes[static_cast<std::size_t>(axis)].kernel); }
    double output(int axis) const { return static_cast<double>(axes[static_cast<std::size_t>(axis)].output()); }
    double input(int axis) const { return static_cast<double>(axes[static_cast<std::size_t>(axis)].input); }
    double step(int axis) const { return static_cast<double>(axes[static_cast<std::size_t>(axis)].step); }
    double dilation(int axis) const { return static_cast<double>(axes[static_cast<std::size_t>(axis)].dilation); }
};

// What a register tile needs and costs.
struct TileCost {
    double registers = 0;   // accumulators and loaded vectors in the inner loop
    double statements = 0;  // multiply-adds unrolled in it
    double cycles = 0;      // of one iteration: the largest of FMA throughput, load throughput and FMA latency
};
// `chain`: multiply-adds of one iteration that wait for each other in one accumulator.
TileCost tile_cost(const ModelFacts& facts, double fmas, double loads, double accumulators, double held, double chain);

inline double tiles(double extent, double tile) {
    return std::ceil(extent / tile);
}
// Iterations over taps and input channels of all phases of x and y, for one tile: what the strategies with rolled
// phases share.
double rolled_iterations(const ModelFacts& facts);
// The share of the time that four threads are busy with equal tasks; what is even for four is even for two.
double busy(double tasks);
// Pairs of an input position and a tap of `axis` that land inside the output.
double useful_taps(const Axis& axis);
// Copying every output by itself.
double element_copies(const ModelFacts& facts);

// The value of the knob fetch whose prefetches bring lines into every level of cache; 1 is Halide's own, which go
// around the second one.
constexpr int fetch_into_all_levels = 2;

// Bytes of one row of the staged input, `positions` wide, with all its channels.
double row_bytes(const ModelFacts& facts, double positions);
// What staged rows may take: a quarter of the second-level cache.
constexpr double row_block_bytes = 256.0 * 1024.0;
// Inputs above come from memory.
constexpr double far_input_bytes = 8.0 * 1024.0 * 1024.0;
// Weights above leave the smallest second-level cache of the targets.
constexpr double far_weight_bytes = 1024.0 * 1024.0;
// Whether either does.
bool reads_far(const ModelFacts& facts);

// The schedules of one strategy: one file in schedules/spaces, one line in the list of space.cpp.
struct ScheduleSpace {
    const char* strategy;
    std::vector<Knob> (*tile_knobs)(const ModelFacts& facts);
    TileCost (*tile)(const ModelFacts& facts, const Schedule& schedule);
    double (*cycles)(const ModelFacts& facts, const Schedule& schedule);
    double (*channels)(const ModelFacts& facts, const Schedule& schedule);  // output channels of one tile
    bool blocks_of_outputs;                // the knob yb counts output rows, in whole strides; else positions
    double block_bytes = row_block_bytes;  // of the input rows of a block, at most
    // How many blocks there are, where they are sized by tile knobs: then there is no yb.
    double (*bands)(const ModelFacts& facts, const Schedule& schedule) = nullptr;
    bool blocks_of_groups = false;  // the rows of a block are those of all groups
    // Whether a schedule prefetches what comes from far: the knob fetch.
    bool (*fetches)(const ModelFacts& facts) = nullptr;
};
extern const ScheduleSpace width_lanes_space;
extern const ScheduleSpace channel_lanes_space;
extern const ScheduleSpace phase_lanes_space;
extern const ScheduleSpace winograd_space;
extern const ScheduleSpace group_lanes_space;
extern const ScheduleSpace general_space;

// The values that do not exceed `most`; the first one always.
std::vector<int> up_to(std::initializer_list<int> values, double most);

}  // namespace convt
