// SPDX-License-Identifier: Apache-2.0
// The problem as a value and its one text form.
#include "convt/problem.h"
#include "tests/support/problems.h"
#include "tests/support/require_value.h"

#include <catch2/catch_test_macros.hpp>

#include <bit>
#include <clocale>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace convt::test {
namespace {

Problem parsed(std::string_view text) {
    INFO(text);
    return require_value(Problem::parse(text));
}

}  // namespace

TEST_CASE("types: each has one of the same input and weights whose output holds the sums") {
    for (const ProblemTypeInfo& row : problem_types()) {
        INFO(row.name);
        CHECK(&problem_type_info(row.type) == &row);
        Problem p = Problem::parse("convt1d_f32_ci1_co1_i4_k3_p1_pmreflect").value();
        p.type = row.type;
        const ProblemTypeInfo& wide = p.unfolded().types();
        CHECK(
            (wide.input == row.input && wide.weights == row.weights && wide.sum == row.sum && wide.output == row.sum));
    }
}

TEST_CASE("problem text: every token says what the contract's table says") {
    const Problem p =
        parsed("convt3d_c128_n2_ci8_co4_i5x6x7_k3x4x5_s2x3x4_p1:2x0:1x2_op1x2x3_d1x2x3_g2_nchw2nhwc_bias_direct");
    CHECK(p.rank == 3);
    CHECK(p.type == ProblemType::c128);
    CHECK(p.batch == 2);
    CHECK(p.in_channels == 8);
    CHECK(p.out_channels == 4);
    CHECK(p.axes[0] == Axis{5, 3, 2, 1, 2, 1, 1});
    CHECK(p.axes[1] == Axis{6, 4, 3, 0, 1, 2, 2});
    CHECK(p.axes[2] == Axis{7, 5, 4, 2, 2, 3, 3});
    CHECK(p.groups == 2);
    CHECK(p.input_layout == Layout::channels_first);
    CHECK(p.output_layout == Layout::channels_last);
    CHECK(p.bias);
    CHECK(p.sums == Sums::direct);
    CHECK(p.epilogue.empty());

    const Problem ops = parsed("convt1d_f64_ci1_co1_i1_k1_nhwc2nchw_leaky0.25_relu");
    CHECK(ops.input_layout == Layout::channels_last);
    CHECK(ops.output_layout == Layout::channels_first);
    CHECK(ops.epilogue == std::vector<EpilogueOp>{{EpilogueOp::Kind::leaky, {0.25F}}, {EpilogueOp::Kind::relu}});
}

TEST_CASE("problem text: operands of the epilogue are named by operation, the second of one kind by its number") {
    const Problem p =
        parsed("convt2d_f32_n2_ci3_co4_i5x6_k2x2_s2x2_nhwc_scale_shift_clamp-1:6.5_add_prelu_scale_relu_relu_add");
    CHECK(p.epilogue[2] == EpilogueOp{EpilogueOp::Kind::clamp, {-1.0F, 6.5F}});
    std::string names;
    for (const EpilogueOperand& operand : p.epilogue_operands()) {
        names += operand.name + std::to_string(operand.op) + " ";
        const std::vector<std::int64_t> shape = p.operand_shape(operand);
        CHECK(shape == (operand.name.starts_with("add") ? p.output_shape() : std::vector<std::int64_t>{4}));
    }
    CHECK(names == "scale0 shift1 add3 prelu4 scale25 add28 ");
}

TEST_CASE("an open problem: what it leaves to calls, what models take it for, and what a call makes of it") {
    const Problem p = parsed("convt3d_f32_n?_ci2_co3_i?*24x5x20..4096_k4_s2_p1");
    CHECK((p.is_open() && p.open_batch && p.batch == 1));
    CHECK(p.axes[0].open == OpenExtent{24, 0, 24});
    CHECK(!p.axes[1].is_open());
    CHECK(p.axes[2].open == OpenExtent{20, 4096, 1});
    CHECK(p.input_shape() == std::vector<std::int64_t>{1, 2, 24, 5, 20});  // 16, moved into the ranges
    const Problem call = require_value(p.closed(7, std::vector<std::int64_t>{48, 5, 33}));
    CHECK(!call.is_open());
    CHECK(call.text() == "convt3d_f32_n7_ci2_co3_i48x5x33_k4x4x4_s2x2x2_p1x1x1");
    CHECK(call.output_shape() == std::vector<std::int64_t>{7, 3, 96, 10, 66});
    CHECK(require_value(call.closed(7, std::vector<std::int64_t>{48, 5, 33})) == call);
    CHECK(parsed("convt1d_f32_ci1_co1_i?_k1").axes[0].input == 1024);
    CHECK(parsed("convt1d_f32_ci1_co1_i?*7_k1").axes[0].input == 1022);
    CHECK(parsed("convt2d_f32_ci1_co1_i?x1..2_k1").input_shape() == std::vector<std::int64_t>{1, 1, 64, 2});
}

TEST_CASE("problem text: one form is canonical") {
    const struct {
        const char* given;
        const char* canonical;
    } rows[] = {
        {"convt2d_f32_n1_ci2_co3_i4_k5", "convt2d_f32_ci2_co3_i4x4_k5x5"},
        {"convt2d_f32_n?_ci2_co3_i?_k5", "convt2d_f32_n?_ci2_co3_i?x?_k5x5"},
        {"convt3d_f32_ci2_co3_i?*8x4x16..64*1_k1", "convt3d_f32_ci2_co3_i?*8x4x16..64_k1x1x1"},
        {"convt1d_f32_ci2_co3_i16..64*16_k1", "convt1d_f32_ci2_co3_i16..64*16_k1"},
        {"convt2d_f32_ci2_co3_i4x4_k5x5_s1_p0_op0_d1_g1", "convt2d_f32_ci2_co3_i4x4_k5x5"},
        {"convt2d_f32_ci2_co3_i4_k5_s2x1_p1:1x2:2", "convt2d_f32_ci2_co3_i4x4_k5x5_s2x1_p1x2"},
        {"convt2d_f32_ci2_co3_i4_k5_p1:2", "convt2d_f32_ci2_co3_i4x4_k5x5_p1:2x1:2"},
        {"convt2d_f32_ci2_co3_i4_k5_p0:0x0:1", "convt2d_f32_ci2_co3_i4x4_k5x5_p0x0:1"},
        {"convt3d_f32_ci2_co3_i4_k5_s2_op1_d1x3x1", "convt3d_f32_ci2_co3_i4x4x4_k5x5x5_s2x2x2_op1x1x1_d1x3x1"},
        {"convt1d_c64_n7_ci2_co4_i4_k5_g2_nhwc_bias_direct", "convt1d_c64_n7_ci2_co4_i4_k5_g2_nhwc_bias_direct"},
        {"convt1d_f32_ci1_co1_i4_k5_ordered_relu", "convt1d_f32_ci1_co1_i4_k5_ordered_relu"},
        {"convt1d_f64_n1_ci2_co4_i4_k5_direct_gradinput", "convt1d_f64_ci2_co4_i4_k5_direct_gradinput"},
        // Output padding may reach the stride where the dilation is larger.
        {"convt1d_f32_ci1_co1_i2_k1_op2_d3", "convt1d_f32_ci1_co1_i2_k1_op2_d3"},
        {"convt1d_u8s8f32_ci1_co1_i1_k1_z128_nhwc", "convt1d_u8s8f32_ci1_co1_i1_k1_z128_nhwc"},
        {"convt1d_s8s8s8_ci1_co1_i1_k1_z-7", "convt1d_s8s8s8_ci1_co1_i1_k1_z-7"},
        {"convt1d_u8s8u8_ci1_co1_i1_k1_z0", "convt1d_u8s8u8_ci1_co1_i1_k1"},
        {"convt1d_f32_ci1_co1_i1_k1_leaky0.10", "convt1d_f32_ci1_co1_i1_k1_leaky0.1"},
        {"convt1d_f32_ci1_co1_i1_k1_leaky1e-1", "convt1d_f32_ci1_co1_i1_k1_leaky0.1"},
        {"convt1d_f32_ci1_co1_i1_k1_leaky0.100000001", "convt1d_f32_ci1_co1_i1_k1_leaky0.1"},
        {"convt1d_f32_ci1_co1_i1_k1_leaky-2", "convt1d_f32_ci1_co1_i1_k1_leaky-2"},
        {"convt1d_f32_ci1_co1_i1_k1_clamp-0.50:6.0", "convt1d_f32_ci1_co1_i1_k1_clamp-0.5:6"},
    };
    for (const auto& row : rows) {
        CHECK(parsed(row.given).text() == row.canonical);
        CHECK(parsed(row.canonical).text() == row.canonical);
    }
}

TEST_CASE("problem text: a thousand random problems read back as they were") {
    Random random(run_seed());
    for (int i = 0; i < 1000; ++i) {
        const Problem p = random_problem(random);
        const std::string text = p.text();
        INFO("CONVT_SEED=" << run_seed() << " " << text);
        CHECK(parsed(text) == p);
        CHECK(parsed(text).text() == text);
    }
}

TEST_CASE("problem text: every finite f32 slope reads back to its bits, in any locale") {
    // A locale with a decimal comma, where the machine has one.
    const char* locale = std::setlocale(LC_ALL, "de_DE.UTF-8");
    INFO("CONVT_SEED=" << run_seed() << ", locale " << (locale == nullptr ? "C" : locale));
    Random random(run_seed());
    using Limits = std::numeric_limits<float>;
    std::vector<float> slopes = {
        0.0F, -0.0F, 0.1F, 1e10F, Limits::max(), Limits::lowest(), Limits::min(), Limits::denorm_min()};
    while (slopes.size() < 20'000) {
        const float slope = std::bit_cast<float>(static_cast<std::uint32_t>(random.next()));
        if (std::isfinite(slope)) slopes.push_back(slope);
    }
    Problem p;
    for (const float slope : slopes) {
        p.epilogue = {{EpilogueOp::Kind::leaky, {slope}}};
        const std::string text = p.text();
        const Result<Problem> back = Problem::parse(text);
        if (!back.ok() ||
            std::bit_cast<std::uint32_t>(back.value().epilogue[0].values[0]) != std::bit_cast<std::uint32_t>(slope)) {
            FAIL_CHECK(text << ": " << back.status().message());
        }
    }
    std::setlocale(LC_ALL, "C");
}

TEST_CASE("problem: shapes follow the layout") {
    const Problem p = parsed("convt2d_f32_n2_ci4_co6_i5x7_k3x4_s2x1_p1:0x0_d1x2_g2_nchw2nhwc");
    using Shape = std::vector<std::int64_t>;
    CHECK(p.axes[0].output() == 10);  // 4 * 2 - 1 + 2 + 1
    CHECK(p.axes[1].output() == 13);  // 6 * 1 + 2 * 3 + 1
    CHECK(p.input_shape() == Shape{2, 4, 5, 7});
    CHECK(p.output_shape() == Shape{2, 10, 13, 6});
    CHECK(p.weight_shape() == Shape{4, 3, 3, 4});
    CHECK(p.multiply_adds() == 2LL * 4 * 3 * (5 * 7) * (3 * 4));
}

TEST_CASE("problem: the largest sizes that every buffer allows, and not one element more") {
    // Padded and rounded up to tiles of 64 the last axis has 2^29 - 64 elements: 2^31 - 256 bytes.
    CHECK(Problem::parse("convt1d_f32_ci1_co1_i536870846_k1").ok());
    CHECK_FALSE(Problem::parse("convt1d_f32_ci1_co1_i536870847_k1").ok());
    CHECK(Problem::parse("convt1d_f64_ci1_co1_i268435390_k1").ok());
    CHECK_FALSE(Problem::parse("convt1d_f64_ci1_co1_i268435391_k1").ok());
}

TEST_CASE("problem file: names, notes, comments and both line ends") {
    const auto problems = parse_problem_file(
        "# a comment\n"
        "\n"
        "one\tconvt1d_f32_ci1_co1_i1_k1\n"
        "_Two2\tconvt1d_f64_ci1_co1_i2_k1\tfirst\tand second\r\n"
        "three\tconvt1d_f64_ci1_co1_i3_k1");
    REQUIRE(problems.ok());
    REQUIRE(problems.value().size() == 3);
    CHECK(problems.value()[0].name == "one");
    CHECK(problems.value()[0].note.empty());
    CHECK(problems.value()[1].name == "_Two2");
    CHECK(problems.value()[1].note == "first\tand second");
    CHECK(problems.value()[1].problem.type == ProblemType::f64);
    CHECK(problems.value()[2].problem.axes[0].input == 3);
}

TEST_CASE("element types: every row keeps what it claims") {
    for (const ElementTypeInfo& row : element_types()) {
        INFO(row.name);
        CHECK(&element_type_info(row.type) == &row);
        CHECK(row.bytes() == row.parts * row.scalar_bytes);
        // Sign, exponent, fraction; or, of integers, a sign and the rest.
        const bool has_sign = row.kind != ScalarKind::unsigned_integer;
        CHECK(8 * row.scalar_bytes ==
              (has_sign ? 1 : 0) + row.exponent_bits + row.mantissa_bits - (row.exponent_bits > 0 ? 1 : 0));
    }
}

TEST_CASE("problem types: every row is found by its name and by its number") {
    for (const ProblemTypeInfo& row : problem_types()) {
        INFO(row.name);
        CHECK(&problem_type_info(row.type) == &row);
        CHECK(parsed(std::string("convt1d_") + row.name + "_ci1_co1_i1_k1").type == row.type);
        for (const ElementType type : {row.input, row.weights, row.output})
            CHECK(element_type_info(type).parts == row.parts());
    }
}

}  // namespace convt::test
