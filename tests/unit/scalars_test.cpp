// SPDX-License-Identifier: Apache-2.0
// Conversions between doubles and element types: every number of 16 bits reads back as itself, and what lies between
// two of them goes to the nearest, ties to the even one.
#include "runtime/problem/scalars.h"

#include <catch2/catch_test_macros.hpp>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

namespace convt::test {
namespace {

double decoded(ElementType type, std::uint16_t bits) {
    std::byte bytes[sizeof(double)];
    std::memcpy(bytes, &bits, sizeof bits);
    return load_scalar(type, bytes);
}

std::uint16_t encoded(ElementType type, double value) {
    std::byte bytes[sizeof(double)];
    store_scalar(type, value, bytes);
    std::uint16_t bits = 0;
    std::memcpy(&bits, bytes, sizeof bits);
    return bits;
}

}  // namespace

TEST_CASE("scalars: numbers of 16 bits read back, and between them the nearest even one is taken") {
    for (const ElementType type : {ElementType::f16, ElementType::bf16}) {
        const ElementTypeInfo& info = element_type_info(type);
        const auto infinity = static_cast<std::uint16_t>(((1U << info.exponent_bits) - 1) << (info.mantissa_bits - 1));
        INFO(info.name);
        for (std::uint16_t bits = 0; bits < infinity; ++bits) {
            const double value = decoded(type, bits);
            const std::uint16_t even = (bits & 1U) != 0 ? static_cast<std::uint16_t>(bits + 1) : bits;
            const double next = bits + 1 == infinity ? std::ldexp(1.0, 1 << (info.exponent_bits - 1))
                                                     : decoded(type, static_cast<std::uint16_t>(bits + 1));
            const double middle = (value + next) / 2;
            const bool right = encoded(type, value) == bits && encoded(type, -value) == (bits | 0x8000U) &&
                               encoded(type, middle) == even && encoded(type, std::nextafter(middle, 0.0)) == bits &&
                               encoded(type, std::nextafter(middle, 1e300)) == bits + 1;
            if (!right) FAIL("bits " << bits << ", value " << value);
        }
        CHECK(encoded(type, 1e300) == infinity);
        CHECK(decoded(type, infinity) == std::numeric_limits<double>::infinity());
        CHECK(std::isnan(decoded(type, encoded(type, std::nan("")))));
    }
}

TEST_CASE("scalars: bfloat16 is the upper half of an f32, f16 has a smallest number of 2^-24") {
    for (const float value : {1.0F, -3.14159274F, 1e-40F, 3e38F}) {
        const auto bits = static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16U);
        CHECK(decoded(ElementType::bf16, bits) ==
              static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U)));
    }
    CHECK(decoded(ElementType::f16, 1) == std::ldexp(1.0, -24));
    CHECK(decoded(ElementType::f16, 0x3C00) == 1.0);
    CHECK(decoded(ElementType::f16, 0xFBFF) == -65504.0);
}

TEST_CASE("scalars: integers round to even and saturate") {
    CHECK(round_scalar(ElementType::u8, 2.5) == 2);
    CHECK(round_scalar(ElementType::u8, 3.5) == 4);
    CHECK(round_scalar(ElementType::u8, -1) == 0);
    CHECK(round_scalar(ElementType::u8, 300) == 255);
    CHECK(round_scalar(ElementType::s8, -300) == -128);
    CHECK(round_scalar(ElementType::s8, -1.5) == -2);
    CHECK(round_scalar(ElementType::s32, 3e9) == 2147483647.0);
    CHECK(round_scalar(ElementType::s8, std::nan("")) == 0);
}

TEST_CASE("scalars: rounding moves no value further than the bound says") {
    for (const ElementTypeInfo& info : element_types()) {
        INFO(info.name);
        for (double value = 1e-12; value < 100; value *= 1.37)
            CHECK(std::abs(round_scalar(info.type, value) - value) <= largest_rounding(info.type, value));
    }
}

}  // namespace convt::test
