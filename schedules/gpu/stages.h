// SPDX-License-Identifier: Apache-2.0
// The stages of a GPU's pipeline as a strategy hands them to its schedule.
#pragma once

#include "schedules/cpu/stages.h"

namespace convt {

// GPU general: `sum`(x, y, z, c, g, n) holds output places; its update runs over (mx, my, mz, ci).
struct GpuGeneralStages {
    ScheduleFacts facts;
    Halide::Func sum;
    OutputStage output;
    Halide::Var x{"x"}, y{"y"}, z{"z"}, c{"c"}, g{"g"}, n{"n"};
    Halide::RDom taps;
};

// Blocks in one dimension, the only one that may exceed 65535: `order`, innermost first, is fused into it.
Halide::Var fuse_blocks(Halide::Func func, const std::vector<Halide::Var>& order);

void schedule_gpu_general(GpuGeneralStages& stages, const Schedule& schedule);

}  // namespace convt
