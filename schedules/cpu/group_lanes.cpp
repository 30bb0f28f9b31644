// SPDX-License-Identifier: Apache-2.0
// Group lanes: a register tile of gv vectors of groups times qx positions, with all phases of x, whose sums go straight
// to the output. The last tiles shift inwards over groups; those of a row are guarded.
#include "schedules/cpu/stages.h"

namespace convt {

using Halide::TailStrategy;
using Halide::Var;

void schedule_group_lanes(GroupStages& s, const Schedule& schedule) {
    const int lanes = s.facts.lanes, groups = schedule.get("gv") * lanes, positions = schedule.get("qx");
    OutputStage& o = s.output;
    Var yt("yt"), yi("yi"), gt("gt"), gv("gv"), xt("xt"), xi("xi"), xr("xr"), uv("uv");
    o.func.split(o.y, yt, yi, schedule.get("yb"), TailStrategy::GuardWithIf)
        .split(o.g, gt, o.g, groups, TailStrategy::ShiftInwards)
        .split(o.g, o.g, gv, lanes)
        .split(o.x, xt, xi, positions * s.facts.stride_x, TailStrategy::GuardWithIf)
        .split(xi, xi, xr, s.facts.stride_x)
        .reorder({gv, o.g, xr, xi, o.c, gt, xt, yi, yt, o.z, o.n})
        .vectorize(gv)
        .unroll(o.g)
        .unroll(xr)
        .unroll(xi)
        .never_partition({gt, yt, o.z, o.n});
    s.sum.compute_at(o.func, gt)
        .bound_extent(s.g, groups)
        .bound_extent(s.j, s.facts.stride_x)
        .bound_extent(s.q, positions)
        .vectorize(s.g, lanes)
        .unroll(s.g)
        .unroll(s.j)
        .unroll(s.q);
    s.sum.update()
        .split(s.g, s.g, uv, lanes)
        .reorder({uv, s.g, s.j, s.taps[0], s.q, s.taps[1], s.taps[2], s.y, s.z, s.n})
        .vectorize(uv)
        .unroll(s.g)
        .unroll(s.j)
        .unroll(s.q)
        .unroll(s.taps[0]);
    // In the order of an input whose channels are innermost; another one is turned over.
    const std::vector<Var> p = s.padded.args();
    s.padded.compute_at(o.func, yt)
        .reorder_storage(p[4], p[3], p[0], p[1], p[2])
        .reorder(p[4], p[3], p[0], p[1], p[2])
        .vectorize(p[4], lanes, TailStrategy::GuardWithIf);
    const int blocks = (s.facts.height + schedule.get("yb") - 1) / schedule.get("yb");
    parallelize(o, {{o.n, s.facts.batch}, {o.z, s.facts.depth}, {yt, blocks}}, gt, schedule.get("par"));
}

}  // namespace convt
