// SPDX-License-Identifier: Apache-2.0
// Random gradients, each with every strategy that takes it and a legal schedule, against the oracle.
// CONVT_RANDOM_PROBLEMS (default 1000) says how many: one in twenty of them.
#include "tests/support/problems.h"
#include "tests/support/trial.h"

#include <catch2/catch_test_macros.hpp>

#include <iostream>
#include <map>

namespace convt::test {
namespace {

// Drawn apart from the problems of random_test.cpp.
constexpr std::uint64_t first = 1'000'000;

Problem random_gradient(Random& random) {
    while (true) {
        Problem problem = random_problem(random);
        if (problem.pass != Pass::forward) return problem;
    }
}

}  // namespace

TEST_CASE("random gradients agree with the oracle") {
    const std::uint64_t count = environment_number("CONVT_RANDOM_PROBLEMS", 1000) / 20;
    std::cout << "CONVT_SEED=" << run_seed() << ", " << count << " gradients\n";
    std::map<std::string, int> seen;
    for (std::uint64_t i = 0; i < count; ++i) {
        Random random(mix(run_seed(), first + i));
        Trial trial;
        trial.problem = random_gradient(random);
        trial.asserts = i % 8 == 0;
        if (random.chance(25)) trial.target = random.pick(runnable_targets());
        for (const std::string& strategy : strategy_names()) {
            if (!refusal(strategy, trial.problem, trial.target).empty()) continue;
            trial.strategy = strategy;
            trial.schedule = random_schedule(random, strategy, trial.problem, trial.target);
            trial.seed = random.next();
            ++seen[strategy];
            INFO("replay: CONVT_REPLAY='" << trial.text() << "' convt_test_differential replay");
            const Status status = check(trial);
            if (!status.ok()) std::cout << status.message() << std::endl;
            CHECK(status.ok());
        }
    }
    CHECK(seen.contains("general"));
    CHECK(seen.contains("channel_lanes"));
}

}  // namespace convt::test
