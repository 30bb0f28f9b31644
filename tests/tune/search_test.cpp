// SPDX-License-Identifier: Apache-2.0
#include "tests/tune/fake_bench.h"

#include <catch2/catch_test_macros.hpp>

#include <set>

namespace convt::test {

namespace {

using tune::Search;

// Asks and answers `count` times; the text of the best.
std::string searched(Search& search, int count, const FakeBench::Cost& cost) {
    for (int i = 0; i < count; ++i) {
        const auto candidate = search.next();
        if (!candidate) break;
        search.tell(*candidate, cost(*candidate));
    }
    return search.best(1).at(0).candidate.text();
}

TEST_CASE("the search finds the best of 369 within 60 trials") {
    for (std::uint64_t i = 0; i < 20; ++i) {
        const std::uint64_t seed = mix(run_seed(), i);
        CAPTURE(seed);
        Search search({fake_space("first")}, seed);
        CHECK(searched(search, 60, fake_cost) == "first a=4,b=8,c=6");
    }
}

// A space of `knobs` knobs with eight values each.
StrategySpace wide_space(const std::string& strategy, int knobs) {
    StrategySpace space;
    space.strategy = strategy;
    for (int k = 0; k < knobs; ++k) {
        space.knobs.push_back({std::string(1, static_cast<char>('a' + k)), {1, 2, 3, 4, 6, 8, 12, 16}, ""});
        space.start.set(space.knobs.back().name, 1);
    }
    space.legal = [](const Schedule&) { return true; };
    return space;
}

// Each knob is best at 6; the strategies differ by a factor.
double wide_cost(const Candidate& candidate) {
    double us = candidate.strategy == "third" ? 100.0 : candidate.strategy == "second" ? 150.0 : 130.0;
    for (const auto& [knob, value] : candidate.schedule.knobs())
        us *= 1.0 + 0.2 * std::abs(std::log2(value / 6.0));
    return us;
}

TEST_CASE("the search finds the best of three strategies and 100000 schedules within 150 trials") {
    for (std::uint64_t i = 0; i < 5; ++i) {
        const std::uint64_t seed = mix(run_seed(), i);
        CAPTURE(seed);
        Search search({wide_space("first", 5), wide_space("second", 5), wide_space("third", 5)}, seed);
        CHECK(searched(search, 150, wide_cost) == "third a=6,b=6,c=6,d=6,e=6");
    }
}

TEST_CASE("the analytic model is trusted where it is right, and only there") {
    const auto trials_until_best = [](const std::function<double(const Schedule&)>& cycles) {
        StrategySpace space = wide_space("third", 5);
        space.cycles = cycles;
        Search search({space}, 1);
        int trials = 0;
        for (; trials < 300 && search.best_us() > 100.0; ++trials) {
            const auto candidate = search.next();
            search.tell(*candidate, wide_cost(*candidate));
        }
        return trials;
    };
    const int right = trials_until_best([](const Schedule& s) { return 1e6 * wide_cost({"third", s}); });
    const int none = trials_until_best(nullptr);
    const int wrong = trials_until_best([](const Schedule& s) { return 1e6 / wide_cost({"third", s}); });
    CHECK(right < none);
    CHECK(none <= 150);
    CHECK(wrong <= 200);
}

TEST_CASE("the search leaves a valley that is not the lowest") {
    // Around the default everything falls towards a=1, b=1, c=1; the best lies behind a wall.
    const auto cost = [](const Candidate& candidate) {
        const int a = candidate.schedule.get("a");
        return a >= 6 ? fake_cost(candidate) - 50.0 + 5.0 * std::abs(a - 8) : 400.0 + 30.0 * a;
    };
    for (std::uint64_t i = 0; i < 5; ++i) {
        const std::uint64_t seed = mix(run_seed(), i);
        CAPTURE(seed);
        Search search({fake_space("first")}, seed);
        searched(search, 250, cost);
        CHECK(search.best(1).at(0).candidate.schedule.get("a") >= 6);
    }
}

TEST_CASE("defaults come first, in order, nothing comes twice, all is legal, and an end is reached") {
    Search search({fake_space("first"), fake_space("second"), {"no_knobs", {}, {}, [](auto&) { return true; }}}, 7);
    std::set<std::string> seen;
    std::vector<std::string> order;
    while (const auto candidate = search.next()) {
        CHECK(seen.insert(candidate->text()).second);
        CHECK((candidate->strategy == "no_knobs" || fake_space("").legal(candidate->schedule)));
        order.push_back(candidate->text());
        if (seen.size() % 3 == 0)
            search.tell(*candidate, std::nullopt);
        else
            search.tell(*candidate,
                        fake_cost({"", schedule_of({{"a", 1}, {"b", 2}, {"c", static_cast<int>(seen.size())}})}));
    }
    REQUIRE(order.size() > 100);
    CHECK(order[0] == "first a=1,b=1,c=1");
    CHECK(order[1] == "second a=1,b=1,c=1");
    CHECK(order[2] == "no_knobs ");
}

TEST_CASE("answers may be late, missing or from an earlier run") {
    Search search({fake_space("first")}, 3);
    search.tell({"first", schedule_of({{"a", 4}, {"b", 8}, {"c", 8}})}, 110.0);
    std::vector<Candidate> asked;
    for (int i = 0; i < 10; ++i)
        asked.push_back(search.next().value());
    for (auto one = asked.rbegin(); one != asked.rend(); ++one)
        search.tell(*one, fake_cost(*one));
    CHECK(search.best_us() <= 110.0);
    CHECK(search.best(100).size() == 11);
}

TEST_CASE("what failed keeps the search away from its surroundings") {
    Search search({fake_space("first")}, 5);
    int failed = 0;
    for (int i = 0; i < 60; ++i) {
        const auto candidate = search.next();
        const bool fails = candidate->schedule.get("c") >= 6;
        failed += fails ? 1 : 0;
        search.tell(*candidate, fails ? std::nullopt : std::optional(fake_cost(*candidate)));
    }
    CHECK(search.best(1).at(0).candidate.text() == "first a=4,b=8,c=4");
    CHECK(failed <= 30);  // 4 of 9 values of c fail: at random 27, but the best lie at their edge
}

TEST_CASE("a measurement told again replaces the first") {
    Search search({fake_space("first")}, 5);
    const Candidate one{"first", schedule_of({{"a", 1}, {"b", 1}, {"c", 1}})};
    search.tell(one, 10.0);
    search.tell(one, 50.0);
    CHECK(search.best_us() == 50.0);
    CHECK(search.best(5).size() == 1);
}

TEST_CASE("among equals the one with fewer changes from the default is better") {
    Search search({fake_space("first")}, 3);
    const Candidate more{"first", schedule_of({{"a", 2}, {"b", 2}, {"c", 1}})};
    const Candidate fewer{"first", schedule_of({{"a", 1}, {"b", 2}, {"c", 1}})};
    search.tell(more, 50.0);
    search.tell(fewer, 50.0);
    CHECK(search.best(1).at(0).candidate == fewer);
    CHECK(search.changes(more) == 2);
    Search two({fake_space("first"), fake_space("second")}, 3);
    CHECK(two.changes({"second", fewer.schedule}) == 2);  // a knob and the strategy
}

}  // namespace

}  // namespace convt::test
