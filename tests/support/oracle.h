// SPDX-License-Identifier: Apache-2.0
// The oracle: the slow, obviously right implementation that every kernel is held against. It scatters where kernels
// gather, in a wider type, and knows no phase: every input element is sent to every output position that the definition
// S * i + D * k = o + P names. With each value come the figures that bound what rounding may do to a kernel.
#pragma once

#include "convt/object.h"
#include "convt/problem.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace convt::test {

// Raw elements of the problem's types, dense: x as the input layout says, weights (C_in, C_out/groups, K...), bias
// (C_out) or empty, and the tensors that the epilogue takes, in its order.
struct Operands {
    std::vector<std::byte> x;
    std::vector<std::byte> weights;
    std::vector<std::byte> bias;
    std::vector<std::vector<std::byte>> epilogue = {};
};

struct Reference {
    // Scalars in the order of the output's memory; a complex element is two (real, imaginary). Summed in double where
    // kernels sum in f32, else in long double.
    std::vector<long double> values;
    // Per element: sum of |x| |w| over its terms, plus |bias|; |.| of a complex number is |re| + |im|.
    std::vector<double> magnitudes;
    // Per element: products summed.
    std::vector<std::int64_t> terms;
    // Largest modulus, as above, of any input, weight and bias.
    double largest_input = 0, largest_weight = 0, largest_bias = 0;
    // Per scalar: what the epilogue and the output's type do to an error of the sum, and what their own roundings add;
    // the value and the latter where the sum is exact (runtime/problem/epilogue.h). Empty where the output is the sum:
    // 1, 0, `values` and 0.
    std::vector<double> slopes, own, own_if_exact;
    std::vector<long double> values_if_exact;
};

// bias + scatter, then the epilogue from left to right. The problem is valid and the operands have its sizes.
Reference oracle(const Problem& problem, const Operands& operands);

// How far a correct kernel may be from `reference.values` at scalar `scalar`: gamma_n * magnitude (Higham, "Accuracy
// and Stability of Numerical Algorithms", 2nd ed., 3.1: holds for every order of summation, with or without fused
// multiply-add), n = products + bias, the oracle's own gamma_n on top, and all that through the epilogue and the
// rounding to the output's type. It assumes no underflow in sums, which `uniform_operands` guarantees; sums of integers
// have no error. A kernel that transforms is granted what object.h says of
// TransformFacts: its errors come from all inputs of a tile, so the bound is the same for all elements.
double error_bound(const Problem& problem, const Reference& reference, std::size_t scalar,
                   const TransformFacts& transform = {});

// The same where the sums of the data are exact: 0 where nothing rounds.
double exact_error_bound(const Reference& reference, std::size_t scalar);

// Extents of `problem` filled up to three axes: leading ones of extent, kernel and stride 1.
std::array<Axis, 3> three_axes(const Problem& problem);

// Offsets of element (n, c, z, y, x) in a dense tensor of either layout; `extents` are the three spatial ones.
std::size_t offset_of(Layout layout, const std::array<std::int64_t, 3>& extents, std::int64_t channels, std::int64_t n,
                      std::int64_t c, const std::array<std::int64_t, 3>& at);

}  // namespace convt::test
