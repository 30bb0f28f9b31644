// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/roofline.h"

#include "runtime/target/dot_product.h"
#include "tools/bench/machine.h"
#include "tools/common/cost.h"

#include <algorithm>

namespace convt::cli {

Roofline Limits::of(const Problem& problem, const Target& target) {
    const Cost cost = cost_of(problem);
    const auto [peak, missing] = peaks_.emplace(problem.type, 0.0);
    if (missing) peak->second = 2e-9 * fma_peak(problem.type, target.info().vector_bytes, threads_);
    Roofline roofline;
    roofline.flops = 2.0 * cost.inside_multiply_adds;
    // In the time of one multiply-add, an instruction that sums products does several.
    if (const DotProduct* dot = find_dot_product(problem, target))
        roofline.flops /= std::max(1.0, dot->width / dot->cycles);
    roofline.bytes = static_cast<double>(cost.touched_bytes + cost.output_bytes);
    roofline.peak_gflops = peak->second;
    roofline.stream_us = 1e6 * stream_seconds(cost.touched_bytes, cost.output_bytes, threads_);
    return roofline;
}

}  // namespace convt::cli
