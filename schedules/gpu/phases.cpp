// SPDX-License-Identifier: Apache-2.0
// GPUs, phases: a warp is 32 x pv phases of x; its register tile has qx positions and tc channels; ks warps of a block
// take a slice of the input channels each and meet in shared memory.
#include "schedules/gpu/stages.h"
#include "schedules/gpu_space.h"

namespace convt {

using Halide::MemoryType;
using Halide::RVar;
using Halide::TailStrategy;
using Halide::VarOrRVar;

namespace {

constexpr int most_unrolled_taps = 8;  // of x

}  // namespace

void schedule_gpu_phases(GpuPhaseStages& s, const Schedule& schedule) {
    OutputStage& o = s.output;
    const int vector = schedule.get("pv"), slices = schedule.get("ks");
    const Halide::RDom &at = s.places, &r = s.taps;
    RVar rows("rows"), places("places"), turn("turn"), warp("warp");
    Halide::Stage store = o.func.update();
    o.func.gpu_single_thread();     // defines nothing; on the host it would count as an access there
    store.allow_race_conditions();  // every place of the output belongs to one of them
    if (s.facts.complex) store.reorder({o.part, at[0], at[1], at[2], at[3], at[4], at[5], at[6]}).unroll(o.part);
    store.fuse(at[1], at[2], rows)
        .fuse(rows, at[3], places)
        .split(places, turn, warp, slices, TailStrategy::GuardWithIf);
    const VarOrRVar block = fuse_update_blocks(store, {at[5], at[6], at[4], o.y, o.z, o.g, o.n});
    store.gpu_blocks(block).gpu_threads(at[0], warp);

    s.held.compute_at(o.func, block.rvar)
        .store_in(MemoryType::GPUShared)
        .reorder_storage({s.l, s.i, s.q, s.c, s.k, s.y, s.z, s.b, s.g, s.n})
        .bound_extent(s.l, static_cast<int>(warp_lanes))
        .bound_extent(s.i, vector)
        .bound_extent(s.k, slices)
        .bound_extent(s.q, schedule.get("qx"))
        .bound_extent(s.c, schedule.get("tc"))
        .reorder({s.i, s.q, s.c, s.l, s.k, s.y, s.z, s.b, s.g, s.n})
        .gpu_threads(s.l, s.k)
        .unroll(s.i)
        .unroll(s.q)
        .unroll(s.c);
    s.sum.compute_at(s.held, s.l).bound_extent(s.q, schedule.get("qx")).bound_extent(s.c, schedule.get("tc"));
    for (Halide::Stage stage : {Halide::Stage(s.sum), s.sum.update()})
        stage.unroll(s.q).unroll(s.c);
    s.sum.unroll(s.i);
    if (s.hold_weights) s.sum.update().unroll(s.i);
    s.sum.update().reorder({s.i, s.q, s.c, r[0], r[1], r[2], r[3]});
    const bool unroll_taps = s.facts.taps_x <= most_unrolled_taps;
    if (unroll_taps) s.sum.update().unroll(r[0]);
    if (!s.hold_weights) {
        if (vector > 1) s.sum.update().vectorize(s.i);
        return;
    }
    const std::vector<Halide::Var> w = s.weights.args();  // i, m, c
    s.weights.compute_at(s.sum, unroll_taps ? r[1] : r[0])
        .bound_extent(w[0], vector)
        .bound_extent(w[1], unroll_taps ? s.facts.taps_x : 1)
        .bound_extent(w[2], schedule.get("tc"))
        .vectorize(w[0])
        .unroll(w[1])
        .unroll(w[2]);
}

}  // namespace convt
