// SPDX-License-Identifier: Apache-2.0
#include "schedules/cpu/stages.h"

#include "schedules/model.h"

namespace convt {

Halide::VarOrRVar busiest(const std::vector<ParallelLoop>& loops) {
    const ParallelLoop* best = &loops.front();
    for (const ParallelLoop& loop : loops)
        if (busy(loop.count) > busy(best->count)) best = &loop;
    return best->variable;
}

void parallelize(OutputStage& output, const std::vector<ParallelLoop>& loops, const Halide::Var& channels, int par) {
    if (par == 1) output.func.parallel(busiest(loops));
    if (par == 2) output.func.parallel(channels);
}

}  // namespace convt
