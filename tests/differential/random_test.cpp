// SPDX-License-Identifier: Apache-2.0
// Random problems, each with one strategy that takes it and one legal schedule, against the oracle: exact on integers,
// within the derived bound on random data. CONVT_RANDOM_PROBLEMS (default 1000) says how many, CONVT_SEED which. Every
// failure prints a trial; CONVT_REPLAY='<trial>' convt_test_differential replay repeats it and makes it smaller.
#include "tests/support/problems.h"
#include "tests/support/trial.h"

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>

namespace convt::test {
namespace {

constexpr std::uint64_t shards = 8;

std::uint64_t random_problems() {
    return environment_number("CONVT_RANDOM_PROBLEMS", 1000);
}

// Strategies take turns, so that each gets its share however picky it is; problems are drawn until one is taken.
Trial random_trial(std::uint64_t index) {
    const std::vector<std::string> strategies = strategy_names();
    Random random(mix(run_seed(), index));
    Trial trial;
    trial.strategy = strategies[index % strategies.size()];
    if (random.chance(25)) trial.target = random.pick(runnable_targets());
    for (int draw = 0; draw < 2000; ++draw) {
        trial.problem = random_problem(random);
        if (!refusal(trial.strategy, trial.problem, trial.target).empty()) continue;
        trial.schedule = random_schedule(random, trial.strategy, trial.problem, trial.target);
        trial.seed = random.next();
        return trial;
    }
    FAIL("strategy " << trial.strategy << " took none of 2000 random problems; CONVT_SEED=" << run_seed());
    return trial;
}

void check_random(std::uint64_t first, std::uint64_t step, std::uint64_t count, bool asserts) {
    std::cout << "CONVT_SEED=" << run_seed() << ", " << count << " problems, from " << first << " in steps of " << step
              << '\n';
    for (std::uint64_t i = first; i < count; i += step) {
        Trial trial = random_trial(i);
        trial.asserts = asserts;
        INFO("replay: CONVT_REPLAY='" << trial.text() << "' convt_test_differential replay");
        const Status status = check(trial);
        if (!status.ok())
            std::cout << status.message() << std::endl;  // Catch2 would break the line that is to be copied
        CHECK(status.ok());
    }
}

}  // namespace

TEMPLATE_TEST_CASE_SIG("random problems agree with the oracle: shard", "", ((std::uint64_t shard), shard), 0, 1, 2, 3,
                       4, 5, 6, 7) {
    check_random(shard, shards, random_problems(), false);
}

TEST_CASE("random problems: Halide's own checks stay silent") {
    // Others than the shards see: their numbers begin behind the last of them.
    const std::uint64_t sample = std::min<std::uint64_t>(random_problems(), 60);
    check_random(random_problems(), 1, random_problems() + sample, true);
}

TEST_CASE("random problems: every strategy, rank and type has its share") {
    std::map<std::string, std::uint64_t> seen;
    std::uint64_t sampled_schedules = 0;
    // Drawing costs little: as many as make shares out of luck, though the sanitizers' builds run fewer.
    const std::uint64_t count = std::max<std::uint64_t>(random_problems(), 1000);
    for (std::uint64_t i = 0; i < count; ++i) {
        const Trial trial = random_trial(i);
        ++seen[trial.strategy];
        ++seen["rank " + std::to_string(trial.problem.rank)];
        ++seen[trial.problem.types().name];
        sampled_schedules += trial.schedule.has_value();
    }
    CHECK(seen.size() == strategy_names().size() + 3 + problem_types().size());
    for (const auto& [what, times] : seen) {
        INFO(what);
        CHECK(times * 60 >= count);  // 17 of a thousand; 16 types have 62 each on average
    }
    CHECK(sampled_schedules * 2 >= count);
}

TEST_CASE("a trial's text reads back as the trial") {
    for (std::uint64_t i = 0; i < 50; ++i) {
        Trial trial = random_trial(i);
        trial.asserts = i % 2 == 0;
        const Result<Trial> read = Trial::parse(trial.text());
        INFO(trial.text());
        REQUIRE(read.ok());
        CHECK(read.value().text() == trial.text());
        CHECK(read.value().problem == trial.problem);
    }
}

TEST_CASE("replay", "[.]") {
    const char* text = std::getenv("CONVT_REPLAY");
    REQUIRE(text != nullptr);
    const Result<Trial> trial = Trial::parse(text);
    INFO(trial.status().message());
    REQUIRE(trial.ok());
    const Status status = check(trial.value());
    if (status.ok()) return;
    std::cout << status.message() << "\nlooking for a smaller one ..." << std::endl;
    const Trial smallest = shrink(trial.value(), [](const Trial& t) { return !check(t).ok(); });
    std::cout << check(smallest).message() << std::endl;
    FAIL("the trial fails; the smallest one found stands above");
}

}  // namespace convt::test
