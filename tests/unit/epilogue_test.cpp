// SPDX-License-Identifier: Apache-2.0
// The table of epilogue operations, held against numbers that PyTorch 2.x prints and against its own claims: what each
// computes, and how much it may stretch a difference.
#include "runtime/problem/epilogue.h"

#include "tests/support/random.h"

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

namespace convt::test {
namespace {

using Kind = EpilogueOp::Kind;

long double value_of(const EpilogueOp& op, long double v, long double o) {
    return find_epilogue_row(op.kind)->compute(v, o, op.values.data());
}

// Numbers for the token's places that suit every operation.
EpilogueOp with_numbers(const EpilogueRow& row, Random& random) {
    EpilogueOp op{row.kind, {}};
    for (int i = 0; i < row.values; ++i)
        op.values[static_cast<std::size_t>(i)] = static_cast<float>(random.between(-30, 30)) / 8;
    if (row.values == 2) std::sort(op.values.begin(), op.values.end());
    return op;
}

}  // namespace

TEST_CASE("epilogue: every operation computes what the field means by its name") {
    const struct {
        EpilogueOp op;
        double v, o, result;
    } rows[] = {
        {{Kind::relu, {}}, -1.5, 0, 0},
        {{Kind::relu, {}}, 1.5, 0, 1.5},
        {{Kind::leaky, {0.25F}}, -2, 0, -0.5},
        {{Kind::prelu, {}}, -2, 3, -6},
        {{Kind::prelu, {}}, 2, 3, 2},
        {{Kind::clamp, {0, 6}}, 7, 0, 6},
        {{Kind::clamp, {-1, 6}}, -7, 0, -1},
        {{Kind::scale, {}}, -2, 3, -6},
        {{Kind::shift, {}}, -2, 3, 1},
        {{Kind::add, {}}, -2, 3, 1},
        {{Kind::elu, {1}}, -1, 0, -0.6321205588},
        {{Kind::elu, {2}}, -0.5, 0, -0.7869386806},
        {{Kind::elu, {2}}, 0.5, 0, 0.5},
        {{Kind::gelu, {}}, -1, 0, -0.1586552539},
        {{Kind::gelu, {}}, 2, 0, 1.9544997361},
        {{Kind::gelutanh, {}}, -1, 0, -0.1588080094},
        {{Kind::gelutanh, {}}, 2, 0, 1.9545976940},
        {{Kind::silu, {}}, -1, 0, -0.2689414214},
        {{Kind::silu, {}}, 3, 0, 2.8577223805},
        {{Kind::sigmoid, {}}, -2, 0, 0.1192029220},
        {{Kind::tanh, {}}, 0.5, 0, 0.4621171573},
        {{Kind::hardswish, {}}, -1, 0, -1.0 / 3},
        {{Kind::hardswish, {}}, -3.5, 0, 0},
        {{Kind::hardswish, {}}, 4, 0, 4},
        {{Kind::snake, {}}, 1, 2, 1.4134109052},
        {{Kind::snake, {}}, -3, 0, -3},
    };
    std::set<Kind> seen;
    for (const auto& row : rows) {
        INFO(find_epilogue_row(row.op.kind)->name << " of " << row.v << " with " << row.o);
        CHECK(static_cast<double>(value_of(row.op, row.v, row.o)) ==
              Catch::Approx(row.result).epsilon(1e-9).margin(1e-12));
        seen.insert(row.op.kind);
    }
    CHECK(seen.size() == epilogue_rows().size());
}

TEST_CASE("epilogue: no operation stretches a difference more than its row says") {
    Random random(run_seed());
    for (const EpilogueRow& row : epilogue_rows()) {
        for (int i = 0; i < 20'000; ++i) {
            const EpilogueOp op = with_numbers(row, random);
            const long double o = static_cast<long double>(random.between(-32, 32)) / 8;
            const long double v = static_cast<long double>(random.between(-100'000, 100'000)) / 10'000;
            const long double d = std::ldexp(1.0L, -static_cast<int>(random.between(0, 20)));
            const long double moved = std::abs(value_of(op, v + d, o) - value_of(op, v, o));
            if (moved <= row.slope(o, op.values.data()) * d * (1 + 1e-12L)) continue;
            INFO("CONVT_SEED=" << run_seed());
            FAIL(row.name << " " << op.values[0] << ":" << op.values[1] << " with " << static_cast<double>(o)
                          << " from " << static_cast<double>(v) << " by " << static_cast<double>(d) << " moves "
                          << static_cast<double>(moved));
        }
    }
}

TEST_CASE("epilogue: what needs no rounding has no error, and what comes after a rounding has") {
    const ProblemTypeInfo& types = problem_type_info(ProblemType::f32);
    EpilogueValue value(types, 3.0L, true);
    value.apply({Kind::scale, {}}, -2);
    value.apply({Kind::add, {}}, 0.5L);
    CHECK(value.value == -5.5L);
    CHECK(value.own == 0);
    value.apply({Kind::leaky, {0.1F}}, 0);
    CHECK(value.own > 0.5L * std::ldexp(1.0L, -24));
    CHECK(value.own < 0.6L * std::ldexp(1.0L, -24));
    const long double once = value.own;
    value.apply({Kind::scale, {}}, 4);
    CHECK(value.own > 4 * once);

    EpilogueValue rounded(types, 3.0L, false);
    rounded.apply({Kind::scale, {}}, -2);
    CHECK(rounded.slope >= 2);
    CHECK(rounded.own >= 6 * std::ldexp(1.0L, -24));
}

TEST_CASE("epilogue: tokens are told apart") {
    std::set<std::string_view> names;
    for (const EpilogueRow& row : epilogue_rows()) {
        CHECK(names.insert(row.name).second);
        CHECK(std::all_of(row.name.begin(), row.name.end(), [](char c) { return c >= 'a' && c <= 'z'; }));
        CHECK(find_epilogue_row(row.kind) == &row);
        CHECK((row.shape == OperandShape::none) == (row.use == OperandUse::none));
    }
    CHECK(find_epilogue_row(Kind{99}) == nullptr);
}

}  // namespace convt::test
