// SPDX-License-Identifier: Apache-2.0
// The ordered list of strategies.
#include "compiler/strategies/strategy.h"

#include <array>

namespace convt {

std::span<const Strategy> strategies() noexcept {
    static const std::array list{
        width_lanes, channel_lanes, phase_lanes, winograd, group_lanes, general,
    };
    return list;
}

const Strategy* find_strategy(std::string_view name) noexcept {
    for (const Strategy& strategy : strategies()) {
        if (name == strategy.name) return &strategy;
    }
    return nullptr;
}

}  // namespace convt
