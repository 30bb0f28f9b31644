// SPDX-License-Identifier: Apache-2.0
// Which strategy and schedule: what was given, else what was tuned, else the strategy whose default schedule the model
// likes best.
#include "compiler/strategies/strategy.h"
#include "convt/halide_compiler.h"
#include "runtime/target/dot_product.h"

#include <fmt/format.h>

#include <limits>

namespace convt {
namespace {

Result<Schedule> legal(std::string_view strategy, const Problem& problem, const Target& target, Schedule schedule) {
    Status status = check_schedule(strategy, problem, target, schedule);
    if (!status.ok()) return status;
    return schedule;
}

Result<Plan> given_plan(const Problem& problem, const Target& target, const CompileOptions& options, Plan plan) {
    const Strategy* strategy = find_strategy(options.strategy, target);
    if (strategy == nullptr) {
        return {Code::invalid_argument, fmt::format("strategy {}: not known, there are {}", options.strategy,
                                                    fmt::join(strategy_names(target), ", "))};
    }
    const std::string reason = refuse_reason(*strategy, problem, target);
    if (!reason.empty()) {
        return {Code::invalid_argument,
                fmt::format("strategy {}: refuses {}: {}", options.strategy, problem.text(), reason)};
    }
    plan.strategy = options.strategy;
    plan.reason = "given";
    plan.source = options.schedule.empty() ? "default" : "given";
    plan.schedule = default_schedule(plan.strategy, problem, target, options.tuned.machine());
    if (options.schedule.empty()) return plan;
    Result<Schedule> parsed = Schedule::parse(options.schedule);
    if (!parsed.ok()) return parsed.status();
    Result<Schedule> schedule = legal(plan.strategy, problem, target, parsed.value());
    if (!schedule.ok()) return schedule.status();
    plan.schedule = schedule.value();
    return plan;
}

// Why a row cannot be used; empty where it can.
std::string stale(const Problem& problem, const Target& target, const TunedRow& row) {
    const std::string refused = refusal(row.strategy, problem, target);
    return refused.empty() ? check_schedule(row.strategy, problem, target, row.schedule).message() : refused;
}

std::string reason_of(const TunedRow& row, const Target& target) {
    if (row.modelled) return fmt::format("modelled on {} for {}, not measured", row.date, row.cpu);
    if (target.is_gpu()) return fmt::format("tuned on {} on {}", row.date, row.cpu);
    if (row.machine == Machine::host()) return fmt::format("tuned on {}", row.date);
    return fmt::format("tuned on {} on the nearest machine known, {} ({})", row.date, row.cpu, row.machine.text());
}

// The first row that is still legal; the others are passed over, for tables outlive versions.
bool take_tuned(const Problem& problem, const Target& target, const std::vector<TunedRow>& rows, Plan& plan) {
    for (const TunedRow& row : rows) {
        std::string reason = stale(problem, target, row);
        if (!reason.empty()) {
            plan.stale.push_back({fmt::format("{} {}, {}, {}", row.strategy, row.schedule.text(), row.date, row.cpu),
                                  std::move(reason)});
            continue;
        }
        plan.strategy = row.strategy;
        plan.schedule = row.schedule;
        plan.source = row.modelled ? "modelled" : "tuned";
        plan.reason = reason_of(row, target);
        if (row.modelled) return true;
        plan.measured_us = row.median_us;
        plan.default_us = row.default_us;
        return true;
    }
    return false;
}

void take_default(const Problem& problem, const Target& target, const Machine& machine, Plan& plan) {
    double lowest = std::numeric_limits<double>::infinity();
    for (const Strategy& strategy : strategies(target)) {
        if (!refuse_reason(strategy, problem, target).empty()) continue;
        const Schedule schedule = default_schedule(strategy.name, problem, target, machine);
        const double cycles = estimate_cycles(strategy.name, problem, target, schedule, machine);
        if (cycles >= lowest) continue;
        lowest = cycles;
        plan.strategy = strategy.name;
        plan.schedule = schedule;
    }
    plan.source = "default";
    plan.reason = fmt::format("lowest estimate, {:.3g} cycles", lowest);
}

}  // namespace

std::vector<std::string> strategy_names(const Target& target) {
    std::vector<std::string> names;
    for (const Strategy& strategy : strategies(target))
        names.emplace_back(strategy.name);
    return names;
}

std::string refusal(const std::string& name, const Problem& problem, const Target& target) {
    const Strategy* strategy = find_strategy(name, target);
    return strategy == nullptr ? fmt::format("strategy {} is not known", name)
                               : refuse_reason(*strategy, problem, target);
}

Result<Plan> make_plan(const Problem& problem, const Target& asked, const CompileOptions& options) {
    if (Status status = problem.validate(); !status.ok()) return status;
    const Target target = relevant_target(problem, asked);
    Plan plan;
    for (const Strategy& strategy : strategies(target)) {
        std::string reason = refuse_reason(strategy, problem, target);
        if (!reason.empty()) plan.refusals.push_back({strategy.name, std::move(reason)});
    }
    if (plan.refusals.size() == strategies(target).size()) {
        return {Code::unsupported,
                fmt::format("{} for {}: {}", problem.text(), target.text(), plan.refusals.back().reason)};
    }
    if (options.strategy.empty() && !options.schedule.empty()) {
        return {Code::invalid_argument,
                fmt::format("schedule {}: is only read together with the strategy it belongs to", options.schedule)};
    }
    if (!options.strategy.empty()) return given_plan(problem, target, options, std::move(plan));
    const Result<std::vector<TunedRow>> rows = find_tuned(problem, target, options.tuned);
    if (!rows.ok()) return rows.status();
    if (!take_tuned(problem, target, rows.value(), plan)) take_default(problem, target, options.tuned.machine(), plan);
    return plan;
}

}  // namespace convt
