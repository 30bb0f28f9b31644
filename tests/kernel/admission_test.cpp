// SPDX-License-Identifier: Apache-2.0
// Admission: right kernels pass, each kind of wrong one is caught and named, and the samples are what they claim.
#include "convt/admission.h"

#include "runtime/kernel/definition.h"
#include "runtime/problem/scalars.h"
#include "tests/kernel/hand_kernels.h"
#include "tests/support/data.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <set>

using Catch::Matchers::ContainsSubstring;

namespace convt::test {
namespace {

TEST_CASE("right kernels are admitted") {
    for (const HandKernel& hand : good_kernels()) {
        INFO(hand.problem);
        const Status status = admit(*load_kernel(hand.name));
        INFO(status.message());
        CHECK(status.ok());
    }
}

TEST_CASE("wrong kernels are not, and the message says where") {
    const std::vector<std::pair<const char*, const char*>> wrong = {
        {"skips_corner", "output n 0, c 3, o (8, 10) was not written"},
        {"wrong_phase", "must be"},
        {"wrong_border", ", 10) is"},
    };
    for (const auto& [name, words] : wrong) {
        const Status status = admit(*load_kernel(name));
        CHECK(status.code() == Code::wrong_result);
        for (const std::string word : {words, hand_kernel(name).problem, "strategy hand", "schedule none"})
            CHECK_THAT(status.message(), ContainsSubstring(word));
    }
    CHECK(admit(*load_kernel("fails")).code() == Code::internal);
}

// What a child that admits the kernel ends with: a signal's number, or 1000 plus the code.
int admit_in_child(const std::string& name) {
    const std::shared_ptr<const Kernel> kernel = load_kernel(name);
    const pid_t child = fork();
    if (child == 0) {
        std::signal(SIGSEGV, SIG_DFL);
        _exit(static_cast<int>(admit(*kernel).code()));
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 1000 + WEXITSTATUS(status);
}

TEST_CASE("writes outside the output meet the guard page or the margin") {
    CHECK(admit_in_child("plane") == 1000 + static_cast<int>(Code::ok));
    CHECK(admit_in_child("writes_behind") == SIGSEGV);
    CHECK(admit_in_child("writes_before") == 1000 + static_cast<int>(Code::wrong_result));
}

TEST_CASE("the definition by output agrees with the oracle, which scatters") {
    for (const char* text :
         {"convt2d_f32_n2_ci4_co6_i5x3_k3x4_s2x3_p1:0x2:1_op1x0_d2x1_g2_nhwc2nchw_bias_leaky0.1",
          "convt1d_c64_ci3_co2_i9_k7_s4_p3_d3_nchw2nhwc_bias", "convt3d_f64_n2_ci2_co2_i3x2x4_k2_s3x1x2_g2_relu"}) {
        INFO(text);
        Call call(Problem::parse(text).value());
        const ElementTypeInfo& type = element_type_info(call.problem.types().output);
        const DenseOperands operands{call.operands.x.data(),
                                     call.operands.weights.data(),
                                     call.problem.bias ? call.operands.bias.data() : nullptr,
                                     {}};
        for (const OutputIndex& index : sample_outputs(call.problem, INT64_MAX)) {
            const std::array<EpilogueValue, 2> value = defined_output(call.problem, operands, index);
            for (int part = 0; part < type.parts; ++part) {
                const std::int64_t at = type.parts * output_offset(call.problem, index) + part;
                store_scalar(type.type, static_cast<double>(value[static_cast<std::size_t>(part)].value),
                             &call.y[static_cast<std::size_t>(at * type.scalar_bytes)]);
            }
        }
        CHECK(call.mismatch() == "");
    }
}

TEST_CASE("samples cover all of many phases") {
    const Problem problem = Problem::parse("convt2d_f32_ci1024_co8_i20_k16_s16").value();
    std::set<std::pair<std::int64_t, std::int64_t>> phases;
    for (const OutputIndex& index : sample_outputs(problem, 1'000'000))
        phases.emplace(index.o[0] % 16, index.o[1] % 16);
    CHECK(phases.size() == 256);
}

TEST_CASE("samples cover every phase, both ends of every axis and the first and last channel") {
    const Problem problem = Problem::parse("convt2d_f32_n2_ci256_co130_i300x400_k4x7_s2x5_p1x2_d1x3").value();
    const std::vector<OutputIndex> samples = sample_outputs(problem, 1'000'000);
    CHECK(samples.size() < 1000);
    std::set<std::pair<std::int64_t, std::int64_t>> phases;
    std::array<std::set<std::int64_t>, 2> positions;
    std::set<std::int64_t> channels;
    for (const OutputIndex& index : samples) {
        phases.emplace(index.o[0] % 2, index.o[1] % 5);
        channels.insert(index.c);
        for (std::size_t a = 0; a < 2; ++a)
            positions[a].insert(index.o[a]);
        CHECK(index.n < 2);
    }
    CHECK(phases.size() == 10);
    CHECK(channels.contains(0));
    CHECK(channels.contains(129));
    for (std::size_t a = 0; a < 2; ++a) {
        const std::int64_t last = problem.axes[a].output() - 1;
        CHECK(*positions[a].rbegin() == last);
        for (std::int64_t i = 0; i < problem.axes[a].stride + problem.axes[a].kernel; ++i) {
            CHECK(positions[a].contains(i));
            CHECK(positions[a].contains(last - i));
        }
    }
}

}  // namespace
}  // namespace convt::test
