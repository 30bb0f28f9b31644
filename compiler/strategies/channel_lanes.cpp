// SPDX-License-Identifier: Apache-2.0
// Lanes over output channels: weights stream as vectors, inputs are broadcast, a tile of positions of one phase stays
// in registers. Needs no width at all, so it serves small images, and it is the natural one where the output is
// channels last.
#include "compiler/strategies/rolled.h"

#include <fmt/format.h>

namespace convt {
namespace {

std::string refuse(const Problem& problem, const Target& target) {
    const std::int64_t lanes = target.info().vector_bytes / element_type_info(problem.type).scalar_bytes;
    const std::int64_t channels = problem.out_channels / problem.groups;
    if (channels * 4 < lanes) {
        return fmt::format("{} output channels a group fill less than a quarter of {} lanes", channels, lanes);
    }
    return {};
}

Pipeline build(Operands& operands, const Target& target, const Schedule& schedule) {
    const int lanes = target.info().vector_bytes / operands.scalar.bytes();
    const auto phases = [&](const char* knob) { return static_cast<PhaseLoop>(schedule.get(knob)); };
    RolledStages stages =
        rolled_stages(operands, target,
                      {schedule.get("qx"), schedule.get("qy"), schedule.get("cv") * lanes, phases("jx"), phases("jy")});
    stages.broadcast_input = true;
    schedule_channel_lanes(stages, schedule);
    return rolled_pipeline(operands, stages);
}

}  // namespace

const Strategy channel_lanes{"channel_lanes", "lanes over output channels, phases as loops", refuse, build};

}  // namespace convt
