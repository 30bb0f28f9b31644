// SPDX-License-Identifier: Apache-2.0
// GPUs, channels: a warp is 32 x cv output channels; its register tile qx x qy positions with all phases of an axis or
// one; ks warps of a block take a slice of the input channels each and meet in shared memory, from which the output is
// written in its own order.
#include "schedules/gpu/stages.h"
#include "schedules/gpu_space.h"

#include <algorithm>

namespace convt {

using Halide::MemoryType;
using Halide::RVar;
using Halide::TailStrategy;
using Halide::VarOrRVar;

namespace {

// Taps of one phase that are unrolled; more stay a loop.
constexpr int most_unrolled_taps = 4;

int extent(const Halide::RVar& r) {
    return static_cast<int>(*Halide::Internal::as_const_int(r.extent()));
}

}  // namespace

VarOrRVar fuse_update_blocks(Halide::Stage stage, const std::vector<VarOrRVar>& order) {
    VarOrRVar block = order.front();
    for (std::size_t i = 1; i < order.size(); ++i) {
        const RVar fused(Halide::Internal::unique_name("block"));
        stage.fuse(block, order[i], fused);
        block = fused;
    }
    return block;
}

void schedule_gpu_channels(GpuChannelStages& s, const Schedule& schedule) {
    OutputStage& o = s.output;
    const int lanes = static_cast<int>(warp_lanes), vector = schedule.get("cv"), slices = schedule.get("ks");
    const Halide::RDom& at = s.places;
    RVar two("two"), inner("inner"), turn("turn"), warp("warp"), lane("lane");
    Halide::Stage store = o.func.update();
    o.func.gpu_single_thread();  // defines nothing; on the host it would count as an access there
    store.allow_race_conditions();  // every place of the output belongs to one of them
    if (s.facts.complex) store.reorder({o.part, at[0], at[1], at[2], at[3], at[4], at[5], at[6], at[7]}).unroll(o.part);
    store.fuse(at[0], at[1], two)
        .fuse(two, at[2], inner)
        .split(inner, turn, lane, lanes, TailStrategy::GuardWithIf)
        .split(turn, turn, warp, slices, TailStrategy::GuardWithIf);
    const std::vector<VarOrRVar> blocks{at[3], at[4], at[5], at[6], at[7], o.z, o.g, o.n};
    const VarOrRVar block = fuse_update_blocks(store, blocks);
    store.gpu_blocks(block).gpu_threads(lane, warp);

    // Neighbours in the output are a place apart in `held`: the padding lets a warp's places fall into different banks.
    const int places = extent(at[0]) * extent(at[1]);
    const int padding = s.facts.output_channels_last ? 0 : std::max(lanes / places, 1);
    s.held.compute_at(o.func, block.rvar)
        .store_in(MemoryType::GPUShared)
        .reorder_storage({s.l, s.jx, s.qx, s.jy, s.qy, s.i, s.k, s.z, s.b, s.g, s.n})
        .align_storage(s.l, lanes + padding)
        .bound_extent(s.l, lanes)
        .bound_extent(s.i, vector)
        .bound_extent(s.k, slices)
        .bound_extent(s.qx, s.x.extent)
        .bound_extent(s.qy, s.y.extent)
        .bound_extent(s.jx, s.x.all_phases ? s.x.phases : 1)
        .bound_extent(s.jy, s.y.all_phases ? s.y.phases : 1)
        .reorder({s.i, s.jx, s.qx, s.jy, s.qy, s.l, s.k, s.z, s.b, s.g, s.n})
        .gpu_threads(s.l, s.k)
        .unroll(s.i)
        .unroll(s.jx)
        .unroll(s.qx)
        .unroll(s.jy)
        .unroll(s.qy);
    const auto& r = s.taps;
    s.sum.compute_at(s.held, s.l);
    for (Halide::Stage stage : {Halide::Stage(s.sum), s.sum.update()}) {
        stage.unroll(s.jx).unroll(s.qx).unroll(s.jy).unroll(s.qy);
        if (vector > 1) stage.vectorize(s.i);
    }
    s.sum.update().reorder({s.i, s.jx, s.qx, s.jy, s.qy, r[0], r[1], r[2], r[3]});
    if (s.x.all_phases || s.facts.taps_x <= most_unrolled_taps) s.sum.update().unroll(r[0]);
    if (s.y.all_phases || s.facts.taps_y <= most_unrolled_taps) s.sum.update().unroll(r[1]);
    if (s.together > 1) s.sum.update().unroll(r[2], s.together);
}

}  // namespace convt
