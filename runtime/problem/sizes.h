// SPDX-License-Identifier: Apache-2.0
// What the rules about sizes count, for those who check them anew: size_rules.cpp, and the tables of an archive.
#pragma once

#include "convt/problem.h"

#include <cstdint>

namespace convt {

// The most that any strategy may round a row up to, for its lanes: four vectors of 16 f32.
constexpr std::int64_t widest_tile = 64;

// The zero-padded copy of the input that gathers read holds all the positions that a tap of some output can ask for, at
// most so many beyond either end, and a last axis that is cut into whole tiles.
inline std::int64_t input_halo(const Axis& axis) noexcept {
    return axis.dilation * (axis.kernel - 1) / axis.stride + 1;
}

}  // namespace convt
