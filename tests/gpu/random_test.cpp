// SPDX-License-Identifier: Apache-2.0
// Random problems, each by one of the strategies for GPUs with one legal schedule, on the device against the oracle:
// exact on integer data, bounded on uniform data. CONVT_GPU_PROBLEMS (default 500) says how many, CONVT_SEED which.
#include "tests/gpu/device.h"
#include "tests/support/problems.h"
#include "tests/support/trial.h"

#include <iostream>

namespace convt::test {
namespace {

// The `index`-th of the run's seed; strategies take turns.
Trial random_device_trial(const std::vector<Target>& targets, std::uint64_t index) {
    Random random(mix(run_seed(), index));
    const std::vector<std::string> strategies = strategy_names(targets.front());
    const auto last = static_cast<std::int64_t>(targets.size()) - 1;
    Trial trial;
    trial.target = targets[static_cast<std::size_t>(random.between(0, last))];
    trial.strategy = strategies[index % strategies.size()];
    trial.seed = index;
    do {
        trial.problem = random_problem(random);
    } while (!refusal(trial.strategy, trial.problem, trial.target).empty());
    trial.schedule = random_schedule(random, trial.strategy, trial.problem, trial.target);
    return trial;
}

}  // namespace

TEST_CASE("on the device: random problems agree with the oracle") {
    const std::vector<Target> targets = device_targets();
    const std::uint64_t count = environment_number("CONVT_GPU_PROBLEMS", 500);
    std::cout << "CONVT_SEED=" << run_seed() << ", " << count << " problems\n";
    for (std::uint64_t i = 0; i < count; ++i) {
        const Trial trial = random_device_trial(targets, i);
        const Status status = check(trial);
        INFO(status.message());
        CHECK(status.ok());
    }
}

}  // namespace convt::test
