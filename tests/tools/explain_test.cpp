// SPDX-License-Identifier: Apache-2.0
#include "tools/explain/explain.h"
#include "convt/halide_compiler.h"
#include "tests/tools/harness.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <algorithm>
#include <sstream>

using namespace convt;
using Catch::Matchers::ContainsSubstring;

namespace {

// Values of the lines of that name.
std::vector<std::string> values(const std::string& text, const std::string& name) {
    std::vector<std::string> found;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with(name + std::string(15 - name.size(), ' '))) found.push_back(line.substr(15));
    }
    return found;
}

std::string value(const std::string& text, const std::string& name) {
    const auto found = values(text, name);
    return found.size() == 1 ? found[0] : std::to_string(found.size()) + " lines";
}

}  // namespace

TEST_CASE("convt-explain: every fact on its line") {
    const test::Workplace folder;
    const auto called =
        test::call(cli::explain_tool, {"convt2d_f32_ci8_co16_i5x7_k4_s2_p1_bias", "--target", "x86-64-v3"});
    CAPTURE(called.err);
    REQUIRE(called.exit_code == 0);
    CAPTURE(called.out);
    CHECK(value(called.out, "problem") == "convt2d_f32_ci8_co16_i5x7_k4x4_s2x2_p1x1_bias");
    CHECK(value(called.out, "target") == "x86-64-v3");
    CHECK(value(called.out, "output shape") == "(1, 16, 10, 14)");
    CHECK(value(called.out, "input") == "1120 bytes");
    CHECK(value(called.out, "output") == "8960 bytes");
    CHECK(value(called.out, "weights") == "8192 bytes");
    CHECK(value(called.out, "padded copy") == "2016 bytes");  // one row and one column of zeros on either side
    CHECK(value(called.out, "multiply-adds") == "71680");
    CHECK_THAT(value(called.out, "roofline"), ContainsSubstring("18336 bytes"));
    CHECK_THAT(value(called.out, "predicted"), ContainsSubstring(" % of the FMA peak"));
    CHECK(value(called.out, "packed") != "0 bytes");
    CHECK(value(called.out, "cache key").size() == 48);
    const auto names = strategy_names();
    const std::string strategy = value(called.out, "strategy");
    CHECK(std::find(names.begin(), names.end(), strategy.substr(0, strategy.find(':'))) != names.end());
    CHECK_THAT(value(called.out, "schedule"), ContainsSubstring("(default)"));
}

TEST_CASE("convt-explain: every strategy that refuses gives its reason") {
    const test::Workplace folder;
    const std::string text = "convt1d_f32_ci1_co1_i1_k1";
    const auto called = test::call(cli::explain_tool, {text});
    REQUIRE(called.exit_code == 0);
    const auto refused = values(called.out, "refused");
    std::vector<std::string> expected;
    for (const std::string& name : strategy_names()) {
        const std::string reason = refusal(name, Problem::parse(text).value(), Target::host());
        if (!reason.empty()) expected.push_back(name + ": " + reason);
    }
    CHECK(refused == expected);
}

TEST_CASE("convt-explain: a tuned table is used, and --untuned ignores it") {
    const test::Workplace folder;
    const Problem problem = Problem::parse("convt2d_f32_ci16_co32_i8_k4_s2_p1").value();
    const auto plan = make_plan(problem, Target::host());
    REQUIRE(plan.ok());
    TunedTable table;
    TunedRow row;
    row.problem = problem.text();
    row.strategy = plan.value().strategy;
    row.schedule = plan.value().schedule;
    row.median_us = 20.0;
    row.default_us = 25.0;
    row.date = "2026-01-31";
    row.versions = "test";
    row.cpu = "test";
    table.put(row);
    REQUIRE(std::filesystem::create_directory(folder / "db"));
    REQUIRE(table.save(tuned_path(folder / "db", Target::host())).ok());
    const auto tuned = test::call(cli::explain_tool, {problem.text(), "--db", folder / "db"});
    CAPTURE(tuned.err);
    CHECK_THAT(value(tuned.out, "schedule"), ContainsSubstring("(tuned)"));
    CHECK_THAT(value(tuned.out, "measured"), ContainsSubstring("20.0 us, "));
    CHECK_THAT(value(tuned.out, "measured"), ContainsSubstring("default schedule 25.0 us"));
    const auto untuned = test::call(cli::explain_tool, {problem.text(), "--db", folder / "db", "--untuned"});
    CHECK_THAT(value(untuned.out, "schedule"), ContainsSubstring("(default)"));
    CHECK(values(untuned.out, "measured").empty());
    CHECK(value(tuned.out, "cache key") != value(untuned.out, "cache key"));
}

TEST_CASE("convt-explain: a stale row is passed over, with its reason, for the next one or the default") {
    const test::Workplace folder;
    const Problem problem = Problem::parse("convt2d_f32_ci16_co32_i8_k4_s2_p1").value();
    TunedTable table;
    TunedRow row;
    row.problem = problem.text();
    row.strategy = "general";
    row.schedule = Schedule::parse("tx=1,gone=2").value();
    row.date = "2026-01-31";
    row.cpu = "A CPU";
    row.machine = Machine::host();
    table.put(row);
    REQUIRE(std::filesystem::create_directory(folder / "db"));
    REQUIRE(table.save(tuned_path(folder / "db", Target::host())).ok());
    const auto passed_over = test::call(cli::explain_tool, {problem.text(), "--db", folder / "db"});
    CAPTURE(passed_over.err);
    CHECK_THAT(value(passed_over.out, "schedule"), ContainsSubstring("(default)"));
    const std::string reason = value(passed_over.out, "passed over");
    CHECK_THAT(reason, ContainsSubstring("general tx=1,gone=2, 2026-01-31, A CPU"));
    CHECK_THAT(reason, ContainsSubstring("knob gone"));
    row.schedule = default_schedule("general", problem, Target::host());
    row.machine.vector_bytes *= 2;
    table.put(row);
    REQUIRE(table.save(tuned_path(folder / "db", Target::host())).ok());
    const auto next = test::call(cli::explain_tool, {problem.text(), "--db", folder / "db"});
    CHECK_THAT(value(next.out, "schedule"), ContainsSubstring("(tuned)"));
    CHECK_THAT(value(next.out, "strategy"), ContainsSubstring("general: tuned on 2026-01-31 on the nearest machine"));
    CHECK(values(next.out, "passed over").size() == 1);
}

TEST_CASE("convt-explain: a bad problem ends with 2") {
    const auto called = test::call(cli::explain_tool, {"convt2d_f32_ci8_co16_i5_k4_s0"});
    CHECK(called.exit_code == 2);
    CHECK(called.out.empty());
    CHECK(called.err.starts_with("convt-explain: "));
}

TEST_CASE("convt-explain: a GPU's target has a modelled time on every device that runs it, and what limits there") {
    const test::Workplace folder;
    const auto called = test::call(cli::explain_tool, {"convt2d_f32_ci64_co64_i16_k4_s2_p1", "--target", "cuda-sm80"});
    CAPTURE(called.err);
    REQUIRE(called.exit_code == 0);
    const auto modelled = values(called.out, "modelled");
    REQUIRE(modelled.size() == 4);
    for (const char* device : {"a100: ", "h100: ", "h200: ", "rtx3090: "}) {
        const auto line = std::find_if(modelled.begin(), modelled.end(),
                                       [&](const std::string& text) { return text.starts_with(device); });
        REQUIRE(line != modelled.end());
        CHECK_THAT(*line, ContainsSubstring(" us, limited by "));
        CHECK_THAT(*line, ContainsSubstring(" % of the roofline"));
    }
    CHECK(values(called.out, "predicted").empty());
}
