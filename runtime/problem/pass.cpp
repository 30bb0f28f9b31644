// SPDX-License-Identifier: Apache-2.0
// Gradients as gathers. With k = K - 1 - m the positions that dx[i] reads, S i - P + D k, are those that output S i of
// a transposed convolution of stride 1 reads by tap m, where the padding is D (K - 1) - P: o + D (K - 1) - P - D m.
#include "convt/problem.h"

#include <utility>

namespace convt {

Problem Problem::gathered() const {
    if (pass == Pass::forward) return *this;
    Problem gather = *this;
    gather.pass = Pass::forward;
    std::swap(gather.in_channels, gather.out_channels);
    std::swap(gather.input_layout, gather.output_layout);
    for (int i = 0; i < rank; ++i) {
        const Axis& from = axes[static_cast<std::size_t>(i)];
        const std::int64_t reach = from.dilation * (from.kernel - 1);
        Axis& to = gather.axes[static_cast<std::size_t>(i)];
        to = {};
        to.input = from.output();
        to.kernel = from.kernel;
        to.dilation = from.dilation;
        to.step = from.stride;
        to.pad_low = reach - from.pad_low;
        // The last position kept is the last one there is.
        to.pad_high = to.input - 1 - to.pad_low + reach - (from.input - 1) * from.stride;
    }
    return gather;
}

}  // namespace convt
