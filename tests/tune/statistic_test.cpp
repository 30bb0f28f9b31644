// SPDX-License-Identifier: Apache-2.0
#include "tools/tune/statistic.h"

#include "tests/tune/fake_bench.h"
#include "tools/tune/duration.h"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

namespace convt::test {

namespace {

TEST_CASE("the interval of a paired ratio cuts as the tables of the signed-rank statistic say") {
    // Hollander and Wolfe, table A.4: P(W <= k) <= 0.025 for k = 0 of 6, 2 of 7, 13 of 12, 52 of 20, 264 of 40; none
    // of 5.
    const std::pair<int, int> table[] = {{6, 0}, {7, 2}, {12, 13}, {20, 52}, {40, 264}};
    for (const auto& [n, cut] : table) {
        CAPTURE(n);
        std::vector<double> log_ratios;
        for (int i = 0; i < n; ++i)
            log_ratios.push_back(std::ldexp(1.0, i - n));  // all averages differ
        std::vector<double> averages;
        for (std::size_t i = 0; i < log_ratios.size(); ++i)
            for (std::size_t j = 0; j <= i; ++j)
                averages.push_back((log_ratios[i] + log_ratios[j]) / 2);
        std::sort(averages.begin(), averages.end());
        const auto k = static_cast<std::size_t>(cut);
        const tune::Ratio ratio = tune::paired_ratio(log_ratios);
        CHECK(ratio.low == std::exp(averages[k]));
        CHECK(ratio.high == std::exp(averages[averages.size() - 1 - k]));
        CHECK(ratio.low <= ratio.estimate);
        CHECK(ratio.estimate <= ratio.high);
    }
    CHECK_FALSE(std::isfinite(tune::paired_ratio({-1, -1, -1, -1, -1}).high));
    CHECK(tune::paired_ratio({0.0}).estimate == 1.0);
}

// Log ratios of a challenger that takes `ratio` of the incumbent's time, where processes fall into two peaks 15 % apart
// and jitter by as much again.
std::vector<double> rounds_of(Random& random, int count, double ratio) {
    const auto process = [&] {
        const double jitter = 0.15 * static_cast<double>(random.between(0, 1000)) / 1000.0;
        return std::log(1.0 + (random.chance(50) ? 0.15 : 0.0) + jitter);
    };
    std::vector<double> log_ratios;
    for (int i = 0; i < count; ++i)
        log_ratios.push_back(std::log(ratio) + process() - process());
    return log_ratios;
}

TEST_CASE("the interval covers the true ratio in 95 of 100 duels") {
    CAPTURE(run_seed());
    Random random(run_seed());
    int covered = 0;
    for (int run = 0; run < 2000; ++run) {
        const tune::Ratio ratio = tune::paired_ratio(rounds_of(random, 12, 0.9));
        covered += ratio.low <= 0.9 && 0.9 <= ratio.high ? 1 : 0;
    }
    CHECK(covered >= 1870);  // 1915 expected of 95.8 %, 9.0 standard deviation
}

TEST_CASE("decisions: all six, later looks, ties, and no rounds left") {
    using tune::Decision;
    const auto of = [](int count, double ratio) {
        return std::vector<double>(static_cast<std::size_t>(count), std::log(ratio));
    };
    CHECK(tune::decide(of(5, 0.5), true) == Decision::open);
    CHECK(tune::decide(of(5, 0.5), false) == Decision::open);  // fewer rounds than six decide nothing
    CHECK(tune::decide(of(6, 0.5), true) == Decision::won);
    CHECK(tune::decide(of(6, 0.96), true) == Decision::won);
    CHECK(tune::decide(of(6, 0.99), true) == Decision::tied);  // faster, but 0.98 counts as equal
    CHECK(tune::decide(of(6, 1.1), true) == Decision::tied);
    std::vector<double> mixed = of(6, 0.9);
    mixed[0] = 0.01;
    CHECK(tune::decide(mixed, true) == Decision::open);
    CHECK(tune::decide(mixed, false) == Decision::tied);
    mixed.resize(7, std::log(0.9));
    CHECK(tune::decide(mixed, true) == Decision::open);  // no look
    mixed.resize(12, std::log(0.9));
    CHECK(tune::decide(mixed, true) == Decision::won);
    mixed.assign(40, 0.5);
    for (std::size_t i = 0; i < mixed.size(); i += 2)
        mixed[i] = -0.52;
    CHECK(tune::decide(mixed, true) == Decision::tied);  // the last look
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
    // Hundreds of equal candidates, each process up to 30 % off: 2.6 % of 200 runs may be lucky, 5 with a standard
    // deviation of 2.3.
    CAPTURE(run_seed());
    CHECK(wins([](const Candidate&) { return 100.0; }, 0.3, 200) <= 15);
}

TEST_CASE("a gain below two per cent is none, above it is one") {
    const auto cost = [](double other) {
        return [other](const Candidate& candidate) { return candidate.schedule.get("a") == 1 ? 100.0 : other; };
    };
    CHECK(wins(cost(98.5), 0.0, 5) == 0);
    CHECK(wins(cost(97.5), 0.0, 5) == 5);
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
