// SPDX-License-Identifier: Apache-2.0
#include "tools/tune/statistic.h"

#include "tests/tune/fake_bench.h"
#include "tools/tune/duration.h"

#include <catch2/catch_test_macros.hpp>

namespace convt::test {

namespace {

TEST_CASE("losses allowed keep the error at 2.5 %") {
    const int expected[] = {-1, -1, -1, -1, -1, -1, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3};  // tables of the binomial
    for (int rounds = 0; rounds < 16; ++rounds)
        CHECK(tune::losses_allowed(rounds) == expected[rounds]);
}

TEST_CASE("median and interval are order statistics") {
    CHECK(tune::median({3.0}) == 3.0);
    CHECK(tune::median({4.0, 1.0, 2.0, 3.0}) == 2.5);
    const tune::Summary few = tune::summarize({5, 1, 4, 2, 3});
    CHECK(few.low == 1.0);
    CHECK(few.high == 5.0);
    const tune::Summary many = tune::summarize({12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1});
    CHECK(many.median == 6.5);
    CHECK(many.low == 3.0);
    CHECK(many.high == 10.0);
}

TEST_CASE("the interval covers the median in 95 of 100 samples") {
    Random random(run_seed());
    int covered = 0;
    for (int run = 0; run < 2000; ++run) {
        std::vector<double> values;
        for (int i = 0; i < 12; ++i)
            values.push_back(std::pow(static_cast<double>(random.between(0, 1 << 20)), 3.0));
        const tune::Summary summary = tune::summarize(values);
        const double true_median = std::pow(static_cast<double>(1 << 19), 3.0);
        covered += summary.low <= true_median && true_median <= summary.high ? 1 : 0;
    }
    CAPTURE(run_seed());
    CHECK(covered >= 1900);  // 1922 expected of 96.1 %, 8.7 standard deviation
}

// Of `runs` tunings, how many end with another schedule than the default.
int wins(const FakeBench::Cost& cost, double noise, int runs) {
    int count = 0;
    for (int run = 0; run < runs; ++run) {
        const std::uint64_t seed = mix(run_seed(), static_cast<std::uint64_t>(run));
        FakeBench bench(cost, seed, noise);
        std::vector<tune::Trial> trials;
        std::atomic<bool> cancel{false};
        const auto verdict = tune::tune(fake_task(seed, 6.0), bench, bench.hooks(trials), cancel);
        REQUIRE(verdict.status().message() == "");
        count += verdict.value().tuned ? 1 : 0;
    }
    return count;
}

TEST_CASE("noise does not pick a winner") {
    // Hundreds of equal candidates, each process up to 30 % off: 2.5 % of 400 runs may be lucky, 10 with a standard
    // deviation of 3.1.
    CAPTURE(run_seed());
    CHECK(wins([](const Candidate&) { return 100.0; }, 0.3, 400) <= 22);
}

TEST_CASE("a gain below one per cent is none") {
    const auto cost = [](const Candidate& candidate) { return candidate.schedule.get("a") == 1 ? 100.0 : 99.5; };
    CHECK(wins(cost, 0.0, 5) == 0);
}

TEST_CASE("a real gain is found through the same noise") {
    CAPTURE(run_seed());
    CHECK(wins([](const Candidate& candidate) { return fake_cost(candidate) + 50; }, 0.3, 50) >= 48);
}

TEST_CASE("budgets of time") {
    const std::pair<const char*, double> good[] = {
        {"500ms", 0.5}, {"5s", 5}, {"2m", 120}, {"1h", 3600}, {"1000h", 3.6e6}};
    for (const auto& [text, seconds] : good)
        CHECK(tune::parse_duration(text).value() == seconds);
    for (const char* text : {"", "5", "s", "5 s", " 5s", "+5s", "-5s", "0s", "1.5s", "5S", "5min", "5sx", "1001h",
                             "99999999999999999999s"}) {
        const Status status = tune::parse_duration(text).status();
        CAPTURE(text);
        CHECK(status.code() == Code::invalid_argument);
        CHECK(status.message().find(std::string("'") + text + "'") != std::string::npos);
    }
}

}  // namespace

}  // namespace convt::test
