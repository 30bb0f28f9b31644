// SPDX-License-Identifier: Apache-2.0
// Every epilogue operation alone, over the whole range of its type: a 1x1 kernel of one channel passes x through, and
// what comes out must be within what the operation's row states of itself (runtime/problem/epilogue.h).
#include "runtime/problem/epilogue.h"
#include "tests/support/data.h"
#include "tests/support/trial.h"

#include <fmt/format.h>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <limits>

namespace convt::test {
namespace {

constexpr std::int64_t count = 1 << 16;

// Zeros, denormal and huge numbers of either sign, then every exponent alike, and many near 1.
template <typename T>
std::vector<double> arguments(Random& random) {
    using Limits = std::numeric_limits<T>;
    std::vector<double> list;
    for (const T v : {T{0}, Limits::denorm_min(), Limits::min() / 2, Limits::min(), T{1}, T{20}, Limits::max()})
        list.insert(list.end(), {double{v}, -double{v}});
    while (static_cast<std::int64_t>(list.size()) < count) {
        const double share = std::ldexp(static_cast<double>(random.next() >> 11U), -53);
        const auto exponent = static_cast<int>(
            random.chance(60) ? random.between(-12, 7) : random.between(Limits::min_exponent, Limits::max_exponent));
        const T v = static_cast<T>(std::ldexp((1 + share) / 2, exponent));
        list.push_back(random.chance(50) ? double{v} : -double{v});
    }
    return list;
}

std::string problem_text(const EpilogueRow& row, const char* type) {
    std::string text = fmt::format("convt1d_{}_ci1_co1_i{}_k1_{}", type, count, row.name);
    if (row.values == 1) text += "0.75";
    if (row.values == 2) text += "-0.5:3";
    return text;
}

// The worst share of the bound that is used; above 1 is wrong.
double worst_share(const Problem& p, const Operands& operands, const std::vector<std::byte>& y, std::string& where) {
    const std::vector<double> x = to_scalars(p.types().input, operands.x), found = to_scalars(p.types().output, y);
    const std::vector<double> o =
        operands.epilogue.empty() ? std::vector<double>() : to_scalars(p.types().epilogue, operands.epilogue[0]);
    // Results below the least normal number are spaced by the least of all.
    const long double least = p.type == ProblemType::f32 ? std::numeric_limits<float>::denorm_min()
                                                         : std::numeric_limits<double>::denorm_min();
    double worst = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        EpilogueValue value(p.types(), static_cast<long double>(x[i]), false);
        value.apply(p.epilogue[0], o.empty() ? 0.0 : o[o.size() == 1 ? 0 : i]);
        const long double error = std::abs(static_cast<long double>(found[i]) - value.value);
        const double share = std::isfinite(found[i]) ? static_cast<double>(error / (value.own + least))
                                                     : std::numeric_limits<double>::infinity();
        if (share <= worst) continue;
        worst = share;
        where = fmt::format("of {} is {}, must be {}", x[i], found[i], static_cast<double>(value.value));
    }
    return worst;
}

}  // namespace

TEST_CASE("every epilogue operation is as exact as its row says, over every exponent") {
    Random random(run_seed());
    // Without multiply-adds that round once, and with all that there is.
    const std::vector<Target> targets = runnable_targets();
    for (const Target& target : {targets.front(), targets.back()}) {
        for (const char* type : {"f32", "f64"}) {
            for (const EpilogueRow& row : epilogue_rows()) {
                Trial trial;
                trial.problem = Problem::parse(problem_text(row, type)).value();
                trial.target = target;
                trial.strategy = "width_lanes";
                Operands operands = uniform_operands(trial.problem, random.next());
                const ElementType element = trial.problem.types().input;
                operands.x = from_scalars(
                    element, element == ElementType::f32 ? arguments<float>(random) : arguments<double>(random));
                operands.weights = from_scalars(element, {1.0});
                INFO(trial.text() << ", CONVT_SEED=" << run_seed());
                const auto kernel = compile(trial);
                REQUIRE(kernel.ok());
                const Result<std::vector<std::byte>> y = run_guarded(*kernel.value(), operands);
                REQUIRE(y.ok());
                std::string where;
                const double share = worst_share(trial.problem, operands, y.value(), where);
                std::cout << fmt::format("{} {} {}: {:.2f} of the bound, where it {}\n", target.text(), type, row.name,
                                         share, where);
                CHECK(share <= 1);
            }
        }
    }
}

}  // namespace convt::test
