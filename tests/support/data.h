// SPDX-License-Identifier: Apache-2.0
// What the tests put into tensors. Everything comes from a seed.
#pragma once

#include "convt/problem.h"
#include "tests/support/oracle.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace convt::test {

// Small integers such that every partial sum of products, in any order, and 16 times that (room for transforms that add
// before they multiply) is exact in the type of sums: a kernel must give the oracle's bits. Holds up to 2^20 products
// an output for f32. Factors of the epilogue are powers of two. Where an operation has a scale of its own, such as
// clamp, inputs and terms are brought to it by a power of two, or factors, where inputs are integers. For a kernel that
// transforms, the room is what its facts ask for.
Operands integer_operands(const Problem& problem, std::uint64_t seed, const TransformFacts& transform = {});

// Uniform in [-1, 1), multiples of 2^-23 (f32) or 2^-52 (f64), so that no product underflows.
Operands uniform_operands(const Problem& problem, std::uint64_t seed);

// Largest |value| of integer_operands.
std::int64_t integer_limit(const Problem& problem, const TransformFacts& transform = {});

// Raw elements from scalars (a complex element is two), rounded to the type; and back.
std::vector<std::byte> from_scalars(ElementType type, const std::vector<double>& scalars);
std::vector<double> to_scalars(ElementType type, const std::vector<std::byte>& bytes);

// Product of the extents times the size of an element.
std::size_t bytes_of(ElementType type, const std::vector<std::int64_t>& shape);

}  // namespace convt::test
