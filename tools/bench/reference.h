// SPDX-License-Identifier: Apache-2.0
// Whether outputs are right: sampled ones against sums enumerated from the definition in long double, each with a bound
// on the error that rounding may make.
#pragma once

#include "convt/object.h"
#include "convt/problem.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace convt::cli {

// Dense tensors of a problem, batched, in its layouts.
struct Operands {
    std::span<const std::byte> x, w, bias, y;
    std::vector<std::span<const std::byte>> epilogue = {};  // what it takes, in its order
};

struct Deviation {
    double max_error = 0.0;    // largest |y - reference| seen
    double error_bound = 0.0;  // largest bound among the same outputs
    std::string wrong;         // the first output beyond its own bound; empty where there is none
};

// Looks at the corners of y and at `samples` outputs drawn with `seed`. `transform`: of the kernel's object; its bound
// is the same for all outputs.
Deviation compare_sampled(const Problem& problem, const Operands& operands, std::int64_t samples, std::uint64_t seed,
                          const TransformFacts& transform = {});

// Uniform in [-1, 1), every scalar of its own.
void fill_uniform(std::span<std::byte> data, ElementType type, std::uint64_t seed);

}  // namespace convt::cli
