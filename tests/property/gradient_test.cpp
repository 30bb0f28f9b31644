// SPDX-License-Identifier: Apache-2.0
// The gradient's kernels against the layer's own, without the oracle: they are adjoint, and since the layer is linear,
// what a change of x does to a loss <dy, y> is exactly what the gradient says. On integers, where every sum is exact.
#include "tests/property/subjects.h"
#include "tests/support/data.h"

#include <catch2/catch_test_macros.hpp>

#include <numeric>

namespace convt::test {
namespace {

double inner(const Scalars& a, const Scalars& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

// Calls visit for every strategy that takes the gradient of the subject.
template <typename Visit>
void for_each_gradient(const Trial& layer, Pass pass, const Visit& visit) {
    Trial trial = layer;
    trial.problem.pass = pass;
    if (!trial.problem.validate().ok()) return;
    for (const std::string& strategy : strategy_names()) {
        trial.strategy = strategy;
        if (!refusal(strategy, trial.problem, trial.target).empty()) continue;
        const Result<std::shared_ptr<const Kernel>> kernel = compile(trial);
        INFO(trial.text() << " " << kernel.status().message());
        REQUIRE(kernel.ok());
        visit(trial, *kernel.value());
    }
}

}  // namespace

TEST_CASE("gradient: <dy, convt(x + h)> - <dy, convt(x)> = <dx, h>") {
    int checked = 0;
    for_each_subject([&](const Trial& layer, const Kernel& forward) {
        if (layer.strategy != "general") return;
        const Problem& p = layer.problem;
        for_each_gradient(layer, Pass::grad_input, [&](const Trial& trial, const Kernel& gradient) {
            Random random(layer.seed);
            const Scalars w = integers(p, p.weight_shape(), 7, random);
            const Scalars x = integers(p, p.input_shape(), 7, random);
            const Scalars h = integers(p, p.input_shape(), 7, random);
            const Scalars dy = integers(p, p.output_shape(), 7, random);
            Scalars moved(x.size());
            for (std::size_t i = 0; i < x.size(); ++i)
                moved[i] = x[i] + h[i];
            const Scalars dx = apply(gradient, dy, w);
            INFO(trial.text());
            CHECK(inner(dy, apply(forward, moved, w)) - inner(dy, apply(forward, x, w)) == inner(dx, h));
            ++checked;
        });
    });
    CHECK(checked >= 20);
}

}  // namespace convt::test
