// SPDX-License-Identifier: Apache-2.0
#include "runtime/problem/scalars.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace convt {
namespace {

template <typename T>
void store_as(double value, std::byte* to) noexcept {
    const auto narrow = static_cast<T>(value);
    std::memcpy(to, &narrow, sizeof narrow);
}

template <typename T>
double clamp_to(double value) noexcept {
    return std::clamp(value, static_cast<double>(std::numeric_limits<T>::min()),
                      static_cast<double>(std::numeric_limits<T>::max()));
}

// Under the default rounding mode std::nearbyint ties to even. What is not a number becomes 0.
template <typename T>
void store_integer(double value, std::byte* to) noexcept {
    store_as<T>(std::isnan(value) ? 0.0 : std::nearbyint(clamp_to<T>(value)), to);
}

// Exponent of the smallest normal number.
int lowest_exponent(const ElementTypeInfo& info) noexcept {
    return 2 - (1 << (info.exponent_bits - 1));
}

unsigned encode16(const ElementTypeInfo& info, double value) noexcept {
    const int fraction_bits = info.mantissa_bits - 1;
    const unsigned sign = std::signbit(value) ? 0x8000U : 0U;
    const unsigned infinity = ((1U << info.exponent_bits) - 1) << fraction_bits;
    if (std::isnan(value)) return sign | infinity | 1U << (fraction_bits - 1);
    if (std::isinf(value)) return sign | infinity;
    // In steps of the last place, of which a number has 2^fraction_bits where it is normal: a carry into the exponent,
    // and from the largest number to infinity, comes out of the sum below by itself.
    const int exponent = value == 0 ? lowest_exponent(info) : std::max(std::ilogb(value), lowest_exponent(info));
    if (exponent > -lowest_exponent(info) + 1) return sign | infinity;
    const auto steps = static_cast<unsigned>(std::nearbyint(std::ldexp(std::fabs(value), fraction_bits - exponent)));
    return sign | (steps + (static_cast<unsigned>(exponent - lowest_exponent(info)) << fraction_bits));
}

}  // namespace

double load_narrow(ElementType type, const std::byte* from) noexcept {
    std::uint16_t bits;
    std::memcpy(&bits, from, sizeof bits);
    const ElementTypeInfo& info = element_type_info(type);
    const int fraction_bits = info.mantissa_bits - 1;
    const unsigned fraction = bits & ((1U << fraction_bits) - 1);
    const int exponent = bits >> fraction_bits & ((1 << info.exponent_bits) - 1);
    const double sign = (bits & 0x8000U) != 0 ? -1.0 : 1.0;
    if (exponent == (1 << info.exponent_bits) - 1)
        return fraction != 0 ? std::numeric_limits<double>::quiet_NaN()
                             : sign * std::numeric_limits<double>::infinity();
    const unsigned hidden = exponent == 0 ? 0 : 1U << fraction_bits;
    return sign * std::ldexp(static_cast<double>(fraction + hidden),
                             lowest_exponent(info) - fraction_bits + std::max(exponent - 1, 0));
}

void store_scalar(ElementType type, double value, std::byte* to) noexcept {
    switch (type) {
        case ElementType::f32:
        case ElementType::c64:
            return store_as<float>(value, to);
        case ElementType::f64:
        case ElementType::c128:
            return store_as<double>(value, to);
        case ElementType::f16:
        case ElementType::bf16:
            return store_as<std::uint16_t>(encode16(element_type_info(type), value), to);
        case ElementType::u8:
            return store_integer<std::uint8_t>(value, to);
        case ElementType::s8:
            return store_integer<std::int8_t>(value, to);
        case ElementType::s32:
            return store_integer<std::int32_t>(value, to);
    }
}

double round_scalar(ElementType type, double value) noexcept {
    std::byte bytes[sizeof(double)];
    store_scalar(type, value, bytes);
    return load_scalar(type, bytes);
}

double saturate(ElementType type, double value) noexcept {
    switch (type) {
        case ElementType::u8:
            return clamp_to<std::uint8_t>(value);
        case ElementType::s8:
            return clamp_to<std::int8_t>(value);
        case ElementType::s32:
            return clamp_to<std::int32_t>(value);
        default:
            return value;
    }
}

double uniform_scalar(ElementType type, std::uint64_t bits) noexcept {
    const ElementTypeInfo& info = element_type_info(type);
    if (info.kind == ScalarKind::unsigned_integer) return static_cast<double>(bits >> 56U);
    if (info.kind == ScalarKind::signed_integer)
        return static_cast<double>(static_cast<std::int64_t>(bits) >> (info.scalar_bytes == 1 ? 56 : 48));
    return std::ldexp(static_cast<double>(bits >> static_cast<unsigned>(64 - info.mantissa_bits)),
                      1 - info.mantissa_bits) -
           1.0;
}

double largest_rounding(ElementType type, double magnitude) noexcept {
    const ElementTypeInfo& info = element_type_info(type);
    if (info.exponent_bits == 0) return 0.5;
    return std::max(std::ldexp(magnitude, -info.mantissa_bits),
                    std::ldexp(1.0, lowest_exponent(info) - info.mantissa_bits));
}

}  // namespace convt
