// SPDX-License-Identifier: Apache-2.0
// Instructions that sum several products at once: which types they take, which features of a CPU they need, and the
// targets of problems that have no use for them.
#pragma once

#include "convt/problem.h"
#include "convt/target.h"

namespace convt {

// Each 32-bit lane of a vector adds the products of `width` neighbouring inputs and weights. `cycles`: of one on a core
// that does one f32 multiply-add of the same vectors a cycle.
struct DotProduct {
    ElementType input, weights;
    int width;
    std::uint64_t feature;
    double cycles;
};

// What `target` has for the types of `problem`; null where nothing, or where products are to be summed one by one.
const DotProduct* find_dot_product(const Problem& problem, const Target& target) noexcept;

// `target` without the features that are of use to dot products alone, where the problem has none. What is compiled,
// cached and tuned for one target then serves CPUs with and without them.
Target relevant_target(const Problem& problem, const Target& target);

}  // namespace convt
