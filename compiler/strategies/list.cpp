// SPDX-License-Identifier: Apache-2.0
// The ordered lists of strategies.
#include "compiler/strategies/strategy.h"

#include "runtime/problem/padding_mode.h"

#include <fmt/format.h>

#include <array>

namespace convt {

std::span<const Strategy> strategies(const Target& target) noexcept {
    static const std::array cpu{
        width_lanes, channel_lanes, phase_lanes, winograd, group_lanes, general,
    };
    static const std::array gpu{
        gpu_tiles,
        gpu_phases,
        gpu_general,
    };
    if (target.is_gpu()) return gpu;
    return cpu;
}

std::string refuse_reason(const Strategy& strategy, const Problem& problem, const Target& target) {
    if (problem.padding_mode != PaddingMode::zeros && target.is_gpu())
        return fmt::format("padding_mode = {}: is built for CPUs alone", padding_mode_row(problem.padding_mode).word);
    if (problem.is_open() && !strategy.open_extents) {
        return target.is_gpu() ? "open extents: are built for CPUs alone"
                               : "open extents: it counts its tiles when compiling";
    }
    if (problem.sums == Sums::ordered && target.is_gpu()) return "sums = ordered: is built for CPUs alone";
    const ProblemTypeInfo& types = problem.types();
    for (const ElementType type : {types.input, types.weights, types.output}) {
        const ElementTypeInfo& info = element_type_info(type);
        // Halide 21 ends the process where CUDA is to convert bf16.
        if (target.is_gpu() && (info.kind != ScalarKind::real || info.scalar_bytes < 4))
            return fmt::format("{}: GPUs take tensors of f32, f64 and complex types alone", types.name);
    }
    if (problem.pass != Pass::forward && target.is_gpu()) return "gradients are built for CPUs alone";
    const Problem gather = problem.gathered().unfolded();
    for (int i = 0; i < gather.rank && !strategy.takes_gathers; ++i) {
        const Axis& axis = gather.axes[static_cast<std::size_t>(i)];
        if (axis.step > 1) return fmt::format("a gradient in steps of {}", axis.step);
        if (axis.pad_low < 0 || axis.pad_high < 0) return "a gradient whose layer crops what no tap reaches";
    }
    return strategy.refuse(gather, target);
}

const Strategy* find_strategy(std::string_view name, const Target& target) noexcept {
    for (const Strategy& strategy : strategies(target)) {
        if (name == strategy.name) return &strategy;
    }
    return nullptr;
}

}  // namespace convt
