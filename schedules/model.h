// SPDX-License-Identifier: Apache-2.0
// The facts of a problem on a target that spaces, limits and the model share.
#pragma once

#include "convt/schedule.h"

#include <array>

namespace convt {

// The spatial axes as kernels see them, innermost first: x is the problem's last axis, missing ones are trivial. The
// stride of an axis with one input position means nothing; it becomes the kernel's reach, so that every output has a
// phase of its own with at most one tap.
std::array<Axis, 3> axes_xyz(const Problem& problem);

struct ModelFacts {
    ModelFacts(const Problem& problem, const Target& target);

    std::array<Axis, 3> axes;  // x, y, z: the last axis first; missing ones are trivial
    double lanes, registers;
    double parts;  // 2 for complex types: two accumulators an element, four multiply-adds
    double in_channels, out_channels, groups, batch;
    std::array<double, 3> positions;  // of one phase
    std::array<double, 3> taps;       // reaching one output, on average over the phases
    double scalar_bytes;
    double channels_last_output;

    double stride(int axis) const { return static_cast<double>(axes[static_cast<std::size_t>(axis)].stride); }
    double kernel(int axis) const { return static_cast<double>(axes[static_cast<std::size_t>(axis)].kernel); }
    double output(int axis) const { return static_cast<double>(axes[static_cast<std::size_t>(axis)].output()); }
    double input(int axis) const { return static_cast<double>(axes[static_cast<std::size_t>(axis)].input); }
};

// Registers that hold accumulators and loaded vectors in the inner loop of a tile, and the multiply-adds unrolled in
// it.
struct TileCost {
    double registers = 0;
    double statements = 0;
    double cycles =
        0;  // of one iteration of the inner loop: the larger of FMA throughput, load throughput and FMA latency
};
TileCost tile_cost(std::string_view strategy, const ModelFacts& facts, const Schedule& schedule);

}  // namespace convt
