// SPDX-License-Identifier: Apache-2.0
// Scalars of any element type as doubles, which hold all of them exactly, and back: rounded once to nearest, ties to
// even, and for integers saturated.
#pragma once

#include "convt/problem.h"

#include <cstddef>
#include <cstring>

namespace convt {

// Of 16 bits: sign, exponent, fraction.
double load_narrow(ElementType type, const std::byte* from) noexcept;

// `from` and `to` need not be aligned. In the header for the loops of admission, which read single scalars.
inline double load_scalar(ElementType type, const std::byte* from) noexcept {
    const auto load = [from]<typename T>(T value) {
        std::memcpy(&value, from, sizeof value);
        return static_cast<double>(value);
    };
    switch (type) {
        case ElementType::f32:
        case ElementType::c64:
            return load(0.0F);
        case ElementType::f64:
        case ElementType::c128:
            return load(0.0);
        case ElementType::f16:
        case ElementType::bf16:
            return load_narrow(type, from);
        case ElementType::u8:
            return load(std::uint8_t{});
        case ElementType::s8:
            return load(std::int8_t{});
        case ElementType::s32:
            return load(std::int32_t{});
    }
    return 0;
}

void store_scalar(ElementType type, double value, std::byte* to) noexcept;

// `value` as the type holds it.
double round_scalar(ElementType type, double value) noexcept;

// The nearest value within an integer type's range; of real types, `value`.
double saturate(ElementType type, double value) noexcept;

// What 64 random bits make: for real types uniform in [-1, 1), in steps of which no product underflows; for integers
// any of them, those of 32 bits in 16.
double uniform_scalar(ElementType type, std::uint64_t bits) noexcept;

// How far round_scalar may be from a value of at most `magnitude`, where that does not overflow: half a step, and steps
// of the numbers below the normal ones do not shrink (IEEE 754-2019, 3.3).
double largest_rounding(ElementType type, double magnitude) noexcept;

}  // namespace convt
