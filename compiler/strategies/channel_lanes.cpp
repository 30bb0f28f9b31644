// SPDX-License-Identifier: Apache-2.0
// Lanes over output channels: weights stream as vectors, inputs are broadcast, a tile of positions of one phase stays
// in registers. Needs no width at all, so it serves small images, and it is the natural one where the output is
// channels last.
#include "compiler/facts.h"
#include "compiler/strategies/rolled.h"

#include <fmt/format.h>

namespace convt {
namespace {

std::string refuse(const Problem& problem, const Target& target) {
    const std::int64_t lanes = target.info().vector_bytes / element_type_info(problem.types().sum).scalar_bytes;
    const std::int64_t channels = problem.out_channels / problem.groups;
    if (channels * 4 < lanes) {
        return fmt::format("{} output channels a group fill less than a quarter of {} lanes", channels, lanes);
    }
    return {};
}

// Squares that fill stores of half a vector and more, and take a power of two of shuffles, are turned over fastest:
// 8 and 4 of the outputs that a tile has in a row; else all of them, if they are few. A row that ends within a tile is
// stored under a mask, which vectors of odd lengths cannot have everywhere.
int turned_side(int outputs, const ScheduleFacts& facts) {
    constexpr int most = 16;
    for (const int side : {8, 4}) {
        if (outputs % side == 0) return side;
    }
    if (outputs <= most && !facts.open_width && facts.width % outputs == 0) return outputs;
    return outputs % 2 == 0 ? 2 : 1;
}

Pipeline build(Operands& operands, const Target& target, const Schedule& schedule) {
    const int lanes = target.info().vector_bytes / operands.scalar.bytes();
    const auto phases = [&](const char* knob) { return static_cast<PhaseLoop>(schedule.get(knob)); };
    const ScheduleFacts facts = schedule_facts(operands, target);
    const bool turn = !facts.output_channels_last && !facts.complex;
    const int qx = schedule.get("qx");
    if (schedule.get("dot") > 1) operands.use_dot_products(schedule.get("dot"));
    RolledStages stages = rolled_stages(operands, target,
                                        {qx, schedule.get("qy"), schedule.get("cv") * lanes, phases("jx"), phases("jy"),
                                         !facts.complex, turn ? turned_side(qx * facts.phases_x, facts) : 0});
    stages.broadcast_input = true;
    schedule_channel_lanes(stages, schedule);
    return rolled_pipeline(operands, stages);
}

}  // namespace

const Strategy channel_lanes{"channel_lanes", "lanes over output channels, phases as loops", refuse, build, true, true};

}  // namespace convt
