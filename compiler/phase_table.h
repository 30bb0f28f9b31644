// SPDX-License-Identifier: Apache-2.0
// The phase table of one axis: which taps reach which output positions. It is the only place that knows residues.
//
// Output position o = S q + j belongs to phase j, 0 <= j < S. A tap k reaches it from input i when S i + D k = o + P, P
// the low padding. With g = gcd(S, D) and r = (j + P) mod S: if g does not divide r no tap does; else k runs over k0,
// k0 + S/g, ... < K, and the input index is i = q + base - m D/g for the m-th of them, base = (j + P - D k0) / S, an
// exact division. Of an axis with steps, T of them from output to output, S is 1 and o = T q: i = T q + base - m D.
#pragma once

#include "convt/problem.h"

#include <cstdint>

namespace convt {

struct Phase {
    std::int64_t taps = 0;       // how many taps reach it; 0: the output is the bias
    std::int64_t first_tap = 0;  // k0
    std::int64_t base = 0;       // input index of the first tap, less q
};

class PhaseTable {
  public:
    explicit PhaseTable(const Axis& axis);

    Phase phase(std::int64_t j) const noexcept;

    std::int64_t phases() const noexcept { return stride_; }  // S
    // Of an open axis: of its nominal extent. Nothing else here depends on that.
    std::int64_t positions() const noexcept {
        return positions_;
    }  // q runs over [0, positions): output extent / S, rounded up
    bool one_position() const noexcept { return positions_ == 1 && !open_; }
    std::int64_t position_step() const noexcept { return position_step_; }  // T: the input index rises by it with q
    std::int64_t tap_step() const noexcept { return tap_step_; }            // S / g, from tap to tap in the kernel
    std::int64_t input_step() const noexcept {
        return input_step_;
    }  // D / g, by which the input index falls from tap to tap
    std::int64_t max_taps() const noexcept { return max_taps_; }  // of any phase, at least 1
    bool equal_taps() const noexcept { return equal_taps_; }      // every phase has max_taps taps
    std::int64_t lowest_base() const noexcept { return lowest_base_; }
    std::int64_t highest_base() const noexcept { return highest_base_; }
    std::int64_t lowest_offset() const noexcept {
        return lowest_offset_;
    }  // of input index less q, over all phases and taps
    std::int64_t highest_offset() const noexcept { return highest_offset_; }

    // Where D is 1, o + P = S i + k0 for the input index i of o's first tap. In this order, flat, the outputs of all
    // phases that read the same inputs lie together.
    std::int64_t flat(std::int64_t o) const noexcept { return o + padding_; }

    // Whether some output of `axis` has a tap before the input's first or after its last position: of an open axis at
    // every extent, for each input position more is one more of every phase.
    bool leaves_input(const Axis& axis) const noexcept {
        return lowest_offset_ < 0 || (positions_ - 1) * position_step_ + highest_offset_ >= axis.input;
    }

    // Facts for the closed form where j is known only when the kernel runs (phase_expr.h).
    std::int64_t divisor() const noexcept { return divisor_; }  // g
    std::int64_t inverse() const noexcept { return inverse_; }  // of D/g modulo S/g: k0 = (r / g) * inverse mod (S/g)
    std::int64_t padding() const noexcept { return padding_; }
    std::int64_t dilation() const noexcept { return dilation_; }
    std::int64_t kernel() const noexcept { return kernel_; }

  private:
    std::int64_t stride_, dilation_, kernel_, padding_;
    std::int64_t divisor_ = 1, tap_step_ = 1, input_step_ = 1, inverse_ = 0;
    std::int64_t positions_ = 1, position_step_ = 1, max_taps_ = 1;
    std::int64_t lowest_base_ = 0, highest_base_ = 0, lowest_offset_ = 0, highest_offset_ = 0;
    bool equal_taps_ = true;
    bool open_ = false;
};

}  // namespace convt
