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

TEST_CASE("the search finds the best of 369 within 120 trials") {
    for (std::uint64_t i = 0; i < 50; ++i) {
        const std::uint64_t seed = mix(run_seed(), i);
        CAPTURE(seed);
        Search search({fake_space("first")}, seed);
        CHECK(searched(search, 120, fake_cost) == "first a=4,b=8,c=6");
    }
}

TEST_CASE("restarts lead out of a valley that is not the lowest") {
    // Around the default everything falls towards a=1, b=1, c=1; the best lies behind a wall.
    const auto cost = [](const Candidate& candidate) {
        const int a = candidate.schedule.get("a");
        return a >= 6 ? fake_cost(candidate) - 50.0 + 5.0 * std::abs(a - 8) : 400.0 + 30.0 * a;
    };
    for (std::uint64_t i = 0; i < 20; ++i) {
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
    // After the default, the search goes on around what is known.
    const auto near = std::count_if(asked.begin() + 1, asked.end(), [](const Candidate& c) {
        return c.schedule.get("a") != 1 && c.schedule.get("b") != 1;
    });
    CHECK(near == 9);
    for (auto one = asked.rbegin(); one != asked.rend(); ++one)
        search.tell(*one, fake_cost(*one));
    CHECK(search.best_us() <= 110.0);
    CHECK(search.best(100).size() == 11);
}

TEST_CASE("among equals the one with fewer changes from the default is better") {
    Search search({fake_space("first")}, 3);
    const Candidate more{"first", schedule_of({{"a", 2}, {"b", 2}, {"c", 1}})};
    const Candidate fewer{"first", schedule_of({{"a", 1}, {"b", 2}, {"c", 1}})};
    search.tell(more, 50.0);
    search.tell(fewer, 50.0);
    CHECK(search.best(1).at(0).candidate == fewer);
    CHECK(search.changes(more) == 2);
}

}  // namespace

}  // namespace convt::test
