// SPDX-License-Identifier: Apache-2.0
// No time is checked here: times are positive and in order, the rest is counted.
#include "tools/bench/bench.h"
#include "tests/support/cases.h"
#include "tests/support/data.h"
#include "tests/support/oracle.h"
#include "tests/tools/harness.h"
#include "tools/bench/machine.h"
#include "tools/bench/measure.h"
#include "tools/bench/reference.h"
#include "tools/bench/report.h"
#include "tools/bench/statistics.h"

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

using namespace convt;
using Catch::Matchers::ContainsSubstring;
using Json = nlohmann::ordered_json;

namespace {

std::vector<std::string> keys(const Json& object) {
    std::vector<std::string> all;
    for (const auto& [key, value] : object.items())
        all.push_back(key);
    return all;
}

// The oracle's values as a tensor of the problem's type.
std::vector<std::byte> oracle_output(const Problem& problem, const test::Operands& operands) {
    const test::Reference reference = test::oracle(problem, operands);
    return test::from_scalars(problem.types().output,
                              std::vector<double>(reference.values.begin(), reference.values.end()));
}

}  // namespace

TEST_CASE("bench: statistics") {
    CHECK(cli::median({}) == 0.0);
    CHECK(cli::median({3, 1, 2}) == 2.0);
    CHECK(cli::median({4, 1, 2, 3}) == 2.5);
    CHECK(cli::geometric_mean({}) == 0.0);
    CHECK(cli::geometric_mean({1, 100}) == Catch::Approx(10.0));
}

TEST_CASE("bench: the sampled reference agrees with the oracle, and sees what is wrong") {
    for (const NamedProblem& named : test::problem_cases("edge.tsv")) {
        CAPTURE(named.name, named.problem.text());
        const test::Operands operands = test::uniform_operands(named.problem, 7);
        std::vector<std::byte> y = oracle_output(named.problem, operands);
        const cli::Operands views{
            operands.x, operands.weights, operands.bias, y, {operands.epilogue.begin(), operands.epilogue.end()}};
        const cli::Deviation right = cli::compare_sampled(named.problem, views, 100, 1);
        CHECK(right.wrong == "");
        CHECK(right.max_error <= right.error_bound);

        // The first output is a corner, always looked at. Two is more than narrow types round, and towards zero they do
        // not saturate.
        auto scalars = test::to_scalars(named.problem.types().output, y);
        scalars[0] += scalars[0] > 0 ? -2.0 : 2.0;
        y = test::from_scalars(named.problem.types().output, scalars);
        const cli::Operands broken{
            operands.x, operands.weights, operands.bias, y, {operands.epilogue.begin(), operands.epilogue.end()}};
        const cli::Deviation off = cli::compare_sampled(named.problem, broken, 0, 1);
        CHECK(off.wrong != "");
        CHECK(off.max_error == Catch::Approx(2.0).epsilon(1e-3).margin(2 * right.error_bound));
        if (element_type_info(named.problem.types().output).exponent_bits == 0) continue;  // holds no NaN
        scalars[0] = std::nan("");
        y = test::from_scalars(named.problem.types().output, scalars);
        const cli::Operands poisoned{
            operands.x, operands.weights, operands.bias, y, {operands.epilogue.begin(), operands.epilogue.end()}};
        CHECK(cli::compare_sampled(named.problem, poisoned, 0, 1).wrong != "");
    }
}

TEST_CASE("bench: uniform data") {
    std::vector<std::byte> data(80'000);
    for (const ElementType type : {ElementType::f32, ElementType::f64}) {
        cli::fill_uniform(data, type, 3);
        double sum = 0.0;
        double low = 0.0;
        double high = 0.0;
        const std::vector<double> values = test::to_scalars(type, data);
        for (const double v : values) {
            sum += v;
            low = std::min(low, v);
            high = std::max(high, v);
        }
        CHECK((low >= -1.0 && low < -0.99 && high < 1.0 && high > 0.99));
        CHECK(std::abs(sum / static_cast<double>(values.size())) < 0.03);
        std::vector<std::byte> again(data.size());
        cli::fill_uniform(again, type, 3);
        CHECK(again == data);
        cli::fill_uniform(again, type, 4);
        CHECK(again != data);
    }
}

TEST_CASE("bench: limits are positive, and a pass touches every thread's share") {
    for (const int bytes : {16, Target::host().info().vector_bytes}) {
        CHECK(cli::fma_peak(ProblemType::f32, bytes, 1) > 1e8);
        CHECK(cli::fma_peak(ProblemType::c128, bytes, 2) > 1e8);
    }
    for (const auto& [reads, writes] :
         {std::pair(1, 0), std::pair(0, 1), std::pair(100'000, 3), std::pair(3, 100'000)}) {
        CHECK(cli::stream_seconds(reads, writes, 1) > 0.0);
        CHECK(cli::stream_seconds(reads, writes, 2) > 0.0);
    }
    std::vector<int> ran(3, 0);
    CHECK(cli::timed_together(3, [&ran](int t) { ++ran[static_cast<std::size_t>(t)]; }) >= 0.0);
    CHECK(ran == std::vector<int>{1, 1, 1});
}

TEST_CASE("bench: requests and measurements survive their text") {
    cli::MeasureRequest request;
    request.problem = Problem::parse("convt1d_f32_ci2_co3_i4_k2").value();
    request.target = Target::parse("x86-64-v2").value();
    request.tuned.db_dir = "a b\"c";
    request.tuned.untuned = true;
    request.cache_dir = "/folder";
    request.threads = 2;
    request.data_seed = 1;
    request.sample_seed = 18446744073709551615U;
    const auto back = cli::MeasureRequest::parse(request.text());
    REQUIRE(back.ok());
    CHECK(back.value().text() == request.text());
    CHECK(back.value().sample_seed == request.sample_seed);
    const cli::Measurement measurement{1.25, 3.5, std::nan(""), 1e-7, "output"};
    const auto read = cli::Measurement::parse(measurement.text());
    REQUIRE(read.ok());
    CHECK(read.value().text() == measurement.text());
    CHECK(std::isnan(read.value().max_error));
    for (const char* text : {"", "{}", "[1]", "{\"problem\": 3}"}) {
        CHECK_FALSE(cli::MeasureRequest::parse(text).ok());
        CHECK_FALSE(cli::Measurement::parse(text).ok());
    }
}

TEST_CASE("bench: gflops and share follow from the time") {
    cli::CaseReport report;
    report.problem = Problem::parse("convt2d_f32_ci10_co10_i10x10_k10x10").value();
    report.median_us = 1000.0;
    report.roofline_us = 250.0;
    CHECK(report.gflops() == Catch::Approx(2.0));  // 10^6 multiply-adds in a millisecond
    CHECK(report.roofline_share() == Catch::Approx(0.25));
}

TEST_CASE("convt-bench: usage") {
    const test::Workplace folder;
    test::write_text(folder / "p", "a\tconvt1d_f32_ci1_co1_i4_k2\n");
    CHECK(test::call(cli::bench_tool, {}).exit_code == 2);
    CHECK(test::call(cli::bench_tool, {"--problems", folder / "p"}).exit_code == 2);
    CHECK(test::call(cli::bench_tool, {"--problems", folder / "q", "--json", folder / "out"}).exit_code == 4);
    CHECK(test::call(cli::bench_tool, {cli::measure_argument, "{}"}).exit_code == 2);
}

TEST_CASE("convt-bench: the whole run, and the JSON of the contract") {
    const test::Workplace folder;
    test::write_text(folder / "p",
                     "first\tconvt1d_f32_ci3_co8_i16_k4_s2_p1_bias\nsecond\tconvt2d_c128_ci2_co2_i3_k2\n");
    const auto called = test::call("convt-bench", {"--problems", folder / "p", "--json", folder / "out", "--untuned"});
    CAPTURE(called.err);
    REQUIRE(called.exit_code == 0);
    CHECK_THAT(called.out, ContainsSubstring("seed 1") && ContainsSubstring("first") && ContainsSubstring("geometric"));
    const Json json = Json::parse(test::read_text(folder / "out"));
    CHECK(keys(json) == std::vector<std::string>{"machine", "cases"});
    REQUIRE(json["cases"].size() == 2);
    for (const Json& c : json["cases"]) {
        CHECK(keys(c) == std::vector<std::string>{"name", "problem", "target", "threads", "strategy", "schedule_source",
                                                  "median_us", "interval_us", "gflops", "roofline_us", "roofline_share",
                                                  "compile_ms", "admission_ms", "load_ms", "code_bytes", "packed_bytes",
                                                  "max_error", "error_bound", "peers"});
        CHECK(c["target"] == Target::host().info().name);  // f32 has no use for more
        CHECK(c["threads"] == 1);
        CHECK(c["schedule_source"] == "default");
        CHECK(c["interval_us"].size() == 2);
        CHECK(c["interval_us"][0] <= c["median_us"]);
        CHECK(c["median_us"] <= c["interval_us"][1]);
        for (const char* positive : {"median_us", "gflops", "roofline_us", "roofline_share", "compile_ms",
                                     "admission_ms", "load_ms", "code_bytes", "packed_bytes", "error_bound"}) {
            CAPTURE(positive);
            CHECK(c[positive].get<double>() > 0.0);
        }
        CHECK(c["max_error"] <= c["error_bound"]);
        CHECK(c["peers"] == Json::object());
    }
    CHECK(json["cases"][0]["problem"] == "convt1d_f32_ci3_co8_i16_k4_s2_p1_bias");
    CHECK(json["machine"]["seed"] == 1);
    CHECK(json["machine"]["processes"] >= 3);
    CHECK(json["machine"]["peak_gflops"]["f64"].get<double>() > 0.0);
}

TEST_CASE("convt-bench: an interrupt ends with 130 and leaves nothing") {
    const test::Workplace folder;
    test::write_text(folder / "p", "a\tconvt1d_f32_ci3_co8_i16_k4_s2_p1_bias\n");
    REQUIRE(std::filesystem::create_directory(folder / "tmp"));
    std::string environment = "TMPDIR=" + folder / "tmp";
    std::string program = test::tool_path("convt-bench");
    std::string problems = folder / "p";
    std::string json = folder / "out";
    char* const arguments[] = {program.data(),  const_cast<char*>("--problems"),
                               problems.data(), const_cast<char*>("--json"),
                               json.data(),     nullptr};
    char* const variables[] = {environment.data(), nullptr};
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    pid_t child = -1;
    REQUIRE(::posix_spawn(&child, program.c_str(), &actions, nullptr, arguments, variables) == 0);
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    char first = 0;
    REQUIRE(::read(ends[0], &first, 1) == 1);  // the first line of progress: it is at work
    REQUIRE(::kill(child, SIGINT) == 0);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    ::close(ends[0]);
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 130);
    CHECK(test::read_text(json).empty());
    CHECK(std::filesystem::is_empty(folder / "tmp"));
}
