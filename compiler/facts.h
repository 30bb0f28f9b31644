// SPDX-License-Identifier: Apache-2.0
// What a schedule needs to know of the operands.
#pragma once

#include "compiler/operands.h"
#include "convt/target.h"
#include "schedules/cpu/stages.h"

#include <algorithm>

namespace convt {

inline ScheduleFacts schedule_facts(const Operands& operands, const Target& target) {
    ScheduleFacts facts;
    facts.lanes = target.info().vector_bytes / operands.scalar.bytes();
    facts.stride_x = static_cast<int>(operands.phase[0].phases());
    facts.stride_y = static_cast<int>(operands.phase[1].phases());
    facts.stride_z = static_cast<int>(operands.phase[2].phases());
    const auto phases = [&](std::size_t a) {
        const std::int64_t all = operands.phase[a].phases();
        return to_int(operands.axes[a].is_open() ? all : std::min(all, operands.axes[a].output()));
    };
    facts.phases_x = phases(0);
    facts.phases_y = phases(1);
    facts.step_y = to_int(operands.phase[1].position_step());
    facts.taps_x = static_cast<int>(operands.phase[0].max_taps());
    facts.taps_y = static_cast<int>(operands.phase[1].max_taps());
    facts.in_channels = operands.in_channels;
    facts.out_channels = operands.out_channels;
    facts.width = static_cast<int>(operands.axes[0].output());
    facts.open_width = operands.axes[0].is_open();
    facts.input_width = static_cast<int>(operands.axes[0].input);
    facts.input_height = static_cast<int>(operands.axes[1].input);
    facts.reach_y = static_cast<int>(operands.phase[1].highest_offset());
    facts.height = static_cast<int>(operands.axes[1].output());
    facts.depth = static_cast<int>(operands.axes[2].output());
    facts.groups = static_cast<int>(operands.problem.groups);
    facts.batch = static_cast<int>(operands.problem.batch);
    facts.input_channels_last = operands.problem.input_layout == Layout::channels_last;
    facts.output_channels_last = operands.problem.output_layout == Layout::channels_last;
    facts.complex = operands.parts > 1;
    facts.ordered = operands.problem.rounds_in_order();
    facts.reads_like_output = std::ranges::any_of(
        operands.epilogue, [](const EpilogueOperand& o) { return o.shape == OperandShape::as_output; });
    return facts;
}

}  // namespace convt
