// SPDX-License-Identifier: Apache-2.0
// Integer instructions. The host's side is written the long way round, in 128 bits or bit by bit, so as not to repeat
// the executor's.
#include "tests/ptx/instructions.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <limits>

namespace convt::ptx {
namespace {

using s16 = std::int16_t;
using s32 = std::int32_t;
using s64 = std::int64_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;

template <typename T>
T wrap(Int128 value) {
    return static_cast<T>(static_cast<Uint128>(value));
}
template <typename T>
Int128 wide(T value) {
    return static_cast<Int128>(value);
}
// The low bits of a product need no sign.
template <typename T>
T product(T a, T b) {
    return static_cast<T>(static_cast<Uint128>(a) * static_cast<Uint128>(b));
}
template <typename T>
T high(T a, T b) {
    if constexpr (std::is_signed_v<T>) {
        return static_cast<T>((wide(a) * wide(b)) >> (8 * sizeof(T)));
    } else {
        return static_cast<T>((static_cast<Uint128>(a) * static_cast<Uint128>(b)) >> (8 * sizeof(T)));
    }
}
template <typename T>
T quotient(T a, T b) {
    return b == 0 ? static_cast<T>(-1) : wrap<T>(wide(a) / wide(b));
}
template <typename T>
T remainder(T a, T b) {
    return b == 0 ? static_cast<T>(-1) : wrap<T>(wide(a) % wide(b));
}

template <typename T>
void add_rows(std::vector<InstructionRow>& rows, const std::string& type) {
    rows.push_back(row(
        "add." + type, +[](T a, T b) { return wrap<T>(wide(a) + wide(b)); }));
    rows.push_back(row(
        "sub." + type, +[](T a, T b) { return wrap<T>(wide(a) - wide(b)); }));
    rows.push_back(row(
        "mul.lo." + type, +[](T a, T b) { return product(a, b); }));
    rows.push_back(row(
        "mul.hi." + type, +[](T a, T b) { return high(a, b); }));
    rows.push_back(row(
        "mad.lo." + type, +[](T a, T b, T c) { return wrap<T>(wide(product(a, b)) + wide(c)); }));
    rows.push_back(row(
        "mad.hi." + type, +[](T a, T b, T c) { return wrap<T>(wide(high(a, b)) + wide(c)); }));
    rows.push_back(row(
        "div." + type, +[](T a, T b) { return quotient(a, b); }));
    rows.push_back(row(
        "rem." + type, +[](T a, T b) { return remainder(a, b); }));
    rows.push_back(row(
        "min." + type, +[](T a, T b) { return std::min(a, b); }));
    rows.push_back(row(
        "max." + type, +[](T a, T b) { return std::max(a, b); }));
    rows.push_back(row(
        "sad." + type,
        +[](T a, T b, T c) { return wrap<T>(wide(c) + (a < b ? wide(b) - wide(a) : wide(a) - wide(b))); }));
    rows.push_back(row(
        "setp.lt." + type, +[](T a, T b) { return wide(a) < wide(b); }));
    rows.push_back(row(
        "setp.le." + type, +[](T a, T b) { return wide(a) <= wide(b); }));
    rows.push_back(row(
        "setp.gt." + type, +[](T a, T b) { return wide(a) > wide(b); }));
    rows.push_back(row(
        "setp.ge." + type, +[](T a, T b) { return wide(a) >= wide(b); }));
    rows.push_back(row(
        "setp.eq." + type, +[](T a, T b) { return wide(a) == wide(b); }));
    rows.push_back(row(
        "setp.ne." + type, +[](T a, T b) { return wide(a) != wide(b); }));
    rows.push_back(row(
        "setp.lt.and." + type, +[](T a, T b, bool c) { return a < b && c; }));
    rows.push_back(row(
        "setp.ge.or." + type, +[](T a, T b, bool c) { return a >= b || c; }));
    rows.push_back(row(
        "setp.eq.xor." + type, +[](T a, T b, bool c) { return (a == b) != c; }));
    rows.push_back(row(
        "selp." + type, +[](T a, T b, bool c) { return c ? a : b; }));
    rows.push_back(row(
        "mov." + type, +[](T a) { return a; }));
    // Shifting by whole steps of one.
    rows.push_back(row(
        "shr." + type, +[](T a, u32 by) {
            for (u32 i = 0; i < std::min(by, 70U); ++i)
                a = static_cast<T>(a >> 1);
            return a;
        }));
}
template <typename T>
void add_signed_rows(std::vector<InstructionRow>& rows, const std::string& type) {
    rows.push_back(row(
        "neg." + type, +[](T a) { return wrap<T>(-wide(a)); }));
    rows.push_back(row(
        "abs." + type, +[](T a) { return wrap<T>(a < 0 ? -wide(a) : wide(a)); }));
}
template <typename T, typename W>
void add_wide_rows(std::vector<InstructionRow>& rows, const std::string& type) {
    rows.push_back(row(
        "mul.wide." + type, +[](T a, T b) { return wrap<W>(wide(a) * wide(b)); }));
    rows.push_back(row(
        "mad.wide." + type, +[](T a, T b, W c) { return wrap<W>(wide(a) * wide(b) + wide(c)); }));
}

}  // namespace

std::vector<InstructionRow> integer_rows() {
    std::vector<InstructionRow> rows;
    add_rows<u16>(rows, "u16");
    add_rows<s16>(rows, "s16");
    add_rows<u32>(rows, "u32");
    add_rows<s32>(rows, "s32");
    add_rows<u64>(rows, "u64");
    add_rows<s64>(rows, "s64");
    add_signed_rows<s16>(rows, "s16");
    add_signed_rows<s32>(rows, "s32");
    add_signed_rows<s64>(rows, "s64");
    add_wide_rows<u16, u32>(rows, "u16");
    add_wide_rows<s16, s32>(rows, "s16");
    add_wide_rows<u32, u64>(rows, "u32");
    add_wide_rows<s32, s64>(rows, "s32");
    rows.push_back(row(
        "add.sat.s32", +[](s32 a, s32 b) {
            using Limits = std::numeric_limits<s32>;
            return static_cast<s32>(std::clamp<s64>(s64{a} + b, Limits::min(), Limits::max()));
        }));
    rows.push_back(row(
        "setp.lo.u32", +[](u32 a, u32 b) { return a < b; }));
    rows.push_back(row(
        "setp.hs.u64", +[](u64 a, u64 b) { return a >= b; }));
    return rows;
}

TEST_CASE("integer instructions compute what the host computes") {
    check_rows(integer_rows(), 1);
}
TEST_CASE("instructions on bits compute what the host computes") {
    check_rows(bit_rows(), 2);
}

}  // namespace convt::ptx
