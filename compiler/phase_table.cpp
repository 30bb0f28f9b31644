// SPDX-License-Identifier: Apache-2.0
#include "compiler/phase_table.h"

#include <algorithm>
#include <numeric>

namespace convt {
namespace {

// x with (a x) mod m == 1, for coprime a and m; 0 where m is 1. The extended Euclidean algorithm.
std::int64_t modular_inverse(std::int64_t a, std::int64_t m) {
    std::int64_t r0 = m, r1 = a % m, t0 = 0, t1 = 1;
    while (r1 != 0) {
        const std::int64_t quotient = r0 / r1;
        r0 = std::exchange(r1, r0 - quotient * r1);
        t0 = std::exchange(t1, t0 - quotient * t1);
    }
    return m == 1 ? 0 : (t0 % m + m) % m;
}

}  // namespace

PhaseTable::PhaseTable(const Axis& axis)
    : stride_(axis.stride),
      dilation_(axis.dilation),
      kernel_(axis.kernel),
      padding_(axis.pad_low),
      open_(axis.is_open()) {
    divisor_ = std::gcd(stride_, dilation_);
    tap_step_ = stride_ / divisor_;
    input_step_ = dilation_ / divisor_;
    inverse_ = modular_inverse(input_step_, tap_step_);
    position_step_ = axis.step;
    positions_ = (axis.output() + stride_ - 1) / stride_;

    bool first = true;
    std::int64_t fewest = kernel_;
    std::int64_t most = 0;
    const std::int64_t phases = open_ ? stride_ : std::min(stride_, axis.output());
    for (std::int64_t j = 0; j < phases; ++j) {
        const Phase p = phase(j);
        fewest = std::min(fewest, p.taps);
        most = std::max(most, p.taps);
        if (p.taps == 0) continue;
        const std::int64_t last = p.base - (p.taps - 1) * input_step_;
        lowest_base_ = first ? p.base : std::min(lowest_base_, p.base);
        highest_base_ = first ? p.base : std::max(highest_base_, p.base);
        lowest_offset_ = first ? last : std::min(lowest_offset_, last);
        highest_offset_ = highest_base_;
        first = false;
    }
    max_taps_ = std::max<std::int64_t>(most, 1);
    equal_taps_ = fewest == max_taps_;
}

Phase PhaseTable::phase(std::int64_t j) const noexcept {
    const std::int64_t r = (j + padding_) % stride_;
    if (r % divisor_ != 0) return {};
    const std::int64_t k0 = (r / divisor_) * inverse_ % tap_step_;
    if (k0 >= kernel_) return {};
    return {(kernel_ - 1 - k0) / tap_step_ + 1, k0, (j + padding_ - dilation_ * k0) / stride_};
}

}  // namespace convt
