// SPDX-License-Identifier: Apache-2.0
// cvt: integers of every width with and without .sat, reals to integers in every rounding, 16-bit reals against a
// search among all of them.
#include "tests/ptx/instructions.h"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cfenv>
#include <cmath>
#include <limits>
#include <utility>

namespace convt::ptx {
namespace {

template <typename D>
D saturated(Int128 value) {
    using Limits = std::numeric_limits<D>;
    return static_cast<D>(std::clamp<Int128>(value, Limits::min(), Limits::max()));
}

template <typename D, typename S>
void add_integer_pair(std::vector<InstructionRow>& rows, const std::string& d, const std::string& s) {
    rows.push_back(row(
        "cvt." + d + "." + s, +[](S a) { return static_cast<D>(a); }));
    // Only where there is something to saturate.
    using To = std::numeric_limits<D>;
    using From = std::numeric_limits<S>;
    if (std::cmp_less_equal(To::min(), From::min()) && std::cmp_greater_equal(To::max(), From::max())) return;
    rows.push_back(row(
        "cvt.sat." + d + "." + s, +[](S a) { return saturated<D>(static_cast<Int128>(a)); }));
}
template <typename S>
void add_integer_rows(std::vector<InstructionRow>& rows, const std::string& s) {
    add_integer_pair<std::uint16_t, S>(rows, "u16", s);
    add_integer_pair<std::int16_t, S>(rows, "s16", s);
    add_integer_pair<std::uint32_t, S>(rows, "u32", s);
    add_integer_pair<std::int32_t, S>(rows, "s32", s);
    add_integer_pair<std::uint64_t, S>(rows, "u64", s);
    add_integer_pair<std::int64_t, S>(rows, "s64", s);
}

// PTX ISA, cvt: out of range saturates; NaN is 0, or the top bit alone where one side has 64 bits.
template <typename D, typename S, double (*Round)(double)>
D to_integer(S a) {
    if (std::isnan(a))
        return sizeof(D) == 8 || sizeof(S) == 8 ? static_cast<D>(std::uint64_t{1} << (8 * sizeof(D) - 1)) : D{0};
    const double whole = Round(double{a});
    if (whole >= std::ldexp(1.0, 127)) return std::numeric_limits<D>::max();
    if (whole <= -std::ldexp(1.0, 126)) return std::numeric_limits<D>::min();
    return saturated<D>(static_cast<Int128>(whole));
}
template <typename D, typename S>
void add_real_pair(std::vector<InstructionRow>& rows, const std::string& d, const std::string& s) {
    const std::string end = "." + d + "." + s;
    rows.push_back(row(
        "cvt.rni" + end, +[](S a) { return to_integer<D, S, &std::nearbyint>(a); }));
    rows.push_back(row(
        "cvt.rzi" + end, +[](S a) { return to_integer<D, S, &std::trunc>(a); }));
    rows.push_back(row(
        "cvt.rmi" + end, +[](S a) { return to_integer<D, S, &std::floor>(a); }));
    rows.push_back(row(
        "cvt.rpi" + end, +[](S a) { return to_integer<D, S, &std::ceil>(a); }));
    rows.push_back(row(
        "cvt.rn." + s + "." + d, +[](D a) { return static_cast<S>(a); }));
}

template <int Mode, typename D, typename S>
D converted(S a) {
    const int before = std::fegetround();
    std::fesetround(Mode);
    volatile S from = a;
    volatile D to = static_cast<D>(from);
    std::fesetround(before);
    return to;
}

// All finite halves with their values, in order; the nearest of two is found between neighbours.
double half_value(unsigned bits) {
    const int exponent = static_cast<int>(bits >> 10U & 31U);
    const double mantissa = bits & 1023U;
    if (exponent == 31) return mantissa == 0 ? HUGE_VAL : NAN;
    return exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
}
// Of a value that may have more bits than an f64.
Half nearest_half_of(long double a) {
    if (std::isnan(a)) return {0x7FFF};
    const long double magnitude = std::fabs(a);
    if (magnitude >= 65536) return {static_cast<std::uint16_t>(std::signbit(a) ? 0xFC00U : 0x7C00U)};
    unsigned low = 0;
    while (low < 0x7BFFU && half_value(low + 1) <= magnitude)
        ++low;
    const long double below = magnitude - half_value(low);
    // The next one behind the largest would be 65536.
    const long double above = (low == 0x7BFFU ? 65536.0 : half_value(low + 1)) - magnitude;
    const bool up = above < below || (above == below && (low & 1U) != 0);
    return {static_cast<std::uint16_t>((std::signbit(a) ? 0x8000U : 0U) | (low + (up ? 1 : 0)))};
}
Half nearest_half(float a) {
    return nearest_half_of(a);
}
float half_as_float(Half a) {
    const auto value = static_cast<float>(half_value(a.bits & 0x7FFFU));
    return (a.bits & 0x8000U) != 0 ? -value : value;
}

}  // namespace

std::vector<InstructionRow> convert_rows() {
    std::vector<InstructionRow> rows;
    add_integer_rows<std::uint8_t>(rows, "u8");
    add_integer_rows<std::int8_t>(rows, "s8");
    add_integer_rows<std::uint16_t>(rows, "u16");
    add_integer_rows<std::int16_t>(rows, "s16");
    add_integer_rows<std::uint32_t>(rows, "u32");
    add_integer_rows<std::int32_t>(rows, "s32");
    add_integer_rows<std::uint64_t>(rows, "u64");
    add_integer_rows<std::int64_t>(rows, "s64");
    add_real_pair<std::int32_t, float>(rows, "s32", "f32");
    add_real_pair<std::uint32_t, float>(rows, "u32", "f32");
    add_real_pair<std::int64_t, float>(rows, "s64", "f32");
    add_real_pair<std::uint64_t, double>(rows, "u64", "f64");
    add_real_pair<std::int32_t, double>(rows, "s32", "f64");
    rows.push_back(row(
        "cvt.rz.f32.s32", +[](std::int32_t a) { return converted<FE_TOWARDZERO, float>(a); }));
    rows.push_back(row(
        "cvt.rp.f32.u32", +[](std::uint32_t a) { return converted<FE_UPWARD, float>(a); }));
    rows.push_back(row(
        "cvt.rn.f32.f64", +[](double a) { return static_cast<float>(a); }));
    rows.push_back(row(
        "cvt.rm.f32.f64", +[](double a) { return converted<FE_DOWNWARD, float>(a); }));
    rows.push_back(row(
        "cvt.f64.f32", +[](float a) { return double{a}; }));
    rows.push_back(row(
        "cvt.rni.f32.f32", +[](float a) { return std::nearbyint(a); }));
    rows.push_back(row(
        "cvt.rmi.f32.f32", +[](float a) { return std::floor(a); }));
    rows.push_back(row(
        "cvt.rpi.f64.f64", +[](double a) { return std::ceil(a); }));
    rows.push_back(row(
        "cvt.sat.f32.f32", +[](float a) { return std::isnan(a) || a <= 0 ? 0.0F : std::min(a, 1.0F); }));
    rows.push_back(row("cvt.f32.f16", &half_as_float));
    rows.push_back(row("cvt.rn.f16.f32", &nearest_half));
    rows.push_back(row(
        "cvt.rn.f16x2.f32",
        +[](float a, float b) { return std::uint32_t{nearest_half(a).bits} << 16U | nearest_half(b).bits; }));
    rows.push_back(row(
        "add.f16", +[](Half a, Half b) {
            return nearest_half_of(static_cast<long double>(half_as_float(a)) + half_as_float(b));
        }));
    rows.push_back(row(
        "sub.f16", +[](Half a, Half b) {
            return nearest_half_of(static_cast<long double>(half_as_float(a)) - half_as_float(b));
        }));
    rows.push_back(row(
        "mul.f16", +[](Half a, Half b) { return nearest_half_of(1.0L * half_as_float(a) * half_as_float(b)); }));
    rows.push_back(row(
        "fma.rn.f16", +[](Half a, Half b, Half c) {
            return nearest_half_of(1.0L * half_as_float(a) * half_as_float(b) + half_as_float(c));
        }));
    rows.push_back(row(
        "setp.lt.f16", +[](Half a, Half b) { return half_as_float(a) < half_as_float(b); }));
    // A bfloat16 is the upper half of an f32: rounding adds half of what is cut off.
    rows.push_back(row(
        "cvt.rn.bf16.f32", +[](float a) {
            const auto bits = static_cast<std::uint32_t>(bits_of(a));
            if (std::isnan(a)) return Bfloat{0x7FFF};
            return Bfloat{static_cast<std::uint16_t>((bits + 0x7FFFU + (bits >> 16U & 1U)) >> 16U)};
        }));
    return rows;
}

TEST_CASE("conversions give what the host gives") {
    check_rows(convert_rows(), 4);
}

}  // namespace convt::ptx
