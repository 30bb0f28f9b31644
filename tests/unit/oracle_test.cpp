// SPDX-License-Identifier: Apache-2.0
// The oracle is held against numbers computed by hand and against the worked examples of cases/seeds.json.
#include "tests/support/oracle.h"

#include "tests/support/cases.h"
#include "tests/support/compare.h"
#include "tests/support/data.h"

#include <catch2/catch_test_macros.hpp>

#include <cmath>

namespace convt::test {
namespace {

Problem problem(const char* text) {
    Result<Problem> p = Problem::parse(text);
    INFO(p.status().message());
    REQUIRE(p.ok());
    return p.value();
}

std::vector<double> values(const char* text, const std::vector<double>& x, const std::vector<double>& w,
                           const std::vector<double>& bias = {}) {
    const Problem p = problem(text);
    const Reference r = oracle(
        p, {from_scalars(p.types().input, x), from_scalars(p.types().weights, w), from_scalars(p.types().sum, bias)});
    return {r.values.begin(), r.values.end()};
}

}  // namespace

TEST_CASE("oracle: one axis by hand") {
    using List = std::vector<double>;
    CHECK(values("convt1d_f32_ci1_co1_i3_k2", {1, 2, 4}, {1, 10}) == List{1, 12, 24, 40});
    CHECK(values("convt1d_f64_ci1_co1_i2_k2_s3", {1, 2}, {1, 10}) == List{1, 10, 0, 2, 20});
    CHECK(values("convt1d_f32_ci1_co1_i3_k2_d2", {1, 2, 3}, {1, 10}) == List{1, 2, 13, 20, 30});
    CHECK(values("convt1d_f32_ci1_co1_i2_k3_s2_p1:0_op1", {1, 2}, {1, 10, 100}) == List{10, 102, 20, 200, 0});
    CHECK(values("convt1d_f32_ci1_co1_i2_k3_s2_p0:1_op1_d2", {1, 2}, {1, 10, 100}) == List{1, 0, 12, 0, 120, 0, 200});
    CHECK(values("convt1d_f32_ci1_co2_i2_k1_bias", {1, 2}, {3, 5}, {100, 200}) == List{103, 106, 205, 210});
    CHECK(values("convt1d_f32_n2_ci1_co1_i1_k2", {1, 2}, {3, 5}) == List{3, 5, 6, 10});
}

TEST_CASE("oracle: channels, groups and layouts by hand") {
    using List = std::vector<double>;
    // y[co] = x0 w[0][co] + x1 w[1][co]
    CHECK(values("convt1d_f32_ci2_co2_i1_k1", {1, 10}, {2, 3, 5, 7}) == List{52, 73});
    CHECK(values("convt1d_f32_ci2_co4_i1_k1_g2", {1, 10}, {2, 3, 5, 7}) == List{2, 3, 50, 70});
    CHECK(values("convt1d_f32_ci2_co2_i2_k1_g2", {1, 2, 3, 4}, {1, 10}) == List{1, 2, 30, 40});
    CHECK(values("convt1d_f32_ci2_co2_i2_k1_g2_nhwc2nchw", {1, 3, 2, 4}, {1, 10}) == List{1, 2, 30, 40});
    CHECK(values("convt1d_f32_ci2_co2_i2_k1_g2_nchw2nhwc", {1, 2, 3, 4}, {1, 10}) == List{1, 30, 2, 40});
}

TEST_CASE("oracle: more axes, complex numbers and epilogues by hand") {
    using List = std::vector<double>;
    CHECK(values("convt2d_f32_ci1_co1_i1x2_k2x1_s1x2", {1, 2}, {3, 5}) == List{3, 0, 6, 5, 0, 10});
    CHECK(values("convt3d_f32_ci1_co1_i2x1x1_k1x1x2", {1, 2}, {3, 5}) == List{3, 5, 6, 10});
    // (1 + 2i)(3 + 5i) = -7 + 11i
    CHECK(values("convt1d_c64_ci1_co1_i1_k1_bias", {1, 2}, {3, 5}, {100, 200}) == List{93, 211});
    CHECK(values("convt1d_c128_ci1_co1_i1_k1", {1, 2}, {3, 5}) == List{-7, 11});
    CHECK(values("convt1d_f32_ci1_co1_i2_k1_leaky0.5", {-4, 4}, {1}) == List{-2, 4});
    CHECK(values("convt1d_f32_ci1_co1_i2_k1_bias_leaky-2_relu", {-4, 4}, {1}, {1}) == List{6, 5});
    CHECK(values("convt1d_f32_ci1_co1_i2_k1_relu_leaky-2", {-4, 4}, {1}) == List{0, 4});
}

TEST_CASE("oracle: padding modes by hand") {
    using List = std::vector<double>;
    // Before cropping: 1 12 24 48 80.
    CHECK(values("convt1d_f32_ci1_co1_i4_k2_p1", {1, 2, 4, 8}, {1, 10}) == List{12, 24, 48});
    CHECK(values("convt1d_f32_ci1_co1_i4_k2_p1_pmreflect", {1, 2, 4, 8}, {1, 10}) == List{12, 24 + 1 + 80, 48});
    CHECK(values("convt1d_f32_ci1_co1_i4_k2_p1_pmreplicate", {1, 2, 4, 8}, {1, 10}) == List{12 + 1, 24, 48 + 80});
    CHECK(values("convt1d_f32_ci1_co1_i4_k2_p1_pmcircular", {1, 2, 4, 8}, {1, 10}) == List{12 + 80, 24, 48 + 1});
    CHECK(values("convt1d_f32_ci1_co1_i4_k2_p0:4_pmreplicate_bias", {1, 2, 4, 8}, {1, 10}, {1000}) == List{1165});
    CHECK(values("convt2d_f32_ci1_co1_i2x1_k1x2_s2x1_p1x0_pmreplicate", {1, 2}, {3, 5}) == List{9, 15});
}

TEST_CASE("oracle: terms, magnitudes and the bound that follows") {
    const Problem p = problem("convt1d_f32_ci2_co1_i3_k2_bias_leaky2");
    const Reference r =
        oracle(p, {from_scalars(ElementType::f32, {1, -2, 4, 1, 1, 1}), from_scalars(ElementType::f32, {1, -10, 1, 1}),
                   from_scalars(ElementType::f32, {-5})});
    CHECK(r.terms == std::vector<std::int64_t>{2, 4, 4, 2});
    CHECK(r.magnitudes == std::vector<double>{7, 19, 31, 46});
    // Four products and the bias through a slope of 2, gamma_5 * 2 * magnitude, a rounding of the result, and a
    // billionth of it for the oracle.
    const double bound = std::ldexp(1.0, -24) * (5 * 2 * 31 + std::abs(static_cast<double>(r.values[2])));
    CHECK(std::abs(error_bound(p, r, 2) / bound - 1) < 2e-6);
}

TEST_CASE("oracle: agrees with every worked example") {
    const std::vector<SeedCase> seeds = seed_cases();
    CHECK(seeds.size() == 23);
    for (const SeedCase& seed : seeds) {
        const Reference r = oracle(seed.problem, seed.operands);
        const std::vector<double> wide(r.values.begin(), r.values.end());
        CHECK(seed_mismatch(seed, from_scalars(seed.problem.types().output, wide)).value_or("") == "");
    }
}

TEST_CASE("compare: notices one scalar in the last place, the sign of zero apart") {
    const Problem p = problem("convt1d_f32_ci1_co1_i3_k1");
    const Reference r = oracle(p, {from_scalars(ElementType::f32, {1, 0, 3}), from_scalars(ElementType::f32, {1}), {}});
    CHECK_FALSE(first_mismatch(p, from_scalars(ElementType::f32, {1, -0.0, 3}), r, Match::exact));
    const auto mismatch =
        first_mismatch(p, from_scalars(ElementType::f32, {1, 0, std::nextafterf(3, 4)}), r, Match::exact);
    REQUIRE(mismatch);
    CHECK(mismatch->find("y[0,0,2]") != std::string::npos);
    CHECK(first_mismatch(p, from_scalars(ElementType::f32, {1, std::nan(""), 3}), r, Match::bounded));
    CHECK(first_mismatch(p, from_scalars(ElementType::f32, {1, 0}), r, Match::bounded));
}

}  // namespace convt::test
