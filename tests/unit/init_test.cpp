// SPDX-License-Identifier: Apache-2.0
// init_uniform against PyTorch's own numbers, bit for bit.
#include "convt/problem.h"
#include "tests/support/cases.h"
#include "tests/support/data.h"
#include "tests/support/require_value.h"

#include <catch2/catch_test_macros.hpp>

namespace convt::test {

TEST_CASE("init_uniform: weights and biases of the worked examples") {
    int checked = 0;
    for (const SeedCase& seed : seed_cases()) {
        if (!seed.init) continue;
        INFO(seed.id);
        const Parameters parameters = init_uniform(seed.problem, *seed.init);
        CHECK(parameters.weights == seed.operands.weights);
        CHECK(parameters.bias == seed.operands.bias);
        ++checked;
    }
    CHECK(checked == 6);
}

TEST_CASE("init_uniform: f64 takes 53 bits of two draws, c128 real then imaginary part") {
    // torch.manual_seed(42); torch.nn.ConvTranspose1d(2, 3, 5, dtype=torch.float64).weight
    const std::vector<double> expected = {-0.22816804232904508, -0.2257122189814932, -0.19437931619003257};
    const Problem real = require_value(Problem::parse("convt1d_f64_ci2_co3_i1_k5"));
    const Problem complex = require_value(Problem::parse("convt1d_c128_ci2_co3_i1_k5"));
    for (const Problem& problem : {real, complex}) {
        const Parameters parameters = init_uniform(problem, 42);
        const std::vector<double> weights = to_scalars(problem.types().weights, parameters.weights);
        CHECK(weights.size() == 30U * static_cast<std::size_t>(problem.types().parts()));
        CHECK(std::vector<double>(weights.begin(), weights.begin() + 3) == expected);
        CHECK(parameters.bias.empty());
    }
}

TEST_CASE("init_uniform: groups enter the bound, and an invalid problem has no parameters") {
    const Problem grouped = require_value(Problem::parse("convt1d_f64_ci4_co4_i1_k4_g4_bias"));
    const std::vector<double> weights = to_scalars(grouped.types().weights, init_uniform(grouped, 1).weights);
    CHECK(weights.size() == 16);
    for (const double weight : weights)
        CHECK((weight >= -0.5 && weight < 0.5));  // 1 / sqrt(1 * 4)
    Problem invalid;
    invalid.groups = 0;
    CHECK(init_uniform(invalid, 1).weights.empty());
}

}  // namespace convt::test
