// SPDX-License-Identifier: Apache-2.0
// Arithmetic on reals, in every rounding mode, against the host's own.
#include "tests/ptx/instructions.h"

#include <catch2/catch_test_macros.hpp>

#include <cfenv>
#include <cmath>
#include <limits>

namespace convt::ptx {
namespace {

// The host's operations through volatiles, so that they happen under the rounding that is set.
template <int Mode, typename T, typename F>
T under(const F& compute, T a, T b, T c) {
    const int before = std::fegetround();
    std::fesetround(Mode);
    volatile T x = a;
    volatile T y = b;
    volatile T z = c;
    volatile T result = compute(x, y, z);
    std::fesetround(before);
    return result;
}
template <int Mode, typename T>
void add_rounded_rows(std::vector<InstructionRow>& rows, const std::string& mode, const std::string& type) {
    const std::string end = "." + mode + "." + type;
    rows.push_back(row(
        "add" + end, +[](T a, T b) { return under<Mode>([](T x, T y, T) { return x + y; }, a, b, T{}); }));
    rows.push_back(row(
        "sub" + end, +[](T a, T b) { return under<Mode>([](T x, T y, T) { return x - y; }, a, b, T{}); }));
    rows.push_back(row(
        "mul" + end, +[](T a, T b) { return under<Mode>([](T x, T y, T) { return x * y; }, a, b, T{}); }));
    rows.push_back(row(
        "div" + end, +[](T a, T b) { return under<Mode>([](T x, T y, T) { return x / y; }, a, b, T{}); }));
    rows.push_back(row(
        "rcp" + end, +[](T a) { return under<Mode>([](T x, T, T) { return T{1} / x; }, a, T{}, T{}); }));
    rows.push_back(row(
        "sqrt" + end, +[](T a) { return under<Mode>([](T x, T, T) { return std::sqrt(x); }, a, T{}, T{}); }));
    rows.push_back(row(
        "fma" + end,
        +[](T a, T b, T c) { return under<Mode>([](T x, T y, T z) { return std::fma(x, y, z); }, a, b, c); }));
}

template <typename T>
bool unordered(T a, T b) {
    return std::isnan(a) || std::isnan(b);
}
template <typename T>
void add_rows(std::vector<InstructionRow>& rows, const std::string& type) {
    add_rounded_rows<FE_TONEAREST, T>(rows, "rn", type);
    add_rounded_rows<FE_TOWARDZERO, T>(rows, "rz", type);
    add_rounded_rows<FE_DOWNWARD, T>(rows, "rm", type);
    add_rounded_rows<FE_UPWARD, T>(rows, "rp", type);
    rows.push_back(row(
        "add." + type, +[](T a, T b) { return a + b; }));
    rows.push_back(row(
        "neg." + type, +[](T a) { return -a; }));
    rows.push_back(row(
        "abs." + type, +[](T a) { return std::fabs(a); }));
    rows.push_back(row(
        "copysign." + type, +[](T a, T b) { return std::copysign(b, a); }));
    rows.push_back(row(
        "selp." + type, +[](T a, T b, bool c) { return c ? a : b; }));
    rows.push_back(row(
        "setp.eq." + type, +[](T a, T b) { return a == b; }));
    rows.push_back(row(
        "setp.ne." + type, +[](T a, T b) { return !unordered(a, b) && a != b; }));
    rows.push_back(row(
        "setp.lt." + type, +[](T a, T b) { return a < b; }));
    rows.push_back(row(
        "setp.le." + type, +[](T a, T b) { return a <= b; }));
    rows.push_back(row(
        "setp.gt." + type, +[](T a, T b) { return a > b; }));
    rows.push_back(row(
        "setp.ge." + type, +[](T a, T b) { return a >= b; }));
    rows.push_back(row(
        "setp.equ." + type, +[](T a, T b) { return unordered(a, b) || a == b; }));
    rows.push_back(row(
        "setp.neu." + type, +[](T a, T b) { return a != b; }));
    rows.push_back(row(
        "setp.ltu." + type, +[](T a, T b) { return !(a >= b); }));
    rows.push_back(row(
        "setp.leu." + type, +[](T a, T b) { return !(a > b); }));
    rows.push_back(row(
        "setp.gtu." + type, +[](T a, T b) { return !(a <= b); }));
    rows.push_back(row(
        "setp.geu." + type, +[](T a, T b) { return !(a < b); }));
    rows.push_back(row(
        "setp.num." + type, +[](T a, T b) { return !unordered(a, b); }));
    rows.push_back(row(
        "setp.nan." + type, +[](T a, T b) { return unordered(a, b); }));
    rows.push_back(row(
        "testp.finite." + type, +[](T a) { return std::isfinite(a); }));
    rows.push_back(row(
        "testp.subnormal." + type, +[](T a) { return a != 0 && std::fabs(a) < std::numeric_limits<T>::min(); }));
    // Of two zeros the negative one is the smaller.
    rows.push_back(row(
        "min." + type, +[](T a, T b) {
            if (unordered(a, b)) return std::isnan(a) ? b : a;
            return a == b ? (std::signbit(a) ? a : b) : a < b ? a : b;
        }));
    rows.push_back(row(
        "max." + type, +[](T a, T b) {
            if (unordered(a, b)) return std::isnan(a) ? b : a;
            return a == b ? (std::signbit(a) ? b : a) : a > b ? a : b;
        }));
}

float flush(float value) {
    return std::fpclassify(value) == FP_SUBNORMAL ? std::copysign(0.0F, value) : value;
}
float clamp01(float value) {
    return std::isnan(value) || value <= 0 ? 0.0F : std::min(value, 1.0F);
}

void add_modified_rows(std::vector<InstructionRow>& rows) {
    rows.push_back(row(
        "add.ftz.f32", +[](float a, float b) { return flush(flush(a) + flush(b)); }));
    rows.push_back(row(
        "mul.ftz.f32", +[](float a, float b) { return flush(flush(a) * flush(b)); }));
    rows.push_back(row(
        "fma.rn.ftz.f32", +[](float a, float b, float c) { return flush(std::fma(flush(a), flush(b), flush(c))); }));
    rows.push_back(row(
        "add.sat.f32", +[](float a, float b) { return clamp01(a + b); }));
    rows.push_back(row(
        "fma.rn.ftz.sat.f32",
        +[](float a, float b, float c) { return clamp01(flush(std::fma(flush(a), flush(b), flush(c)))); }));
    rows.push_back(row(
        "setp.lt.ftz.f32", +[](float a, float b) { return flush(a) < flush(b); }));
    rows.push_back(row(
        "min.NaN.f32", +[](float a, float b) {
            return unordered(a, b) ? NAN : std::fmin(a, b) == 0 && a == b ? (std::signbit(a) ? a : b) : std::fmin(a, b);
        }));
    // Within the error that PTX grants.
    constexpr double close = 1e-5;
    rows.push_back(row(
        "div.full.f32", +[](float a, float b) { return a / b; }, close));
    rows.push_back(row(
        "rcp.approx.ftz.f32", +[](float a) { return flush(1.0F / flush(a)); }, close));
    rows.push_back(row(
        "sqrt.approx.f32", +[](float a) { return std::sqrt(a); }, close));
    rows.push_back(row(
        "rsqrt.approx.f32", +[](float a) { return 1.0F / std::sqrt(a); }, close));
    rows.push_back(row(
        "ex2.approx.f32", +[](float a) { return std::exp2(a); }, close));
    rows.push_back(row(
        "lg2.approx.f32", +[](float a) { return std::log2(a); }, close));
    rows.push_back(row(
        "sin.approx.f32", +[](float a) { return std::sin(a); }, close));
    rows.push_back(row(
        "cos.approx.f32", +[](float a) { return std::cos(a); }, close));
    rows.push_back(row(
        "tanh.approx.f32", +[](float a) { return std::tanh(a); }, close));
}

}  // namespace

std::vector<InstructionRow> float_rows() {
    std::vector<InstructionRow> rows;
    add_rows<float>(rows, "f32");
    add_rows<double>(rows, "f64");
    add_modified_rows(rows);
    return rows;
}

TEST_CASE("instructions on reals compute what the host computes") {
    check_rows(float_rows(), 3);
}

}  // namespace convt::ptx
