// SPDX-License-Identifier: Apache-2.0
// What the admission check puts into tensors: numbers on which every sum, in whatever order, is exact.
#pragma once

#include "convt/object.h"
#include "convt/problem.h"
#include "runtime/kernel/guarded_memory.h"

#include <cstdint>

namespace convt {

// Largest magnitude of the integers that inputs and weights are made of.
std::int64_t admission_limit(const Problem& problem, const TransformFacts& transform);
// What inputs, bias and terms are multiplied by.
double admission_unit(const Problem& problem, std::int64_t limit);

// T: the scalar type.
template <typename T>
void fill_integers(const GuardedMemory& memory, std::int64_t limit, double scale, std::uint64_t seed);
template <typename T>
void fill_factors(const GuardedMemory& memory, std::uint64_t seed);

}  // namespace convt
