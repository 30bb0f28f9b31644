// SPDX-License-Identifier: Apache-2.0
// Logic, shifts, fields of bits, moves and selections.
#include "tests/support/ptx/lanewise.h"

#include <bit>

namespace convt::ptx {
namespace {

using u32 = std::uint32_t;
using u64 = std::uint64_t;

template <typename T>
T bit_and(T a, T b) {
    return static_cast<T>(a & b);
}
template <typename T>
T bit_or(T a, T b) {
    return static_cast<T>(a | b);
}
template <typename T>
T bit_xor(T a, T b) {
    return static_cast<T>(a ^ b);
}
template <typename T>
T bit_not(T a) {
    return static_cast<T>(~a);
}
template <>
bool bit_not<bool>(bool a) {
    return !a;
}
template <typename T>
T logical_not(T a) {
    return a == 0 ? 1 : 0;
}
// Amounts beyond the width shift everything out.
template <typename T>
T shift_left(T a, u32 amount) {
    return amount >= 8 * sizeof(T) ? T{0} : static_cast<T>(static_cast<u64>(a) << amount);
}
template <typename T>
T shift_right(T a, u32 amount) {
    const u32 last = 8 * sizeof(T) - 1;
    if (amount <= last) return static_cast<T>(a >> amount);
    return static_cast<T>(std::is_signed_v<T> && a < 0 ? -1 : 0);
}
template <bool Left, bool Wrap>
u32 funnel(u32 low, u32 high, u32 amount) {
    const u32 by = Wrap ? amount & 31U : amount > 32 ? 32 : amount;
    const u64 both = (u64{high} << 32U) | low;
    return static_cast<u32>(Left ? (both << by) >> 32U : both >> by);
}
template <typename T>
T move(T a) {
    return a;
}
template <typename T>
T select(T a, T b, bool which) {
    return which ? a : b;
}
template <typename T>
u32 popcount(T a) {
    return static_cast<u32>(std::popcount(a));
}
template <typename T>
u32 leading_zeros(T a) {
    return static_cast<u32>(std::countl_zero(a));
}
template <typename T>
T reversed(T a) {
    T result = 0;
    for (unsigned i = 0; i < 8 * sizeof(T); ++i)
        result = static_cast<T>(result | ((a >> i & 1) << (8 * sizeof(T) - 1 - i)));
    return result;
}
// Bits past the top of `a` are its sign, or the top bit of the field where the field ends inside.
template <typename T>
T extract(T a, u32 start, u32 length) {
    constexpr u32 top = 8 * sizeof(T) - 1;
    const u32 position = start & 0xFFU;
    const u32 count = length & 0xFFU;
    const u64 raw = static_cast<std::make_unsigned_t<T>>(a);
    const u32 sign_at = position + count - 1 > top ? top : position + count - 1;
    const bool sign = std::is_signed_v<T> && count != 0 && (raw >> sign_at & 1U) != 0;
    u64 result = sign ? ~u64{0} : 0;
    for (u32 i = 0; i < count && i <= top && position + i <= top; ++i) {
        result = (result & ~(u64{1} << i)) | ((raw >> (position + i) & 1U) << i);
    }
    return static_cast<T>(result);
}
template <typename T>
T insert(T field, T into, u32 start, u32 length) {
    constexpr u32 top = 8 * sizeof(T) - 1;
    T result = into;
    for (u32 i = 0; i < (length & 0xFFU) && (start & 0xFFU) + i <= top && i <= top; ++i) {
        const T bit = static_cast<T>(T{1} << ((start & 0xFFU) + i));
        result = (field >> i & 1) != 0 ? static_cast<T>(result | bit) : static_cast<T>(result & ~bit);
    }
    return result;
}
u32 permute(u32 a, u32 b, u32 selector) {
    const u64 bytes = (u64{b} << 32U) | a;
    u32 result = 0;
    for (u32 i = 0; i < 4; ++i) {
        const u32 pick = selector >> (4 * i);
        const u32 byte = static_cast<u32>(bytes >> (8 * (pick & 7U))) & 0xFFU;
        const u32 taken = (pick & 8U) == 0 ? byte : (byte & 0x80U) != 0 ? 0xFFU : 0;
        result |= taken << (8 * i);
    }
    return result;
}
u32 lookup(u32 a, u32 b, u32 c, u32 table) {
    u32 result = 0;
    for (u32 i = 0; i < 8; ++i) {
        if ((table >> i & 1U) == 0) continue;
        result |= ((i & 4U) != 0 ? a : ~a) & ((i & 2U) != 0 ? b : ~b) & ((i & 1U) != 0 ? c : ~c);
    }
    return result;
}

template <typename Make>
Choice pick_bits(Type type, const Make& make) {
    return pick<bool, std::uint16_t, u32, u64>(type, make);
}
template <typename Make>
Choice pick_wide(Type type, const Make& make) {
    return pick<u32, u64>(type, make);
}

Choice choose_and(Form& form) {
    return pick_bits(form.type(), []<typename T>() { return lanewise<&bit_and<T>>(); });
}
Choice choose_or(Form& form) {
    return pick_bits(form.type(), []<typename T>() { return lanewise<&bit_or<T>>(); });
}
Choice choose_xor(Form& form) {
    return pick_bits(form.type(), []<typename T>() { return lanewise<&bit_xor<T>>(); });
}
Choice choose_not(Form& form) {
    return pick_bits(form.type(), []<typename T>() { return lanewise<&bit_not<T>>(); });
}
Choice choose_cnot(Form& form) {
    return pick<std::uint16_t, u32, u64>(form.type(), []<typename T>() { return lanewise<&logical_not<T>>(); });
}
Choice choose_shl(Form& form) {
    return pick<std::uint16_t, u32, u64>(form.type(), []<typename T>() { return lanewise<&shift_left<T>>(); });
}
Choice choose_shr(Form& form) {
    return pick<std::uint16_t, std::int16_t, u32, std::int32_t, u64, std::int64_t>(
        form.type(), []<typename T>() { return lanewise<&shift_right<T>>(); });
}
Choice choose_shf(Form& form) {
    const bool left = form.take("l");
    if (!left && !form.take("r")) return {};
    const bool wrap = form.take("wrap");
    if ((!wrap && !form.take("clamp")) || form.type() != Type::u32) return {};
    if (left) return wrap ? lanewise<&funnel<true, true>>() : lanewise<&funnel<true, false>>();
    return wrap ? lanewise<&funnel<false, true>>() : lanewise<&funnel<false, false>>();
}
Choice choose_mov(Form& form) {
    return pick<bool, std::uint16_t, std::int16_t, Half, Bfloat, u32, std::int32_t, float, u64, std::int64_t, double>(
        form.type(), []<typename T>() { return lanewise<&move<T>>(); });
}
Choice choose_selp(Form& form) {
    return pick<std::uint16_t, std::int16_t, Half, u32, std::int32_t, float, u64, std::int64_t, double>(
        form.type(), []<typename T>() { return lanewise<&select<T>>(); });
}
Choice choose_popc(Form& form) {
    return pick_wide(form.type(), []<typename T>() { return lanewise<&popcount<T>>(); });
}
Choice choose_clz(Form& form) {
    return pick_wide(form.type(), []<typename T>() { return lanewise<&leading_zeros<T>>(); });
}
Choice choose_brev(Form& form) {
    return pick_wide(form.type(), []<typename T>() { return lanewise<&reversed<T>>(); });
}
Choice choose_bfe(Form& form) {
    return pick<u32, std::int32_t, u64, std::int64_t>(form.type(),
                                                      []<typename T>() { return lanewise<&extract<T>>(); });
}
Choice choose_bfi(Form& form) {
    return pick_wide(form.type(), []<typename T>() { return lanewise<&insert<T>>(); });
}
Choice choose_prmt(Form& form) {
    return form.type() == Type::u32 ? lanewise<&permute>() : Choice{};
}
Choice choose_lop3(Form& form) {
    return form.type() == Type::u32 ? lanewise<&lookup>() : Choice{};
}
// Windows of shared and local memory lie at addresses of their own in the generic space (addresses.h): see decode.cpp
// for the others.
Choice choose_cvta(Form& form) {
    form.take("to");
    if (!form.take("global") && !form.take("const") && !form.take("param")) return {};
    return form.type() == Type::u64 ? lanewise<&move<u64>>() : Choice{};
}

}  // namespace

std::vector<Family> bit_families() {
    return {{"and", choose_and},   {"or", choose_or},     {"xor", choose_xor},   {"not", choose_not},
            {"cnot", choose_cnot}, {"shl", choose_shl},   {"shr", choose_shr},   {"shf", choose_shf},
            {"mov", choose_mov},   {"selp", choose_selp}, {"popc", choose_popc}, {"clz", choose_clz},
            {"brev", choose_brev}, {"bfe", choose_bfe},   {"bfi", choose_bfi},   {"prmt", choose_prmt},
            {"lop3", choose_lop3}, {"cvta", choose_cvta}};
}

}  // namespace convt::ptx
