// SPDX-License-Identifier: Apache-2.0
// How 32 lanes of a register lie in memory, and C++ types for the values in them. A lane takes 4 bytes, 8 where the
// type has 64 bits; a narrower value lies in the low bits, and whoever reads it takes no more. Lanes are moved by
// memcpy, which compilers turn into vector loads: no aliasing rule is bent, and loops over the 32 lanes vectorise.
#pragma once

#include "tests/support/ptx/types.h"

#include <bit>
#include <cstddef>
#include <cstring>
#include <type_traits>

namespace convt::ptx {

constexpr unsigned warp_lanes = 32;
// Bit i: lane i takes part.
using Mask = std::uint32_t;
constexpr Mask all_lanes = 0xFFFFFFFFU;

// ISO C++ has no integer for products of 64-bit ones.
__extension__ using Int128 = __int128;
__extension__ using Uint128 = unsigned __int128;

struct Half {
    std::uint16_t bits;
};
struct Bfloat {
    std::uint16_t bits;
};

template <typename T>
using Container = std::conditional_t<sizeof(T) <= 4, std::uint32_t, std::uint64_t>;

template <typename T>
T from_container(Container<T> raw) {
    if constexpr (std::is_same_v<T, bool>) {
        return raw != 0;
    } else if constexpr (std::is_floating_point_v<T>) {
        return std::bit_cast<T>(raw);
    } else if constexpr (std::is_class_v<T>) {
        return T{static_cast<std::uint16_t>(raw)};
    } else {
        return static_cast<T>(raw);
    }
}

template <typename T>
Container<T> to_container(T value) {
    if constexpr (std::is_same_v<T, bool>) {
        return value ? 1 : 0;
    } else if constexpr (std::is_floating_point_v<T>) {
        return std::bit_cast<Container<T>>(value);
    } else if constexpr (std::is_class_v<T>) {
        return value.bits;
    } else {
        // Signed ones extended: what a narrow result looks like in a wider register.
        return static_cast<Container<T>>(value);
    }
}

template <typename T>
T get_lane(const std::byte* lanes, unsigned lane) {
    Container<T> raw;
    std::memcpy(&raw, lanes + lane * sizeof(raw), sizeof(raw));
    return from_container<T>(raw);
}

template <typename T>
void put_lane(std::byte* lanes, unsigned lane, T value) {
    const Container<T> raw = to_container(value);
    std::memcpy(lanes + lane * sizeof(raw), &raw, sizeof(raw));
}

// The PTX type that a C++ type stands for; bit types count as unsigned ones.
template <typename T>
constexpr Type type_of() {
    if constexpr (std::is_same_v<T, bool>) return Type::pred;
    if constexpr (std::is_same_v<T, std::uint8_t>) return Type::u8;
    if constexpr (std::is_same_v<T, std::int8_t>) return Type::s8;
    if constexpr (std::is_same_v<T, std::uint16_t>) return Type::u16;
    if constexpr (std::is_same_v<T, std::int16_t>) return Type::s16;
    if constexpr (std::is_same_v<T, std::uint32_t>) return Type::u32;
    if constexpr (std::is_same_v<T, std::int32_t>) return Type::s32;
    if constexpr (std::is_same_v<T, std::uint64_t>) return Type::u64;
    if constexpr (std::is_same_v<T, std::int64_t>) return Type::s64;
    if constexpr (std::is_same_v<T, Half>) return Type::f16;
    if constexpr (std::is_same_v<T, Bfloat>) return Type::bf16;
    if constexpr (std::is_same_v<T, float>) return Type::f32;
    if constexpr (std::is_same_v<T, double>) return Type::f64;
    return Type::none;
}

}  // namespace convt::ptx
