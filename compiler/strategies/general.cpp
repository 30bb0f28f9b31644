// SPDX-License-Identifier: Apache-2.0
// The strategy that takes every problem: phases and taps as loops, lanes over the positions of one phase.
#include "compiler/strategies/rolled.h"

namespace convt {
namespace {

std::string refuse(const Problem&, const Target&) {
    return {};
}

Pipeline build(Operands& operands, const Target& target, const Schedule& schedule) {
    const int lanes = target.info().vector_bytes / operands.scalar.bytes();
    RolledStages stages = rolled_stages(
        operands, target, {.x = schedule.get("tx") * lanes, .y = 1, .channels = schedule.get("tc"), .in_lanes = true});
    schedule_general(stages, schedule);
    return rolled_pipeline(operands, stages);
}

}  // namespace

const Strategy general{"general", "any problem: phases as loops, lanes over positions", refuse, build, true, true};

}  // namespace convt
