// SPDX-License-Identifier: Apache-2.0
// The operator by its definition, one output at a time: the sum over all i, k with S * i + D * k = o + P. Knows nothing
// of phases or schedules; the admission check holds kernels against it.
#pragma once

#include "convt/problem.h"
#include "runtime/problem/epilogue.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace convt {

// An output element; `o` in the order of Problem::axes, unused axes 0.
struct OutputIndex {
    std::int64_t n = 0;
    std::int64_t c = 0;
    std::array<std::int64_t, 3> o{};
};

// Dense tensors in the problem's layouts and types. `bias` may be null.
struct DenseOperands {
    const std::byte* x;
    const std::byte* weights;
    const std::byte* bias;
    std::vector<const std::byte*> epilogue;  // as Problem::epilogue_operands
};

// Upper bound of the products in one output (complex ones count once).
std::int64_t max_terms(const Problem& problem);

// Offset, in elements, of an output element in a dense tensor.
std::int64_t output_offset(const Problem& problem, const OutputIndex& index);

// The output element after bias and epilogue, real and imaginary part. Sums are taken in double and must be exact
// there, as those of integer data are: `own` is then what a right kernel may be off by.
std::array<EpilogueValue, 2> defined_output(const Problem& problem, const DenseOperands& operands,
                                            const OutputIndex& index);

// Outputs worth checking at a cost of about `multiply_adds`: all of them where that is enough, else every combination
// of residues modulo the strides, the borders of each axis, the corners, and random ones. The same for the same
// problem.
std::vector<OutputIndex> sample_outputs(const Problem& problem, std::int64_t multiply_adds);

}  // namespace convt
