// SPDX-License-Identifier: Apache-2.0
#include "tools/tune/spaces.h"

#include "convt/halide_compiler.h"

#include <algorithm>

namespace convt::tune {

namespace {

StrategySpace space_of(const std::string& strategy, const Problem& problem, const Target& target,
                       const std::optional<GpuModel>& gpu) {
    StrategySpace space;
    space.strategy = strategy;
    space.knobs = schedule_space(strategy, problem, target);
    space.start = default_schedule(strategy, problem, target, Machine::host());
    space.legal = [strategy, &problem, &target](const Schedule& schedule) {
        return check_schedule(strategy, problem, target, schedule).ok();
    };
    space.cycles = [strategy, &problem, &target, &gpu](const Schedule& schedule) {
        if (gpu) return gpu_time(*gpu->device, gpu_launch(strategy, problem, target, schedule), gpu->correction).us;
        return estimate_cycles(strategy, problem, target, schedule, Machine::host());
    };
    // Calls are timed on one thread: what only matters to several keeps its default.
    for (Knob& knob : space.knobs)
        if (knob.only_threads) knob.values = {space.start.get(knob.name)};
    return space;
}

}  // namespace

Result<std::vector<StrategySpace>> strategy_spaces(const Problem& problem, const Target& target,
                                                   const std::optional<GpuModel>& gpu) {
    CompileOptions untuned;
    untuned.tuned.untuned = true;
    const auto plan = make_plan(problem, target, untuned);
    if (!plan.ok()) return plan.status();
    std::vector<StrategySpace> spaces;
    for (const std::string& strategy : strategy_names(target))
        if (refusal(strategy, problem, target).empty()) spaces.push_back(space_of(strategy, problem, target, gpu));
    const auto rank = [&](const StrategySpace& space) {
        return std::pair(space.strategy != plan.value().strategy, space.cycles(space.start));
    };
    std::stable_sort(spaces.begin(), spaces.end(),
                     [&](const StrategySpace& a, const StrategySpace& b) { return rank(a) < rank(b); });
    return spaces;
}

bool all_direct(const std::vector<StrategySpace>& spaces, const Problem& problem, const Target& target) {
    Problem direct = problem;
    direct.sums = Sums::direct;
    return std::all_of(spaces.begin(), spaces.end(),
                       [&](const StrategySpace& space) { return refusal(space.strategy, direct, target).empty(); });
}

}  // namespace convt::tune
