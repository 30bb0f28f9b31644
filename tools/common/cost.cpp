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

namespace {

// Of a gradient: step * o = i + offset.
Reach reach_in_steps(const Axis& axis) {
    Reach reach;
    std::vector<bool> read(static_cast<std::size_t>(axis.input));
    for (std::int64_t k = 0; k < axis.kernel; ++k) {
        const std::int64_t offset = axis.dilation * k - axis.pad_low;
        const std::int64_t first = std::max<std::int64_t>(0, -floor_div(-offset, axis.step));
        const std::int64_t last = std::min(axis.output() - 1, floor_div(axis.input - 1 + offset, axis.step));
        if (last < first) continue;
        reach.pairs += last - first + 1;
        reach.taps += 1;
        for (std::int64_t o = first; o <= last; ++o)
            read[static_cast<std::size_t>(axis.step * o - offset)] = true;
    }
    reach.inputs = std::count(read.begin(), read.end(), true);
    return reach;
}

}  // namespace

Reach reach_of(const Axis& axis) {
    if (axis.step > 1) return reach_in_steps(axis);
    Reach reach;
    std::int64_t lowest = axis.input;  // inputs from here on are counted: with k, the range below only moves down
    for (std::int64_t k = 0; k < axis.kernel; ++k) {
        // 0 <= stride * i + offset < output
        const std::int64_t offset = axis.dilation * k - axis.pad_low;
        const std::int64_t first = std::max<std::int64_t>(0, -floor_div(offset, axis.stride));
        const std::int64_t last = std::min(axis.input - 1, floor_div(axis.output() - 1 - offset, axis.stride));
        if (last < first) continue;
        reach.pairs += last - first + 1;
        reach.inputs += std::max<std::int64_t>(0, std::min(last + 1, lowest) - first);
        reach.taps += 1;
        lowest = std::min(lowest, first);
    }
    return reach;
}

Cost cost_of(const Problem& problem) {
    const ProblemTypeInfo& types = problem.types();
    const auto bytes = [](ElementType type) { return std::int64_t{element_type_info(type).bytes()}; };
    Cost cost;
    cost.input_bytes = product(problem.input_shape()) * bytes(types.input);
    cost.weight_bytes = product(problem.weight_shape()) * bytes(types.weights);
    cost.bias_bytes = problem.bias ? problem.out_channels * bytes(types.sum) : 0;
    for (const EpilogueOperand& operand : problem.epilogue_operands())
        cost.operand_bytes += product(problem.operand_shape(operand)) * bytes(operand.type);
    cost.output_bytes = product(problem.output_shape()) * bytes(types.output);

    const Problem wide = problem.gathered().unfolded();  // where it folds, every position before cropping is used
    const std::int64_t channel_pairs = problem.in_channels * (problem.out_channels / problem.groups);
    std::int64_t inputs = problem.batch * wide.in_channels;
    std::int64_t weights = channel_pairs;
    cost.inside_multiply_adds = static_cast<double>(problem.batch * channel_pairs * types.parts() * types.parts());
    for (int a = 0; a < problem.rank; ++a) {
        const Reach reach = reach_of(wide.axes[static_cast<std::size_t>(a)]);
        inputs *= reach.inputs;
        weights *= reach.taps;
        cost.inside_multiply_adds *= static_cast<double>(reach.pairs);
    }
    cost.touched_bytes =
        inputs * bytes(types.input) + weights * bytes(types.weights) + cost.bias_bytes + cost.operand_bytes;
    return cost;
}

}  // namespace convt::cli
