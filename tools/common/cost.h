// SPDX-License-Identifier: Apache-2.0
// What a problem costs at least, from its definition alone: the two sides of a roofline.
#pragma once

#include "convt/problem.h"

#include <cstdint>

namespace convt::cli {

struct Cost {
    std::int64_t input_bytes = 0;
    std::int64_t weight_bytes = 0;  // as given, (C_in, C_out/groups, K...)
    std::int64_t bias_bytes = 0;
    std::int64_t output_bytes = 0;
    // Real multiply-adds of taps that land inside the output; a complex one takes four.
    double inside_multiply_adds = 0.0;

    std::int64_t bytes_read() const noexcept { return input_bytes + weight_bytes + bias_bytes; }
};

Cost cost_of(const Problem& problem);

// Pairs (i, k) of one axis whose product lands inside the output.
std::int64_t taps_inside(const Axis& axis) noexcept;

}  // namespace convt::cli
