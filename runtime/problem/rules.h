// SPDX-License-Identifier: Apache-2.0
// What the files with a problem's rules share.
#pragma once

#include "convt/problem.h"

#include <fmt/format.h>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace convt {

constexpr std::int64_t int32_max = std::numeric_limits<std::int32_t>::max();

// Products and sums of values in [0, 2^63) that stay at 2^63 - 1 instead of wrapping.
inline std::int64_t saturating_add(std::int64_t a, std::int64_t b) {
    std::int64_t sum = 0;
    return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<std::int64_t>::max() : sum;
}
inline std::int64_t saturating_mul(std::int64_t a, std::int64_t b) {
    std::int64_t product = 0;
    return __builtin_mul_overflow(a, b, &product) ? std::numeric_limits<std::int64_t>::max() : product;
}

inline Status broken(std::string_view field, std::int64_t value, std::string_view rule) {
    return {Code::invalid_problem, fmt::format("{} = {}: {}", field, value, rule)};
}

// Named as in (N, C, D, H, W): the last axis is always W.
inline std::string axis_field(std::string_view field, int rank, int axis) {
    return fmt::format("{}[{}]", field, "DHW"[3 - rank + axis]);
}

// The extent that an open axis has until a call chooses one, of which default schedules are made.
std::int64_t nominal_extent(const OpenExtent& open, int rank);

// The rules of sizes.
Status check_sizes(const Problem& problem);

}  // namespace convt
