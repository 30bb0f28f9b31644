// SPDX-License-Identifier: Apache-2.0
// What archives compute: the worked examples, and problems of every type, layout and epilogue against the oracle.
#include "tests/aot/archive.h"
#include "tests/support/cases.h"
#include "tests/support/compare.h"
#include "tests/support/data.h"

#include "convt/target.h"

#include <catch2/catch_test_macros.hpp>

#include <string_view>

namespace convt::test {

namespace {

std::vector<NamedProblem> various_problems() {
    return {
        named("plain", "convt2d_f32_ci8_co16_i6x5_k4x4_s2x2_p1x1"),
        named("leaky", "convt2d_f32_n2_ci5_co3_i4x9_k3x2_s2x3_p1:0x0:1_op1x0_bias_leaky0.25"),
        named("last", "convt2d_f32_ci6_co10_i5x7_k3x3_s2x2_p1x1_nhwc_bias_relu"),
        named("turned", "convt1d_f64_n3_ci4_co9_i11_k5_s3_p2_d2_nchw2nhwc"),
        named("back", "convt3d_f64_ci4_co6_i3x4x5_k2x3x1_s1x2x1_g2_nhwc2nchw"),
        named("complex_", "convt1d_c64_ci3_co4_i9_k4_s2_bias"),
        named("complex_last", "convt2d_c128_ci2_co5_i4x4_k3x3_s2x2_nhwc"),
        named("zeros", "convt2d_f32_ci2_co4_i3x3_k2x2_s5x4_bias"),
        named("depthwise", "convt2d_f32_ci8_co8_i7x6_k3x3_s2x2_p1x1_op1x1_g8"),
        named("chain", "convt2d_f32_ci5_co9_i6x7_k4x4_s2x2_p1x1_bias_scale_shift_clamp-1:6"),
        named("gradient", "convt2d_f64_ci6_co10_i5x7_k4x3_s2x3_p1x0:1_g2_nchw2nhwc_gradinput"),
        named("residual", "convt2d_f64_ci5_co9_i6x7_k4x4_s2x2_p1x1_nhwc_prelu_add_relu"),
        named("wide", "convt2d_f32_n4_ci16_co32_i16x16_k4x4_s2x2_p1x1_bias"),
    };
}

void check_against_oracle(const LoadedArchive& archive, const NamedProblem& problem, std::uint64_t seed) {
    INFO(problem.problem.text() << " on " << archive.target() << ", integer_operands seed " << seed);
    const Operands operands = integer_operands(problem.problem, seed);
    const Reference reference = oracle(problem.problem, operands);
    std::vector<std::byte> y;
    CHECK(archive.run(problem, operands, y) == 0);
    CHECK(first_mismatch(problem.problem, y, reference, Match::exact).value_or("") == "");
    CHECK(archive.run_unpacked(problem, operands, y) == 0);
    CHECK(first_mismatch(problem.problem, y, reference, Match::exact).value_or("") == "");
}

}  // namespace

TEST_CASE("every worked example is right to its printed form") {
    const std::vector<SeedCase> cases = seed_cases();
    std::vector<NamedProblem> problems;
    for (const SeedCase& seed : cases)
        problems.push_back({seed.id, seed.problem, ""});
    const Archive archive("seeds", problems, "host");
    const LoadedArchive loaded(archive);
    for (std::size_t i = 0; i < cases.size(); ++i) {
        INFO(cases[i].id << " " << cases[i].problem.text());
        std::vector<std::byte> y;
        CHECK(loaded.run(problems[i], cases[i].operands, y) == 0);
        CHECK(seed_mismatch(cases[i], y).value_or("") == "");
    }
}

TEST_CASE("an archive of one target runs that one and agrees with the oracle") {
    for (const TargetInfo& row : targets()) {
        if (std::string_view(row.arch) != host_arch() || !missing_features(row.features, host_features()).empty())
            continue;
        const Archive archive("one", various_problems(), row.name);
        const LoadedArchive loaded(archive);
        CHECK(loaded.target() == row.name);
        for (const NamedProblem& problem : various_problems())
            check_against_oracle(loaded, problem, 7);
    }
}

TEST_CASE("results have the same bits on any number of threads") {
    const NamedProblem problem = various_problems().back();
    const Archive archive("threads", {problem}, "host");
    const LoadedArchive loaded(archive);
    const Operands operands = uniform_operands(problem.problem, 11);
    loaded.set_threads(1);
    std::vector<std::byte> one;
    REQUIRE(loaded.run(problem, operands, one) == 0);
    for (const int threads : {0, 2, 3, 8}) {
        loaded.set_threads(threads);
        std::vector<std::byte> many;
        REQUIRE(loaded.run(problem, operands, many) == 0);
        CHECK(many == one);
    }
}

TEST_CASE("a pointer that is null, misaligned or overlapping is refused and nothing is written") {
    const NamedProblem problem = named("p", "convt1d_f32_ci1_co1_i4_k2_s2_bias");
    const Archive archive("arguments", {problem}, "host");
    const LoadedArchive loaded(archive);
    alignas(64) float x[8] = {1, 2, 3, 4};
    alignas(64) float packed[512] = {};
    alignas(64) float bias[1] = {1};
    alignas(64) float y[8] = {-7, -7, -7, -7, -7, -7, -7, -7};
    const auto refused = [&](const void* a, const void* b, const void* c, void* d, const std::string& words) {
        CHECK(loaded.call_run(problem, a, b, c, d) == 1);
        CHECK(loaded.last_error() == "arguments_p: " + words);
        for (const float value : y)
            CHECK(value == -7);
    };
    refused(nullptr, packed, bias, y, "x is null");
    refused(x, nullptr, bias, y, "packed is null");
    refused(x, packed, nullptr, y, "bias is null");
    refused(x, packed, bias, nullptr, "y is null");
    refused(reinterpret_cast<char*>(x) + 2, packed, bias, y, "x is not aligned to 4 bytes");
    refused(x, packed + 1, bias, y, "packed is not aligned to 64 bytes");
    refused(y + 7, packed, bias, y, "y overlaps x");
    refused(x, packed, y + 1, y, "y overlaps bias");
}

TEST_CASE("what a problem leaves open are parameters of its functions") {
    const Archive archive("open",
                          {named("p", "convt1d_f32_n?_ci1_co2_i?*2_k4_s2_p1_nchw2nhwc_bias_add"),
                           named("rows", "convt2d_f64_ci1_co1_i?x2_k2_s2")},
                          "host");
    const std::string folder = archive.folder(), program = folder + "/open";
    const Ran built =
        run_program({"cc", "-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror", "-I" + folder, "-o", program,
                     std::string(CONVT_AOT_PROGRAMS) + "/open.c", archive.library(), "-pthread"});
    INFO(built.err);
    REQUIRE(built.code == 0);
    const Ran ran = run_program({program});
    INFO(ran.out << ran.err);
    CHECK(ran.code == 0);
}

}  // namespace convt::test
