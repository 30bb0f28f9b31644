// SPDX-License-Identifier: Apache-2.0
// Every rule of a problem, broken once: in its text, and in values that no text gives.
#include "convt/problem.h"

#include <catch2/catch_test_macros.hpp>

#include <limits>
#include <string>
#include <vector>

namespace convt::test {
namespace {

// `message` must hold all of these, whatever stands between them.
struct Row {
    const char* text;
    const char* field;
    const char* value;
    const char* rule;
};

void check_refused(const Row& row, const Status& status, Code code = Code::invalid_problem) {
    INFO(row.text << ": " << status.message());
    CHECK(status.code() == code);
    for (const char* part : {row.field, row.value, row.rule}) {
        INFO("expected `" << part << "`");
        CHECK(status.message().find(part) != std::string::npos);
    }
}

}  // namespace

TEST_CASE("a call's sizes: each that an open problem does not take names field, value and rule") {
    const struct {
        const char* text;
        std::int64_t batch;
        std::vector<std::int64_t> input;
        Row expected;
    } rows[] = {
        {"convt1d_f32_ci1_co1_i?_k1", 2, {8}, {"", "batch", "= 2:", "must be 1"}},
        {"convt1d_f32_n?_ci1_co1_i?_k1", 0, {8}, {"", "batch", "= 0:", "at least 1"}},
        {"convt2d_f32_n?_ci1_co1_i?x8_k1", 3, {9, 9}, {"", "input[W]", "= 9:", "must be 8"}},
        {"convt2d_f32_ci1_co1_i?x8_k1", 1, {0, 8}, {"", "input[H]", "= 0:", "at least 1"}},
        {"convt1d_f32_ci1_co1_i?*8_k1", 1, {20}, {"", "input[W]", "= 20:", "a multiple of 8"}},
        {"convt1d_f32_ci1_co1_i16..64_k1", 1, {15}, {"", "input[W]", "= 15:", "at least 16"}},
        {"convt1d_f32_ci1_co1_i16..64_k1", 1, {65}, {"", "input[W]", "= 65:", "at most 64"}},
        {"convt1d_f32_ci1_co1_i?_k3_p2", 1, {2}, {"", "output[W]", "= 0:", "at least 1"}},
        {"convt1d_f32_ci1_co1_i?_k7_p3_pmreflect", 1, {3}, {"", "padding low[W]", "= 3:", "at most 2"}},
        {"convt1d_f32_n?_ci8_co1_i?_k1", 65536, {1024}, {"", "input bytes", "= 2147483648:", "less than 2^31"}},
        {"convt1d_f32_ci8_co1_i?_k1_s64", 1, {33554433}, {"", "output before padding[W]", "= 2147483649:", "at most"}},
        {"convt2d_f32_ci1_co1_i?_k1", 1, {8}, {"", "input extents", "= 1:", "must be 2"}},
    };
    for (const auto& [text, batch, input, expected] : rows) {
        const Problem open = Problem::parse(text).value();
        check_refused({text, expected.field, expected.value, expected.rule}, open.closed(batch, input).status(),
                      Code::invalid_argument);
    }
}

TEST_CASE("problem rules: each names field, value and rule") {
    const Row rows[] = {
        {"convt1d_f32_n0_ci1_co1_i1_k1", "batch", "= 0:", "at least 1"},
        {"convt1d_f32_ci0_co1_i1_k1", "in_channels", "= 0:", "at least 1"},
        {"convt1d_f32_ci1_co0_i1_k1", "out_channels", "= 0:", "at least 1"},
        {"convt2d_f32_ci1_co1_i0x1_k1", "input[H]", "= 0:", "at least 1"},
        {"convt2d_f32_ci1_co1_i1_k1x0", "kernel[W]", "= 0:", "at least 1"},
        {"convt3d_f32_ci1_co1_i1_k1_s0x1x1", "stride[D]", "= 0:", "at least 1"},
        {"convt1d_f32_ci1_co1_i1_k1_d0", "dilation[W]", "= 0:", "at least 1"},
        {"convt1d_f32_ci1_co1_i1_k1_g0", "groups", "= 0:", "at least 1"},
        {"convt1d_f32_ci1_co1_i1_k1_s2_op2", "output_padding[W]",
         "= 2:", "less than the larger of stride 2 and dilation 1"},
        {"convt1d_f32_ci1_co1_i1_k1_op3_d3", "output_padding[W]",
         "= 3:", "less than the larger of stride 1 and dilation 3"},
        {"convt1d_f32_ci4_co3_i1_k1_g2", "out_channels", "= 3:", "divisible by groups 2"},
        {"convt1d_f32_ci3_co4_i1_k1_g2", "in_channels", "= 3:", "divisible by groups 2"},
        {"convt2d_f32_ci1_co1_i1_k3_p0x2:1", "output[W]", "= 0:", "at least 1"},
        {"convt1d_f32_ci1_co1_i1_k1_p9", "output[W]", "= -17:", "at least 1"},
        {"convt1d_f32_n2147483648_ci1_co1_i1_k1", "batch", "= 2147483648:", "at most 2147483647"},
        {"convt1d_f32_ci1_co1_i2_k1_s4294967296", "stride[W]", "= 4294967296:", "at most 2147483647"},
        {"convt1d_f32_ci1_co1_i1_k1_p2147483648", "padding low[W]", "= 2147483648:", "at most 2147483647"},
        {"convt1d_f32_ci1_co1_i1_k1_p0:2147483648", "padding high[W]", "= 2147483648:", "at most 2147483647"},
        {"convt1d_f32_ci1_co1_i2_k2_s2147483647", "output before padding[W]", "= 2147483649:", "at most 2147483647"},
        {"convt1d_f32_ci1_co1_i2147483647_k2147483647_s2147483647_op2147483646_d2147483647", "output before padding[W]",
         "= 9223372026117357571:", "at most 2147483647"},
        {"convt2d_f32_ci64_co1_i4096_k1", "input bytes", "= 4294967296:", "less than 2^31"},
        {"convt2d_f32_ci1_co512_i1024_k1", "output bytes", "= 2147483648:", "less than 2^31"},
        {"convt1d_f32_ci65536_co8192_i1_k1", "weight bytes", "= 2147483648:", "less than 2^31"},
        {"convt1d_f64_ci4194304_co1_i1_k1", "padded input bytes", "= 2147483648:", "less than 2^31"},
        {"convt1d_f32_ci512_co512_i1_k524288_p524000:287_g512", "padded input bytes",
         "= 2147614720:", "less than 2^31"},
        {"convt1d_f32_ci65536_co65536_i1_k128_g65536", "packed weight bytes", "= 2147483648:", "less than 2^31"},
        {"convt3d_c128_n2147483647_ci2147483647_co2147483647_i2147483647_k1", "input bytes",
         "= 9223372036854775807:", "less than 2^31"},
        {"convt1d_f32_ci1_co1_i8..8_k1", "highest input[W]", "= 8:", "above the lowest 8"},
        {"convt2d_f32_ci1_co1_i4x8..20*8_k1", "highest input[W]", "= 20:", "a multiple of 8"},
        {"convt2d_f32_ci1_co1_i4..16*8x8_k1", "multiple of input[H]", "= 8:", "divide the lowest input 4"},
        {"convt1d_f32_ci1_co1_i1..4294967296_k1", "highest input[W]", "= 4294967296:", "below 2^31"},
        {"convt1d_f32_ci1_co1_i2..64_k3_p2", "at input 2: output[W]", "= 0:", "at least 1"},
        {"convt1d_f32_ci1_co1_i2..2147483647_k1_s2", "at input 2147483647: output before padding[W]",
         "= 4294967293:", "at most 2147483647"},
        {"convt1d_f32_ci1048576_co1_i?_k1", "input bytes", "= 4294967296:", "less than 2^31"},
        {"convt1d_f32_ci1_co1_i1_k1_z3", "zero point", "= 3:", "inputs of integers alone"},
        {"convt1d_u8s8s32_ci1_co1_i1_k1_z256", "zero point", "= 256:", "a value of u8"},
        {"convt1d_s8s8f32_ci1_co1_i1_k1_z-129", "zero point", "= -129:", "a value of s8"},
        {"convt1d_u8s8s32_ci1_co1_i1_k1_leaky0.5", "epilogue leaky", "= 0.5", "not defined for integers"},
        {"convt1d_u8s8f32_ci4113_co1_i8_k8", "products of an output", "= 32904:", "at most 32896"},
        {"convt1d_c64_ci1_co1_i1_k1_relu", "epilogue relu", "= 0", "not defined for complex types"},
        {"convt1d_c128_ci1_co1_i1_k1_leaky0.5", "epilogue leaky", "= 0.5", "not defined for complex types"},
        {"convt1d_c64_ci1_co1_i1_k1_shift_scale", "epilogue scale", "= 0", "not defined for complex types"},
        {"convt1d_bf16_ci1_co1_i1_k1_gradinput", "type", "= bf16:", "gradients are of f32 and f64"},
        {"convt1d_f32_ci1_co1_i2_k3_p1_pmcircular_gradinput", "padding_mode", "= pmcircular:", "padding with zeros"},
        {"convt1d_f32_ci1_co1_i1_k1_ordered_gradinput", "sums", "= ordered:", "no order that is documented"},
        {"convt1d_f32_ci1_co1_i?_k1_gradinput", "open sizes", ":", "closed sizes alone"},
        {"convt1d_f32_ci1_co1_i1_k1_bias_gradinput", "bias", "= 1:", "does not depend on it"},
        {"convt1d_f32_ci1_co1_i1_k1_relu_scale_gradinput", "epilogue operations", "= 2:", "must be 0 for gradients"},
        {"convt1d_f32_ci1_co1_i1_k1_clamp1:0.5", "epilogue clamp", "= 1:0.5", "low must be at most high"},
    };
    for (const Row& row : rows)
        check_refused(row, Problem::parse(row.text).status());
}

TEST_CASE("problem rules: values that no text gives are refused too") {
    const auto refused = [](const Row& row, auto change) {
        Problem problem;
        change(problem);
        check_refused(row, problem.validate());
    };
    refused({"rank 0", "rank", "= 0:", "1, 2 or 3"}, [](Problem& p) { p.rank = 0; });
    refused({"rank 4", "rank", "= 4:", "1, 2 or 3"}, [](Problem& p) { p.rank = 4; });
    refused({"type", "type", "= 99:", "no such element type"}, [](Problem& p) { p.type = ProblemType{99}; });
    refused({"input layout", "input_layout", "= 2:", "no such layout"}, [](Problem& p) { p.input_layout = Layout{2}; });
    refused({"pass", "pass", "= 9:", "no such pass"}, [](Problem& p) { p.pass = Pass{9}; });
    refused({"step", "step[W]", "= 2:", "must be 1"}, [](Problem& p) { p.axes[1].step = 2; });
    refused({"output layout", "output_layout", "= 7:", "no such layout"},
            [](Problem& p) { p.output_layout = Layout{7}; });
    refused({"padding low", "padding low[H]", "= -1:", "at least 0"}, [](Problem& p) { p.axes[0].pad_low = -1; });
    refused({"padding high", "padding high[W]", "= -1:", "at least 0"}, [](Problem& p) { p.axes[1].pad_high = -1; });
    refused({"output padding", "output_padding[H]", "= -1:", "at least 0"},
            [](Problem& p) { p.axes[0].output_padding = -1; });
    refused({"smallest", "stride[H]", "= -9223372036854775808:", "at least 1"},
            [](Problem& p) { p.axes[0].stride = std::numeric_limits<std::int64_t>::min(); });
    refused({"NaN", "epilogue leaky", "nan", "finite"}, [](Problem& p) {
        p.epilogue = {{EpilogueOp::Kind::leaky, {std::numeric_limits<float>::quiet_NaN()}}};
    });
    refused({"relu 1", "epilogue relu", "= 1", "takes no value"}, [](Problem& p) {
        p.epilogue = {{EpilogueOp::Kind::relu, {1.0F}}};
    });
    refused({"leaky 1:1", "epilogue leaky", "= 1", "takes no second value"}, [](Problem& p) {
        p.epilogue = {{EpilogueOp::Kind::leaky, {1.0F, 1.0F}}};
    });
    refused({"clamp to infinity", "epilogue clamp", "= 0:inf", "finite"}, [](Problem& p) {
        p.epilogue = {{EpilogueOp::Kind::clamp, {0.0F, std::numeric_limits<float>::infinity()}}};
    });
    refused({"too many", "epilogue operations", "= 17:", "at most 16"},
            [](Problem& p) { p.epilogue.assign(17, {EpilogueOp::Kind::relu}); });
    refused({"operation", "epilogue", "= 99:", "no such operation"},
            [](Problem& p) { p.epilogue = {{EpilogueOp::Kind{99}}}; });
    Problem default_problem;
    CHECK(default_problem.validate().ok());
}

TEST_CASE("problem syntax: each error names the token and its column") {
    const Row rows[] = {
        {"", "``", "column 1:", "unknown token"},
        {"convt4d_f32_ci1_co1_i1_k1", "`convt4d`", "column 1:", "1d, 2d or 3d"},
        {"convt02d_f32_ci1_co1_i1_k1", "`convt02d`", "column 1:", "1d, 2d or 3d"},
        {"f32_ci1_co1_i1_k1", "`f32`", "column 1:", "the rank must stand before it"},
        {"convt2d_ci1_co1_i1_k1", "`ci1`", "column 9:", "the element type must stand before it"},
        {"convt2d_f8_ci1_co1_i1_k1", "`f8`", "column 9:", "there are f32 f64 c64 c128"},
        {"convt2d_bf16f32_ci1_co1_i1_k1", "`bf16f32`", "column 9:", "s8s8s32"},
        {"convt2d_F32_ci1_co1_i1_k1", "`F32`", "column 9:", "there are f32 f64 c64 c128"},
        {"convt2d_f32_n??_ci1_co1_i1_k1", "`n??`", "column 13:", "decimal digits"},
        {"convt2d_f32_n2?_ci1_co1_i1_k1", "`n2?`", "column 13:", "decimal digits"},
        {"convt2d_f32_ci?_co1_i1_k1", "`ci?`", "column 13:", "decimal digits"},
        {"convt2d_f32_ci1_co1_i1_k?", "`k?`", "column 24:", "decimal digits"},
        {"convt2d_f32_ci1_co1_i?8_k1", "`i?8`", "column 21:", "decimal digits"},
        {"convt2d_f32_ci1_co1_i8*2_k1", "`i8*2`", "column 21:", "open extents alone"},
        {"convt2d_f32_ci1_co1_i?*_k1", "`i?*`", "column 21:", "decimal digits"},
        {"convt2d_f32_ci1_co1_i?*0_k1", "`i?*0`", "column 21:", "at least 1"},
        {"convt2d_f32_ci1_co1_i16.._k1", "`i16..`", "column 21:", "decimal digits"},
        {"convt2d_f32_ci1_co1_i..16_k1", "`i..16`", "column 21:", "decimal digits"},
        {"convt2d_f32_ci1_co1_i0..16_k1", "`i0..16`", "column 21:", "at least 1"},
        {"convt2d_f32_ci1_co1_i1..0_k1", "`i1..0`", "column 21:", "at least 1"},
        {"convt2d_f32_ci1_co1_i016..64_k1", "`i016..64`", "column 21:", "leading zero"},
        {"convt2d_f32_ci1_co1_i?x?x?_k1", "`i?x?x?`", "column 21:", "3 values for 2 axes"},
        {"convt2d_f32_co1_i1_k1", "`co1`", "column 13:", "the input channels must stand before it"},
        {"convt2d_f32_ci1_i1_k1", "`i1`", "column 17:", "the output channels must stand before it"},
        {"convt2d_f32_ci1_co1_k1", "`k1`", "column 21:", "the input extents must stand before it"},
        {"convt2d_f32_ci1_co1_i1_s1", "`s1`", "column 24:", "the kernel must stand before it"},
        {"convt2d_f32_ci1_co1_i1", "column 23:", "ends before", "the kernel"},
        {"convt2d", "column 8:", "ends before", "the element type"},
        {"convt2d_f32_ci1_n1_co1_i1_k1", "`n1`",
         "column 17:", "out of order: the batch must stand before the input channels"},
        {"convt2d_f32_ci1_co1_i1_k1_bias_nhwc", "`nhwc`", "column 32:", "the layout must stand before the bias"},
        {"convt2d_f32_ci1_co1_i1_k1_relu_bias", "`bias`", "column 32:", "the bias must stand before the epilogue"},
        {"convt2d_f32_ci1_co1_i1_k1_k1", "`k1`", "column 27:", "given twice"},
        {"convt2d_f32_ci1_co1_i1_k1_nhwc_nhwc2nchw", "`nhwc2nchw`", "column 32:", "given twice"},
        {"convt2d_f32_ci1_co1_i1_k1_direct_ordered", "`ordered`", "column 34:", "order of sums is given twice"},
        {"convt2d_f32_ci1_co1_i1_k1_clamp1", "`clamp1`", "column 27:", "two decimal numbers, low:high"},
        {"convt2d_f32_ci1_co1_i1_k1_clamp0:1:2", "`clamp0:1:2`", "column 27:", "two decimal numbers"},
        {"convt2d_f32_ci1_co1_i1_k1_clamp0:", "`clamp0:`", "column 27:", "decimal number"},
        {"convt2d_f32_ci1_co1_i1_k1_leaky0:1", "`leaky0:1`", "column 27:", "a decimal number"},
        {"convt2d_f32_ci1_co1_i1_k1_scale2", "`scale2`", "column 27:", "unknown token"},
        {"convt2d_f32_ci1_co1_i1_k1_swish", "`swish`", "column 27:", "unknown token"},
        {"convt2d_f32_ci1_co1_i1_k1_relu6", "`relu6`", "column 27:", "unknown token"},
        {"convt2d_f32_ci1_co1_i1_k1_nchw", "`nchw`", "column 27:", "unknown token"},
        {"convt2d_f32_ci1_co1_i1_k1_bias1", "`bias1`", "column 27:", "unknown token"},
        {"convt2d_f32_ci1_co1_i1_k1_", "``", "column 27:", "unknown token"},
        {"convt2d_f32__ci1_co1_i1_k1", "``", "column 13:", "unknown token"},
        {" convt2d_f32_ci1_co1_i1_k1", "` convt2d`", "column 1:", "unknown token"},
        {"convt2d_f32_ci1_co1_i1_k1\n", "`k1?`", "column 24:", "decimal digits"},
        {"convt2d_f32_ci_co1_i1_k1", "`ci`", "column 13:", "decimal digits"},
        {"convt2d_f32_ci-1_co1_i1_k1", "`ci-1`", "column 13:", "decimal digits"},
        {"convt2d_f32_ci+1_co1_i1_k1", "`ci+1`", "column 13:", "decimal digits"},
        {"convt2d_f32_ci1x1_co1_i1_k1", "`ci1x1`", "column 13:", "decimal digits"},
        {"convt2d_f32_ci1_co1_i1_k01", "`k01`", "column 24:", "leading zero"},
        {"convt2d_f32_ci1_co1_i1_k1_p00", "`p00`", "column 27:", "leading zero"},
        {"convt2d_f32_ci9223372036854775808_co1_i1_k1", "`ci9223372036854775808`", "column 13:", "64 bits"},
        {"convt2d_f32_ci1_co1_i1x1x1_k1", "`i1x1x1`", "column 21:", "3 values for 2 axes"},
        {"convt3d_f32_ci1_co1_i1_k1x1", "`k1x1`", "column 24:", "2 values for 3 axes"},
        {"convt2d_f32_ci1_co1_i1x_k1", "`i1x`", "column 21:", "decimal digits"},
        {"convt2d_f32_ci1_co1_i1_k1_p1:", "`p1:`", "column 27:", "decimal digits"},
        {"convt2d_f32_ci1_co1_i1_k1_p:1", "`p:1`", "column 27:", "decimal digits"},
        {"convt2d_f32_ci1_co1_i1_k1_p1:2:3", "`p1:2:3`", "column 27:", "decimal digits"},
        {"convt2d_f32_ci1_co1_i1_k1_s1:2", "`s1:2`", "column 27:", "decimal digits"},
        {"convt2d_f32_ci1_co1_i1_k1_leaky", "`leaky`", "column 27:", "decimal number"},
        {"convt2d_f32_ci1_co1_i1_k1_leaky0,5", "`leaky0,5`", "column 27:", "decimal number"},
        {"convt2d_f32_ci1_co1_i1_k1_leaky+1", "`leaky+1`", "column 27:", "decimal number"},
        {"convt2d_f32_ci1_co1_i1_k1_leaky0x1", "`leaky0x1`", "column 27:", "decimal number"},
        {"convt2d_f32_ci1_co1_i1_k1_leaky1e39", "`leaky1e39`", "column 27:", "f32"},
        {"convt2d_f32_ci1_co1_i1_k1_leaky-inf", "`leaky-inf`", "column 27:", "f32"},
        {"convt2d_f32_ci1_co1_i1_k1_leakynan", "`leakynan`", "column 27:", "unknown token"},
    };
    for (const Row& row : rows)
        check_refused(row, Problem::parse(row.text).status());
}

TEST_CASE("problem rules: padding modes bound the padding by what there is to read") {
    CHECK(Problem::parse("convt1d_f32_ci1_co1_i4_k4_p1_pmreflect").ok());  // 5 outputs
    CHECK(Problem::parse("convt1d_f32_ci1_co1_i8_k4_p4:3_pmreflect").status().message() ==
          "padding low[W] = 4: must be at most 3 with pmreflect and output 4");
    CHECK(Problem::parse("convt1d_f32_ci1_co1_i8_k4_p3:4_op0_pmreflect").status().message() ==
          "padding high[W] = 4: must be at most 3 with pmreflect and output 4");
    CHECK(Problem::parse("convt2d_f32_ci1_co1_i8_k4_p0x4:3_pmcircular").ok());
    CHECK(Problem::parse("convt2d_f32_ci1_co1_i8_k4_p5:3x0_pmcircular").status().message() ==
          "padding low[H] = 5: must be at most 3 with pmcircular and output 3");
    CHECK(Problem::parse("convt1d_f32_ci1_co1_i8_k4_p10:0_pmreplicate").ok());
    check_refused({"", "`pmzeros`", "column 27:", "unknown token"},
                  Problem::parse("convt1d_f32_ci1_co1_i1_k1_pmzeros").status());
    check_refused({"", "`pmreflect`", "column 32:", "must stand before the layout"},
                  Problem::parse("convt1d_f32_ci1_co1_i1_k1_nhwc_pmreflect").status());
    Problem p = Problem::parse("convt1d_f32_ci1_co1_i4_k4").value();
    p.padding_mode = static_cast<PaddingMode>(9);
    CHECK(p.validate().message() == "padding_mode = 9: no such padding mode");
}

TEST_CASE("problem syntax: a hostile token does not fill the message") {
    const Status status = Problem::parse("convt1d_" + std::string(1'000'000, '\x1b')).status();
    CHECK(status.code() == Code::invalid_problem);
    CHECK(status.message().size() < 300);
    CHECK(status.message().find('\x1b') == std::string::npos);
}

TEST_CASE("problem file: each error names the line") {
    const std::string good = "a\tconvt1d_f32_ci1_co1_i1_k1\n";
    const struct {
        std::string text;
        const char* parts[2];
    } rows[] = {
        {good + good, {"line 2", "name `a`: is given twice"}},
        {"# c\n\nb convt1d_f32_ci1_co1_i1_k1\n", {"line 3", "a tab"}},
        {"1a\tconvt1d_f32_ci1_co1_i1_k1\n", {"line 1", "name `1a`"}},
        {"\tconvt1d_f32_ci1_co1_i1_k1\n", {"line 1", "name ``"}},
        {"a-b\tconvt1d_f32_ci1_co1_i1_k1\n", {"line 1", "[A-Za-z_][A-Za-z0-9_]*"}},
        {good + "b\tconvt1d_f32_ci1_co1_i1_k0\n", {"line 2", "kernel[W] = 0"}},
        {good + "b\t\n", {"line 2", "column 1"}},
    };
    for (const auto& row : rows) {
        const Status status = parse_problem_file(row.text).status();
        INFO(row.text << ": " << status.message());
        CHECK(status.code() == Code::invalid_problem);
        for (const char* part : row.parts)
            CHECK(status.message().find(part) != std::string::npos);
    }
}

}  // namespace convt::test
