// SPDX-License-Identifier: Apache-2.0
#include "tests/cuda/gpu_trial.h"

#include "tests/cuda/opencl_run.h"
#include "tests/support/compare.h"
#include "tests/support/data.h"
#include "tests/support/problems.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace convt::test {
namespace {

Schedule schedule_of(const Trial& trial) {
    return trial.schedule ? *trial.schedule : default_schedule(trial.strategy, trial.problem, trial.target);
}

std::int64_t gap_of(const Trial& trial) {
    Random random(trial.seed);
    return random.chance(30) ? random.between(1, 9) : 0;
}

std::string mismatch(const Trial& trial, const std::vector<std::byte>& output, const Operands& operands,
                     const TransformFacts& transform) {
    return first_mismatch(trial.problem, output, oracle(trial.problem, operands), Match::exact, transform).value_or("");
}

// What is wrong, or nothing.
std::string wrong_on_opencl(const Trial& trial) {
    Operands operands;
    const OpenclRun run = run_on_opencl(trial.problem, trial.target, trial.strategy, schedule_of(trial), gap_of(trial),
                                        [&](const TransformFacts& transform) {
                                            return operands = integer_operands(trial.problem, trial.seed, transform);
                                        });
    return mismatch(trial, run.output, operands, run.transform);
}

std::string wrong_on_cuda(const Trial& trial) {
    const Result<Object> object = gpu_object_of(trial.problem, trial.target, trial.strategy, schedule_of(trial));
    if (!object.ok()) return object.status().message();
    const TransformFacts& transform = object.value().info.transform;
    const Operands operands = integer_operands(trial.problem, trial.seed, transform);
    const GpuRun run = run_on_stand_in(object.value(), operands, gap_of(trial));
    if (std::string trouble = run.trouble(); !trouble.empty()) return trouble;
    if (run.launches.empty()) return "no kernel was launched";
    const auto unwritten = std::find(run.written.begin(), run.written.end(), 0);
    if (unwritten != run.written.end())
        return fmt::format("element {} of the output was not written", unwritten - run.written.begin());
    return mismatch(trial, run.output, operands, transform);
}

}  // namespace

Trial random_gpu_trial(std::uint64_t index) {
    static const std::vector<Target> targets = gpu_targets();
    const std::vector<std::string> strategies = strategy_names(targets.front());
    Random random(mix(run_seed(), index));
    Trial trial;
    trial.target = random.pick(targets);
    trial.strategy = strategies[index % strategies.size()];
    for (int draw = 0; draw < 2000; ++draw) {
        trial.problem = random_problem(random);
        if (!refusal(trial.strategy, trial.problem, trial.target).empty()) continue;
        trial.schedule = random_schedule(random, trial.strategy, trial.problem, trial.target);
        trial.seed = random.next();
        return trial;
    }
    throw std::runtime_error(fmt::format("strategy {} took none of 2000 random problems", trial.strategy));
}

Status check_on(GpuApi api, const Trial& trial) {
    std::string wrong;
    try {
        wrong = api == GpuApi::cuda ? wrong_on_cuda(trial) : wrong_on_opencl(trial);
    } catch (const std::runtime_error& error) {
        wrong = error.what();
    }
    if (wrong.empty()) return {};
    return Status(
        Code::wrong_result,
        fmt::format("{}\n  replay: CONVT_REPLAY='{}' convt_test_cuda 'replay of a GPU trial'", wrong, trial.text()));
}

std::map<std::string, std::uint64_t> shares_of(std::uint64_t count) {
    std::map<std::string, std::uint64_t> seen;
    for (std::uint64_t i = 0; i < count; ++i) {
        const Trial trial = random_gpu_trial(i);
        ++seen[trial.strategy];
        ++seen[fmt::format("rank {}", trial.problem.rank)];
        ++seen[trial.problem.types().name];
        ++seen[trial.target.text()];
        if (trial.schedule) ++seen["a drawn schedule"];
    }
    return seen;
}

}  // namespace convt::test
