// SPDX-License-Identifier: Apache-2.0
#include "tests/property/subjects.h"

#include "tests/support/data.h"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <string>

namespace convt::test {
namespace {

// %: the type. Together: every rank, groups, depthwise, batch, all layouts, unequal strides, dilation, asymmetry; a
// large stride with few channels and many channels with two taps; many groups: which some
// strategies take alone.
constexpr std::array problems{
    "convt1d_%_ci6_co10_i13_k5_s3_p2:1_op1",
    "convt2d_%_ci5_co17_i6x7_k3x4_s2x3_p1x2_d1x2",
    "convt2d_%_n2_ci8_co8_i5x5_k4x4_s2x2_p1x1_g4_nhwc",
    "convt2d_%_ci9_co9_i4x6_k3x3_s2x1_p1x1_g9_nhwc2nchw",
    "convt3d_%_ci3_co9_i3x4x3_k2x3x3_s2x1x2_p0x1x1_nchw2nhwc",
    "convt1d_%_ci4_co3_i6_k21_s8_p3",
    "convt2d_%_ci6_co32_i7x9_k4x4_s2x2_p1x1",
    "convt2d_%_n2_ci19_co19_i4x7_k3x4_s2x2_p1x1_g19_nhwc",
};

Problem problem_of(std::string text, const ProblemTypeInfo& type) {
    text.replace(text.find('%'), 1, type.name);
    const Result<Problem> problem = Problem::parse(text);
    INFO(problem.status().message());
    REQUIRE(problem.ok());
    return problem.value();
}

}  // namespace

void for_each_subject(const std::function<void(const Trial&, const Kernel&)>& visit) {
    for (const std::string& strategy : strategy_names()) {
        int taken = 0;
        std::uint64_t index = 0;
        for (const ProblemTypeInfo& type : problem_types()) {
            // Properties hold where no tensor rounds or saturates what sums hold.
            if (type.input != type.sum || type.output != type.sum) continue;
            for (const char* text : problems) {
                Trial trial;
                trial.problem = problem_of(text, type);
                trial.strategy = strategy;
                trial.seed = mix(run_seed(), ++index);
                if (!refusal(strategy, trial.problem, trial.target).empty()) continue;
                ++taken;
                const Result<std::shared_ptr<const Kernel>> kernel = compile(trial);
                INFO(trial.text() << " " << kernel.status().message());
                REQUIRE(kernel.ok());
                visit(trial, *kernel.value());
            }
        }
        INFO(strategy);
        CHECK(taken >= 1);
    }
}

Scalars apply(const Kernel& kernel, const Scalars& x, const Scalars& weights) {
    const ProblemTypeInfo& types = kernel.problem().types();
    const Result<std::vector<std::byte>> y =
        run_guarded(kernel, {from_scalars(types.input, x), from_scalars(types.weights, weights), {}});
    INFO(y.status().message());
    REQUIRE(y.ok());
    return to_scalars(types.output, y.value());
}

Scalars integers(const Problem& problem, const std::vector<std::int64_t>& shape, std::int64_t limit, Random& random) {
    const ElementTypeInfo& type = element_type_info(problem.types().sum);
    Scalars scalars(bytes_of(type.type, shape) / static_cast<std::size_t>(type.scalar_bytes));
    std::generate(scalars.begin(), scalars.end(), [&] { return static_cast<double>(random.between(-limit, limit)); });
    return scalars;
}

}  // namespace convt::test
