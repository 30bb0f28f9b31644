// SPDX-License-Identifier: Apache-2.0
// A kernel's tensors: what each must look like, derived once from the problem, and the check that turns a caller's view
// into Halide's buffer. Halide's dimensions, innermost first: [part for complex types], then x y z c g n (input and
// output; c is the channel within its group g), c g (bias and what else is one number a channel) or kx ky kz cog cig g
// (weights); spatial axes the problem lacks have extent 1.
#pragma once

#include "convt/problem.h"
#include "convt/tensor.h"
#include "runtime/kernel/halide_abi.h"

#include <array>
#include <cstdint>
#include <span>

namespace convt {

// Halide computes offsets in 32 bits.
constexpr std::int64_t max_offset = 2147483647;

// Most dimensions of a buffer, without `part`.
constexpr int max_halide_rank = TensorView::max_rank + 1;

struct TensorRule {
    const char* name = "";
    ElementType type = ElementType::f32;
    int parts = 1;         // scalars an element
    int scalar_bytes = 4;  // bytes of one
    int rank = 0;
    std::array<std::int64_t, TensorView::max_rank> extents{};  // as the caller sees them, outermost first
    std::array<int, TensorView::max_rank> halide{};            // Halide's dimension of each, without `part`
    std::array<std::int64_t, max_halide_rank> dense{};   // by Halide's dimension: element stride in a dense tensor
    std::array<std::int64_t, max_halide_rank> buffer{};  // where it must be dense: extents of Halide's buffer
    int halide_rank = 0;                                 // without `part`
    int innermost = 0;                                   // Halide's dimension that must be contiguous
    std::int64_t group_channels = 0;                     // of an image: channels of one group, the split into c and g
    std::array<std::int64_t, TensorView::max_rank> strides{};    // of a dense view, as the caller sees them
    std::array<halide_dimension_t, max_halide_rank + 1> dims{};  // what a dense view is bound to
    std::int64_t bytes = 0;                                      // of a dense view
    std::array<bool, TensorView::max_rank> open{};               // extents that calls choose; the one here is nominal
    bool may_drop_batch = false;                                 // the outermost dimension may be left out
    bool must_be_dense = false;                                  // else only the innermost dimension must be contiguous
    bool takes_device = false;                                   // memory of a CUDA device too
    bool written = false;                                        // an output: may not overlap itself
};

// Without allocating. Of an open problem, those of its nominal sizes; a call's are those of Problem::closed.
TensorRule input_rule(const Problem& problem);
TensorRule output_rule(const Problem& problem);
TensorRule weight_rule(const Problem& problem);
TensorRule bias_rule(const Problem& problem);
// The rule's name is the operand's: that must outlive it.
TensorRule operand_rule(const Problem& problem, const EpilogueOperand& operand);

// A bound tensor. Does not move: `buffer` points to `dims`.
struct Argument {
    halide_buffer_t buffer;
    halide_dimension_t dims[max_halide_rank + 1];
    std::uintptr_t low = 0;   // first byte the view reaches
    std::uintptr_t high = 0;  // one past the last
};

// Fills `argument`; a few nanoseconds for a dense view. Code::invalid_argument names the tensor, what it has and what
// it must have.
Status bind(const TensorRule& rule, const TensorView& view, Argument& argument);

// Code::invalid_argument where an element of `written` may share memory with one of `read`. Views that interleave, as
// slices of one tensor do, are told apart.
Status check_disjoint(const TensorRule& written_rule, const Argument& written, const TensorRule& read_rule,
                      const Argument& read);

halide_type_t halide_type(ElementType type) noexcept;

// A dense buffer over `dims`, whose size must be that of `extents` (innermost first).
halide_buffer_t dense_buffer(void* data, ElementType type, std::span<const std::int64_t> extents,
                             halide_dimension_t* dims) noexcept;

}  // namespace convt
