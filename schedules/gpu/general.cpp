// SPDX-License-Identifier: Apache-2.0
// GPUs, general: threads along x, the sums of tc channels in a thread's registers.
#include "schedules/gpu/stages.h"

namespace convt {

using Halide::TailStrategy;
using Halide::Var;
using Halide::VarOrRVar;

Var fuse_blocks(Halide::Func func, const std::vector<Var>& order) {
    Var block = order.front();
    for (std::size_t i = 1; i < order.size(); ++i) {
        Var fused(Halide::Internal::unique_name("block"));
        func.fuse(block, order[i], fused);
        block = fused;
    }
    return block;
}

VarOrRVar fuse_update_blocks(Halide::Stage stage, const std::vector<VarOrRVar>& order) {
    VarOrRVar block = order.front();
    for (std::size_t i = 1; i < order.size(); ++i) {
        const Halide::RVar fused(Halide::Internal::unique_name("block"));
        stage.fuse(block, order[i], fused);
        block = fused;
    }
    return block;
}

void schedule_gpu_general(GpuGeneralStages& s, const Schedule& schedule) {
    OutputStage& o = s.output;
    const int channels = schedule.get("tc");
    Var ct("ct"), ci("ci"), xt("xt"), xi("xi");
    o.func.split(o.c, ct, ci, channels, TailStrategy::GuardWithIf)
        .split(o.x, xt, xi, schedule.get("tx"), TailStrategy::GuardWithIf)
        .reorder({ci, xi, xt, o.y, o.z, ct, o.g, o.n})
        .unroll(ci)
        .gpu_threads(xi);
    if (s.facts.complex) o.func.reorder(o.part, ci).unroll(o.part);
    const Var block = fuse_blocks(o.func, {xt, o.y, o.z, ct, o.g, o.n});
    o.func.gpu_blocks(block);
    s.sum.compute_at(o.func, xi).bound_extent(s.c, channels).unroll(s.c);
    s.sum.update().reorder({s.c, s.taps[0], s.taps[1], s.taps[2], s.taps[3]}).unroll(s.c);
}

}  // namespace convt
