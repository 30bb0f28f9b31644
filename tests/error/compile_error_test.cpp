// SPDX-License-Identifier: Apache-2.0
// What a caller of the compiler can get wrong: each comes back as a status that names the field, the value and the
// rule.
#include "convt/halide_compiler.h"

#include <fmt/format.h>
#include <catch2/catch_test_macros.hpp>

#include <functional>
#include <utility>

namespace convt::test {
namespace {

struct Mistake {
    const char* what;
    std::string strategy;
    std::string schedule;
    std::vector<std::string> said;  // all of them in the message
};

const char* const problem_text = "convt2d_f32_ci8_co16_i9x9_k4x4_s2x2_p1x1";

Problem problem() {
    return Problem::parse(problem_text).value();
}

// A legal schedule of the last strategy, which takes everything, with one knob changed.
std::string changed(const std::function<void(Schedule&, const std::vector<Knob>&)>& change) {
    const std::string last = strategy_names().back();
    Schedule schedule = default_schedule(last, problem(), Target::host());
    change(schedule, schedule_space(last, problem(), Target::host()));
    return schedule.text();
}

std::vector<Mistake> mistakes() {
    const std::string last = strategy_names().back();
    const std::string knob = schedule_space(last, problem(), Target::host()).front().name;
    const std::string legal = default_schedule(last, problem(), Target::host()).text();
    return {
        {"an unknown strategy", "fastest", "", {"strategy", "fastest", last}},
        {"an unknown knob", last, legal + ",warp=2", {"warp", last}},
        {"a value outside the knob's list",
         last,
         changed([&](Schedule& s, auto&) { s.set(knob, 9999); }),
         {knob, "9999", "must be one of"}},
        {"a missing knob", last, knob + "=1", {"missing", last}},
        {"a schedule that is none", last, "tx=", {"tx="}},
        {"a schedule without its strategy", "", legal, {"schedule", legal, "strategy"}},
    };
}

void check_refused(const Status& status, const Mistake& mistake) {
    INFO(mistake.what << ": " << status.message());
    CHECK(status.code() == Code::invalid_argument);
    for (const std::string& word : mistake.said) {
        INFO(word);
        CHECK(status.message().find(word) != std::string::npos);
    }
}

}  // namespace

TEST_CASE("compile: options that do not fit are refused by name before anything is compiled") {
    for (const Mistake& mistake : mistakes()) {
        CompileOptions options;
        options.strategy = mistake.strategy;
        options.schedule = mistake.schedule;
        check_refused(compile_object(problem(), Target::host(), options).status(), mistake);
        check_refused(make_plan(problem(), Target::host(), options).status(), mistake);
        check_refused(halide_compiler(options)->compile(problem(), Target::host()).status(), mistake);
        check_refused(halide_compiler(options)->fingerprint(problem(), Target::host()).status(), mistake);
    }
}

TEST_CASE("compile: a strategy that does not take the problem gives its reason") {
    // A depthwise problem of one lane: somebody refuses it, or everybody takes it and there is nothing to show.
    const Problem hard = Problem::parse("convt1d_c128_ci3_co3_i1_k1_s7_g3_nhwc").value();
    for (const std::string& strategy : strategy_names()) {
        const std::string reason = refusal(strategy, hard, Target::host());
        if (reason.empty()) continue;
        CompileOptions options;
        options.strategy = strategy;
        check_refused(compile_object(hard, Target::host(), options).status(),
                      {"a refusing strategy", strategy, "", {strategy, hard.text(), reason}});
    }
    CHECK(refusal(strategy_names().back(), hard, Target::host()).empty());
    CHECK(refusal("fastest", hard, Target::host()).find("fastest") != std::string::npos);
}

TEST_CASE("compile: padding modes are refused by name for GPUs") {
    for (const char* mode : {"pmreflect", "pmreplicate", "pmcircular"}) {
        const Problem folds = Problem::parse(fmt::format("{}_{}", problem_text, mode)).value();
        const Target gpu = Target::parse("cuda-sm80").value();
        const std::string said = fmt::format("padding_mode = {}: is built for CPUs alone", mode);
        for (const std::string& strategy : strategy_names(gpu))
            CHECK(refusal(strategy, folds, gpu) == said);
        const std::string message = fmt::format("{} for cuda-sm80: {}", folds.text(), said);
        for (const Status& status :
             {make_plan(folds, gpu).status(), compile_object(folds, gpu).status(),
              halide_compiler()->compile(folds, gpu).status(), halide_compiler()->fingerprint(folds, gpu).status()}) {
            CHECK(status.code() == Code::unsupported);
            CHECK(status.message() == message);
        }
        CHECK(make_plan(folds, Target::host()).ok());
    }
}

TEST_CASE("compile: a problem that breaks a rule is refused") {
    Problem broken = problem();
    broken.axes[1].stride = 0;
    const Status status = compile_object(broken, Target::host()).status();
    INFO(status.message());
    CHECK(status.code() == Code::invalid_problem);
    CHECK(status.message().find("stride") != std::string::npos);
    CHECK(make_plan(broken, Target::host()).status().code() == Code::invalid_problem);
}

TEST_CASE("compile: unknown targets and features are refused with the list of those there are") {
    const std::pair<const char*, const char*> unknown[] = {
        {"pentium", "pentium"}, {"x86-64-v9", "x86-64-v9"}, {"", ""}, {"x86-64-v3+warp", "warp"}};
    for (const auto& [text, named] : unknown) {
        const Result<Target> target = Target::parse(text);
        INFO(text << ": " << target.status().message());
        REQUIRE_FALSE(target.ok());
        CHECK(target.status().code() == Code::unknown_target);
        CHECK(target.status().message().find(named) != std::string::npos);
    }
    CHECK(Target::parse("pentium").status().message().find("x86-64-v3") != std::string::npos);
}

}  // namespace convt::test
