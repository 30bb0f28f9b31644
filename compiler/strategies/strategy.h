// SPDX-License-Identifier: Apache-2.0
// A strategy: a way to compute a problem. It says which problems it takes, with a reason for each it refuses, and
// builds the algorithm; the numbers it leaves open come as a schedule. One file and one line in a list each, CPUs' or
// GPUs'; the last one of a list takes every valid problem that such targets take.
#pragma once

#include "compiler/operands.h"
#include "convt/object.h"
#include "convt/schedule.h"
#include "convt/target.h"

#include <span>
#include <string>

namespace convt {

// The algorithm with its schedule applied: the output Func, and how the weights are packed for it.
struct Pipeline {
    Halide::Func output;
    Halide::Func pack;               // over the packed dimensions, in terms of `raw`
    Halide::ImageParam raw_weights;  // [part] kx ky kz cog cig g
    TransformFacts transform;        // where the products are not the definition's own
};

struct Strategy {
    const char* name;
    const char* summary;
    // Empty where it takes the problem; `refuse_reason` asks.
    std::string (*refuse)(const Problem& problem, const Target& target);
    Pipeline (*build)(Operands& operands, const Target& target, const Schedule& schedule);
    bool open_extents = false;   // extents may be known only when the kernel runs
    bool takes_gathers = false;  // of gradients: steps, and negative padding
};

// Those for such a target.
std::span<const Strategy> strategies(const Target& target) noexcept;
// Why `strategy` does not take the problem; empty where it does.
std::string refuse_reason(const Strategy& strategy, const Problem& problem, const Target& target);
const Strategy* find_strategy(std::string_view name, const Target& target) noexcept;

extern const Strategy width_lanes;
extern const Strategy channel_lanes;
extern const Strategy phase_lanes;
extern const Strategy winograd;
extern const Strategy group_lanes;
extern const Strategy general;
extern const Strategy gpu_tiles;
extern const Strategy gpu_phases;
extern const Strategy gpu_general;

}  // namespace convt
