// SPDX-License-Identifier: Apache-2.0
#include "tools/common/cost.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <vector>

namespace convt::cli {

namespace {

std::int64_t product(const std::vector<std::int64_t>& extents) {
    return std::accumulate(extents.begin(), extents.end(), std::int64_t{1}, std::multiplies<>());
}

// Rounded towards minus infinity; b > 0.
std::int64_t floor_div(std::int64_t a, std::int64_t b) {
    return a / b - (a % b < 0 ? 1 : 0);
}

}  // namespace

std::int64_t taps_inside(const Axis& axis) noexcept {
    std::int64_t count = 0;
    for (std::int64_t k = 0; k < axis.kernel; ++k) {
        // 0 <= stride * i + offset < output
        const std::int64_t offset = axis.dilation * k - axis.pad_low;
        const std::int64_t first = std::max<std::int64_t>(0, -floor_div(offset, axis.stride));
        const std::int64_t last = std::min(axis.input - 1, floor_div(axis.output() - 1 - offset, axis.stride));
        count += std::max<std::int64_t>(0, last - first + 1);
    }
    return count;
}

Cost cost_of(const Problem& problem) {
    const ElementTypeInfo& type = element_type_info(problem.type);
    Cost cost;
    cost.input_bytes = product(problem.input_shape()) * type.bytes();
    cost.weight_bytes = product(problem.weight_shape()) * type.bytes();
    cost.bias_bytes = problem.bias ? problem.out_channels * type.bytes() : 0;
    cost.output_bytes = product(problem.output_shape()) * type.bytes();
    cost.inside_multiply_adds = static_cast<double>(problem.batch * problem.in_channels) *
                                static_cast<double>(problem.out_channels / problem.groups) *
                                static_cast<double>(type.parts * type.parts);
    for (int a = 0; a < problem.rank; ++a) {
        cost.inside_multiply_adds *= static_cast<double>(taps_inside(problem.axes[static_cast<std::size_t>(a)]));
    }
    return cost;
}

}  // namespace convt::cli
