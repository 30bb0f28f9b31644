// SPDX-License-Identifier: Apache-2.0
// What the admission check puts into tensors: numbers on which every sum, in whatever order, is exact.
#pragma once

#include "convt/object.h"
#include "convt/problem.h"
#include "runtime/kernel/guarded_memory.h"

#include <cstdint>

namespace convt {

// Integers without 0, which would hide a wrong operand, and factors 1/2, 1, 2 of either sign. Where an operation of the
// epilogue has a scale of its own a power of two brings sums to it: of the inputs and terms, or, where inputs are
// integers, of the factors.
class AdmissionData {
  public:
    AdmissionData(const Problem& problem, const TransformFacts& transform);
    void fill_inputs(const GuardedMemory& memory, std::uint64_t seed) const;
    void fill_weights(const GuardedMemory& memory, std::uint64_t seed) const;
    void fill_terms(const GuardedMemory& memory, ElementType type, std::uint64_t seed) const;
    void fill_factors(const GuardedMemory& memory, ElementType type, std::uint64_t seed) const;

  private:
    ProblemTypeInfo types_;
    std::int64_t limit_;  // largest magnitude of the integers that inputs and weights are made of
    double unit_;
};

}  // namespace convt
