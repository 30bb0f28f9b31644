// SPDX-License-Identifier: Apache-2.0
// One problem's tuning from search to verdict, on a fake machine.
#include "tests/tune/fake_bench.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <set>

namespace convt::test {

namespace {

Result<tune::Verdict> tuned(const tune::Task& task, FakeBench& bench, std::vector<tune::Trial>& trials,
                            std::size_t stop_after = SIZE_MAX) {
    std::atomic<bool> cancel{false};
    return tune::tune(task, bench, bench.hooks(trials, stop_after), cancel);
}

TEST_CASE("the best wins, with its times") {
    tune::Task task = fake_task();
    task.jobs = GENERATE(1, 4);
    task.overlap = task.jobs > 1;
    FakeBench bench(fake_cost);
    std::vector<tune::Trial> trials;
    const auto verdict = tuned(task, bench, trials);
    REQUIRE(verdict.status().message() == "");
    CHECK(verdict.value().winner.text() == "first a=4,b=8,c=6");
    CHECK(verdict.value().tuned);
    CHECK(verdict.value().us.median == 100.0);
    CHECK(verdict.value().default_us == fake_cost(task.incumbent));
    CHECK(verdict.value().rounds == 6);  // all won
    CHECK(verdict.value().ratio.high < 0.97);
    CHECK(verdict.value().trials == static_cast<int>(trials.size()));
    for (const auto& [text, count] : bench.compiled) {
        CAPTURE(text);
        CHECK(count == 1);
    }
}

TEST_CASE("candidates that fail are recorded and cost nothing else") {
    const Code code = GENERATE(Code::compile_failed, Code::timed_out, Code::out_of_memory, Code::wrong_result);
    FakeBench bench(fake_cost);
    // Half of the space fails, the best among it.
    bench.fails = [&](const Candidate& candidate) {
        return candidate.schedule.get("c") >= 6 ? Status(code, "no good") : Status();
    };
    std::vector<tune::Trial> trials;
    const auto verdict = tuned(fake_task(), bench, trials);
    REQUIRE(verdict.status().message() == "");
    CHECK(verdict.value().winner.text() == "first a=4,b=8,c=4");
    int failed = 0;
    for (const tune::Trial& trial : trials) {
        const bool bad = trial.candidate.schedule.get("c") >= 6;
        CHECK(trial.code == (bad ? code : Code::ok));
        CHECK(trial.message == (bad ? "no good" : ""));
        failed += bad ? 1 : 0;
    }
    CHECK(failed > 0);
}

TEST_CASE("an environment that does not work ends the run at once") {
    const Code code = GENERATE(Code::io_error, Code::unsupported);
    FakeBench bench(fake_cost);
    bench.fails = [&](const Candidate&) { return Status(code, "no worker"); };
    std::vector<tune::Trial> trials;
    CHECK(tuned(fake_task(), bench, trials).status().code() == code);
    CHECK(trials.empty());
    CHECK(bench.compiled.size() == 1);
}

TEST_CASE("where the default does not work, the best of the others is taken") {
    FakeBench bench(fake_cost);
    const tune::Task task = fake_task();
    bench.fails = [&](const Candidate& candidate) {
        return candidate == task.incumbent ? Status(Code::compile_failed, "crash") : Status();
    };
    std::vector<tune::Trial> trials;
    const auto verdict = tuned(task, bench, trials);
    REQUIRE(verdict.status().message() == "");
    CHECK(verdict.value().tuned);
    CHECK(verdict.value().default_us == 0.0);
    CHECK(verdict.value().us.median <= 130.0);
}

TEST_CASE("where nothing works, the status names the first failure") {
    FakeBench bench(fake_cost);
    bench.fails = [](const Candidate&) { return Status(Code::wrong_result, "at (0, 1)"); };
    std::vector<tune::Trial> trials;
    const Status status = tuned(fake_task(), bench, trials).status();
    CHECK(status.code() == Code::compile_failed);
    CHECK(status.message().find("first a=1,b=1,c=1: at (0, 1)") != std::string::npos);
}

TEST_CASE("a space of one point keeps its default") {
    FakeBench bench(fake_cost);
    tune::Task task = fake_task();
    task.spaces[0].knobs.clear();
    std::vector<tune::Trial> trials;
    const auto verdict = tuned(task, bench, trials);
    REQUIRE(verdict.status().message() == "");
    CHECK_FALSE(verdict.value().tuned);
    CHECK(trials.size() == 1);
}

TEST_CASE("an interrupted run goes on where it stopped") {
    std::vector<tune::Trial> first;
    FakeBench before(fake_cost);
    CHECK(tuned(fake_task(), before, first, 5).status().code() == Code::interrupted);
    REQUIRE(first.size() == 5);
    tune::Task task = fake_task();
    task.recalled = first;
    FakeBench after(fake_cost);
    std::vector<tune::Trial> second;
    const auto verdict = tuned(task, after, second);
    REQUIRE(verdict.status().message() == "");
    CHECK(verdict.value().winner.text() == "first a=4,b=8,c=6");
    CHECK(verdict.value().trials == static_cast<int>(first.size() + second.size()));
    for (const tune::Trial& old : first)
        for (const tune::Trial& fresh : second)
            CHECK(old.candidate.text() != fresh.candidate.text());
    CHECK(second.front().spent_s > first.back().spent_s);  // the budget is of both runs
}

TEST_CASE("an interrupted run makes the trials that an uninterrupted one makes") {
    std::vector<tune::Trial> whole;
    FakeBench undisturbed(fake_cost);
    const auto expected = tuned(fake_task(1, 10.0), undisturbed, whole);
    REQUIRE(expected.status().message() == "");
    REQUIRE(whole.size() > 40);
    for (const std::size_t stop : {1, 7, 30}) {
        CAPTURE(stop);
        std::vector<tune::Trial> trials;
        FakeBench before(fake_cost);
        CHECK(tuned(fake_task(1, 10.0), before, trials, stop).status().code() == Code::interrupted);
        tune::Task task = fake_task(1, 10.0);
        task.recalled = trials;
        FakeBench after(fake_cost);
        const auto verdict = tuned(task, after, trials);
        REQUIRE(verdict.status().message() == "");
        CHECK(verdict.value().winner == expected.value().winner);
        const std::size_t both = std::min(trials.size(), whole.size());
        CHECK(both >= whole.size() - 2);  // what reading the clock makes of the end
        for (std::size_t i = 0; i < both; ++i)
            CHECK(trials[i].candidate == whole[i].candidate);
    }
}

TEST_CASE("among the best within one per cent the one with the fewest changes wins") {
    FakeBench bench([](const Candidate& candidate) {
        const Schedule& s = candidate.schedule;
        return (s.get("a") == 4 ? 100.0 : 150.0) - (s.get("b") == 8 ? 0.5 : 0.0) - 0.001 * s.get("c");
    });
    std::vector<tune::Trial> trials;
    const auto verdict = tuned(fake_task(), bench, trials);
    REQUIRE(verdict.status().message() == "");
    CHECK(verdict.value().winner.text() == "first a=4,b=1,c=1");
}

TEST_CASE("at the roofline there is nothing to look for") {
    tune::Task task = fake_task();
    task.roofline_us = 98.5;
    FakeBench bench(fake_cost);
    std::vector<tune::Trial> trials;
    const auto verdict = tuned(task, bench, trials);
    REQUIRE(verdict.status().message() == "");
    CHECK(verdict.value().at_roofline);
    CHECK(verdict.value().winner.text() == "first a=4,b=8,c=6");  // the one candidate within 2 % of 98.5
    CHECK(trials.back().us == 100.0);
    task.roofline_us = 90.0;
    FakeBench further(fake_cost);
    std::vector<tune::Trial> more;
    CHECK_FALSE(tuned(task, further, more).value().at_roofline);
    CHECK(more.size() > trials.size());
}

TEST_CASE("a candidate whose first process was lucky does not draw the search") {
    // One in four first processes of a candidate takes a third of its time.
    FakeBench bench(fake_cost);
    bench.first_process = [](const Candidate& candidate) { return candidate.schedule.get("b") % 4 == 0 ? 0.33 : 1.0; };
    std::vector<tune::Trial> trials;
    const auto verdict = tuned(fake_task(), bench, trials);
    REQUIRE(verdict.status().message() == "");
    CHECK(verdict.value().winner.text() == "first a=4,b=8,c=6");
    for (const tune::Trial& trial : trials)
        CHECK(trial.us >= 100.0);
}

TEST_CASE("a run that has used its budget goes straight to the verdict") {
    tune::Task task = fake_task();
    const Candidate best{"first", schedule_of({{"a", 4}, {"b", 8}, {"c", 6}})};
    task.recalled = {{task.incumbent, Code::ok, 200.0, 1.0, ""},
                     {best, Code::ok, 100.0, 500.0, ""},
                     {{"gone", best.schedule}, Code::ok, 1.0, 2.0, ""}};
    FakeBench bench(fake_cost);
    std::vector<tune::Trial> trials;
    const auto verdict = tuned(task, bench, trials);
    REQUIRE(verdict.status().message() == "");
    CHECK(trials.empty());
    CHECK(verdict.value().winner == best);
}

TEST_CASE("the budget holds") {
    for (const double budget : {1.0, 2.0, 5.0, 60.0}) {
        FakeBench bench(fake_cost, 1, 0.3);
        std::vector<tune::Trial> trials;
        REQUIRE(tuned(fake_task(1, budget), bench, trials).status().message() == "");
        CAPTURE(budget);
        CHECK(bench.now <= 1.5 * budget + 0.1);
    }
}

}  // namespace

}  // namespace convt::test
