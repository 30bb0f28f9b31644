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
    std::int64_t operand_bytes = 0;  // of the epilogue
    std::int64_t output_bytes = 0;
    // Inputs, weights, biases and operands that some output depends on: padding may crop what others reach.
    std::int64_t touched_bytes = 0;
    // Real multiply-adds of taps that land inside the output; a complex one takes four.
    double inside_multiply_adds = 0.0;
};

Cost cost_of(const Problem& problem);

// What of one axis lands inside the output.
struct Reach {
    std::int64_t pairs = 0;   // of an input and a tap
    std::int64_t inputs = 0;  // in some such pair
    std::int64_t taps = 0;
};
Reach reach_of(const Axis& axis);

}  // namespace convt::cli
