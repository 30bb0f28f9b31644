// SPDX-License-Identifier: Apache-2.0
// Winograd's own promises: its bound holds on data that is chosen against it, its errors stay near those of a direct
// kernel, and a problem can refuse it.
#include "tests/support/compare.h"
#include "tests/support/data.h"
#include "tests/support/trial.h"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cmath>
#include <functional>

namespace convt::test {
namespace {

// Two taps in two axes and in one, three, four nested; phases in lanes; padding, both types.
const char* const texts[]{
    "convt2d_f32_ci40_co16_i9x11_k4x4_s2x2_p1x1", "convt2d_f32_ci24_co20_i10x10_k3x3_p1x1_bias",
    "convt1d_f32_ci64_co16_i50_k16_s8_p4_bias",   "convt1d_f32_ci64_co24_i40_k16_s4",
    "convt2d_f64_ci16_co8_i7x8_k8x8_s4x4_p2x2",   "convt1d_f32_ci48_co2_i40_k64_s16_p5_bias",
};

Trial trial_of(const char* text, const char* strategy) {
    Trial trial;
    trial.problem = Problem::parse(text).value();
    trial.strategy = strategy;
    return trial;
}

std::vector<std::byte> changed(ElementType type, const std::vector<std::byte>& tensor,
                               const std::function<double(std::size_t, double)>& change) {
    std::vector<double> scalars = to_scalars(type, tensor);
    for (std::size_t i = 0; i < scalars.size(); ++i)
        scalars[i] = change(i, scalars[i]);
    return from_scalars(type, scalars);
}

std::vector<std::byte> output_of(const Trial& trial, const Operands& operands, TransformFacts& transform) {
    const Result<std::shared_ptr<const Kernel>> kernel = compile(trial);
    INFO(trial.text() << " " << kernel.status().message());
    REQUIRE(kernel.ok());
    transform = kernel.value()->info().transform;
    const Result<std::vector<std::byte>> y = run_guarded(*kernel.value(), operands);
    REQUIRE(y.ok());
    return y.value();
}

double max_error(const Trial& trial, const Operands& operands, const Reference& reference) {
    TransformFacts transform;
    const std::vector<double> y = to_scalars(trial.problem.types().output, output_of(trial, operands, transform));
    double most = 0;
    for (std::size_t i = 0; i < y.size(); ++i)
        most = std::max(most, std::abs(y[i] - static_cast<double>(reference.values[i])));
    return most;
}

}  // namespace

TEST_CASE("winograd: its bound holds on adversarial data") {
    using Change = std::function<double(std::size_t, double)>;
    const auto sign = [](std::size_t i) { return i % 2 == 0 ? 1.0 : -1.0; };
    const std::vector<std::pair<Change, Change>> kinds{
        {[](std::size_t, double v) { return std::abs(v); }, [](std::size_t, double v) { return std::abs(v); }},
        {[&](std::size_t i, double v) { return sign(i) * std::abs(v); },
         [&](std::size_t i, double v) { return sign(i) * std::abs(v); }},
        // Large values that cancel but for a ten-thousandth.
        {[](std::size_t, double v) { return 4096 + v; }, [&](std::size_t i, double v) { return sign(i) * 4096 + v; }},
        // One large value among small ones: it meets every output of its tiles, and leaves most of them.
        {[](std::size_t i, double v) { return i % 13 == 0 ? 65536 * v : v; }, [](std::size_t, double v) { return v; }},
    };
    for (const char* text : texts) {
        const Trial trial = trial_of(text, "winograd");
        for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
            Operands operands = uniform_operands(trial.problem, 3);
            operands.x = changed(trial.problem.types().input, operands.x, kinds[kind].first);
            operands.weights = changed(trial.problem.types().weights, operands.weights, kinds[kind].second);
            TransformFacts transform;
            const std::vector<std::byte> y = output_of(trial, operands, transform);
            INFO(text << ", data " << kind);
            CHECK(transform.growth > 1);
            CHECK(first_mismatch(trial.problem, y, oracle(trial.problem, operands), Match::bounded, transform)
                      .value_or("") == "");
        }
    }
}

TEST_CASE("winograd: errors at most twice those of a direct kernel") {
    for (const char* text : texts) {
        const Problem problem = trial_of(text, "").problem;
        const Operands operands = uniform_operands(problem, 5);
        const Reference reference = oracle(problem, operands);
        Trial plain = trial_of(text, "");
        plain.problem.sums = Sums::direct;
        const double direct = max_error(plain, operands, reference);
        INFO(text << ", direct " << direct);
        CHECK(max_error(trial_of(text, "winograd"), operands, reference) <= 2 * direct);
    }
}

TEST_CASE("winograd: a problem that says direct refuses it") {
    const Problem problem = Problem::parse("convt2d_f32_ci64_co64_i32x32_k4x4_s2x2_p1x1_direct").value();
    CHECK(refusal("winograd", problem, Target::host()).find("direct") != std::string::npos);
}

}  // namespace convt::test
