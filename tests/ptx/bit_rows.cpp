// SPDX-License-Identifier: Apache-2.0
// Logic, shifts and fields of bits, bit by bit.
#include "tests/ptx/instructions.h"

#include <algorithm>

namespace convt::ptx {
namespace {

using u16 = std::uint16_t;
using s32 = std::int32_t;
using u32 = std::uint32_t;
using s64 = std::int64_t;
using u64 = std::uint64_t;

template <typename T>
bool bit(T value, u32 index) {
    return index < 8 * sizeof(T) && ((static_cast<u64>(value) >> index) & 1U) != 0;
}
// Bit i is what `of(i)` says.
template <typename T, typename Of>
T from_bits(const Of& of) {
    u64 value = 0;
    for (u32 i = 0; i < 8 * sizeof(T); ++i)
        value |= u64{of(i)} << i;
    return static_cast<T>(value);
}
template <typename T>
T left(T a, u32 by) {
    return from_bits<T>([&](u32 i) { return by <= i && bit(a, i - by); });
}
// PTX ISA, bfe: past the field, and past the top, bits are those of the sign.
template <typename T>
T field(T a, u32 start, u32 length) {
    const u32 position = start & 255U;
    const u32 count = length & 255U;
    const u32 top = 8 * sizeof(T) - 1;
    const bool sign = std::is_signed_v<T> && count > 0 && bit(a, std::min(position + count - 1, top));
    return from_bits<T>([&](u32 i) { return i < count && position + i <= top ? bit(a, position + i) : sign; });
}
template <typename T>
T inserted(T from, T into, u32 start, u32 length) {
    const u32 position = start & 255U;
    const u32 count = length & 255U;
    return from_bits<T>(
        [&](u32 i) { return i >= position && i < position + count ? bit(from, i - position) : bit(into, i); });
}
template <typename T>
u32 ones(T a) {
    u32 count = 0;
    for (u32 i = 0; i < 8 * sizeof(T); ++i)
        count += u32{bit(a, i)};
    return count;
}
template <typename T>
u32 zeros(T a) {
    u32 count = 0;
    while (count < 8 * sizeof(T) && !bit(a, 8 * sizeof(T) - 1 - count))
        ++count;
    return count;
}

template <typename T>
void add_rows(std::vector<InstructionRow>& rows, const std::string& type) {
    rows.push_back(row(
        "and." + type, +[](T a, T b) { return from_bits<T>([&](u32 i) { return bit(a, i) && bit(b, i); }); }));
    rows.push_back(row(
        "or." + type, +[](T a, T b) { return from_bits<T>([&](u32 i) { return bit(a, i) || bit(b, i); }); }));
    rows.push_back(row(
        "xor." + type, +[](T a, T b) { return from_bits<T>([&](u32 i) { return bit(a, i) != bit(b, i); }); }));
    rows.push_back(row(
        "not." + type, +[](T a) { return from_bits<T>([&](u32 i) { return !bit(a, i); }); }));
    rows.push_back(row(
        "cnot." + type, +[](T a) { return static_cast<T>(a == 0 ? 1 : 0); }));
    rows.push_back(row(
        "shl." + type, +[](T a, u32 by) { return left(a, by); }));
}
template <typename T>
void add_wide_rows(std::vector<InstructionRow>& rows, const std::string& type) {
    rows.push_back(row(
        "popc." + type, +[](T a) { return ones(a); }));
    rows.push_back(row(
        "clz." + type, +[](T a) { return zeros(a); }));
    rows.push_back(row(
        "brev." + type, +[](T a) { return from_bits<T>([&](u32 i) { return bit(a, 8 * sizeof(T) - 1 - i); }); }));
    rows.push_back(row(
        "bfi." + type, +[](T a, T b, u32 c, u32 d) { return inserted(a, b, c, d); }));
}

u32 permuted(u32 a, u32 b, u32 selector) {
    u32 result = 0;
    for (u32 i = 0; i < 4; ++i) {
        const u32 which = (selector >> (4 * i)) & 15U;
        const u32 source = (which & 4U) != 0 ? b : a;
        u32 byte = (source >> (8 * (which & 3U))) & 255U;
        if ((which & 8U) != 0) byte = byte >= 128 ? 255 : 0;
        result += byte << (8 * i);
    }
    return result;
}

}  // namespace

std::vector<InstructionRow> bit_rows() {
    std::vector<InstructionRow> rows;
    add_rows<u16>(rows, "b16");
    add_rows<u32>(rows, "b32");
    add_rows<u64>(rows, "b64");
    add_wide_rows<u32>(rows, "b32");
    add_wide_rows<u64>(rows, "b64");
    rows.push_back(row(
        "bfe.u32", +[](u32 a, u32 b, u32 c) { return field(a, b, c); }));
    rows.push_back(row(
        "bfe.s32", +[](s32 a, u32 b, u32 c) { return field(a, b, c); }));
    rows.push_back(row(
        "bfe.u64", +[](u64 a, u32 b, u32 c) { return field(a, b, c); }));
    rows.push_back(row(
        "bfe.s64", +[](s64 a, u32 b, u32 c) { return field(a, b, c); }));
    rows.push_back(row(
        "prmt.b32", +[](u32 a, u32 b, u32 c) { return permuted(a, b, c); }));
    rows.push_back(row(
        "shf.l.wrap.b32", +[](u32 a, u32 b, u32 c) {
            return from_bits<u32>([&](u32 i) { return i >= c % 32 ? bit(b, i - c % 32) : bit(a, 32 + i - c % 32); });
        }));
    rows.push_back(row(
        "shf.r.wrap.b32", +[](u32 a, u32 b, u32 c) {
            return from_bits<u32>(
                [&](u32 i) { return i + c % 32 < 32 ? bit(a, i + c % 32) : bit(b, i + c % 32 - 32); });
        }));
    rows.push_back(row(
        "shf.l.clamp.b32", +[](u32 a, u32 b, u32 c) {
            const u32 by = std::min(c, 32U);
            return from_bits<u32>([&](u32 i) { return i >= by ? bit(b, i - by) : bit(a, 32 + i - by); });
        }));
    rows.push_back(row(
        "and.pred", +[](bool a, bool b) { return a && b; }));
    rows.push_back(row(
        "or.pred", +[](bool a, bool b) { return a || b; }));
    rows.push_back(row(
        "xor.pred", +[](bool a, bool b) { return a != b; }));
    rows.push_back(row(
        "not.pred", +[](bool a) { return !a; }));
    return rows;
}

}  // namespace convt::ptx
