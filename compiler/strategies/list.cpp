// SPDX-License-Identifier: Apache-2.0
// The ordered lists of strategies.
#include "compiler/strategies/strategy.h"

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

const Strategy* find_strategy(std::string_view name, const Target& target) noexcept {
    for (const Strategy& strategy : strategies(target)) {
        if (name == strategy.name) return &strategy;
    }
    return nullptr;
}

}  // namespace convt
