// SPDX-License-Identifier: Apache-2.0
// Rolled phases: the phase is a loop, taps are loops with the phase's own count, so code stays small at any kernel and
// stride. Lanes run over channels (weights stream once, inputs are broadcast) or, in the general strategy, over
// positions in x.
#include "schedules/cpu/stages.h"

#include <algorithm>

namespace convt {

using Halide::Func;
using Halide::TailStrategy;
using Halide::Var;

namespace {

// Blocks of yb positions in y (yb * stride rows) and of `channels` channels; `staged` and `padded` live in them.
struct Blocks {
    Var yt{"yt"}, yi{"yi"}, ct{"ct"}, ci{"ci"};
};

Blocks block_output(RolledStages& s, int channels, const Schedule& schedule) {
    Blocks b;
    OutputStage& o = s.output;
    o.func.split(o.c, b.ct, b.ci, channels, TailStrategy::GuardWithIf)
        .split(o.y, b.yt, b.yi, schedule.get("yb") * s.facts.stride_y, TailStrategy::GuardWithIf);
    if (s.facts.complex) o.func.reorder(o.part, o.x).unroll(o.part);
    s.staged.compute_at(o.func, b.ct);
    s.padded.compute_at(o.func, b.yt);
    parallelize(o, b.yt, b.ct, schedule.get("par"));
    return b;
}

// The padded rows keep the order of the input's memory, so that the copy is a plain one. Where elements are read one by
// one the rows of a block lie together without gaps: a tile then touches few lines however narrow the image is. Where
// they are loaded as vectors, rows are aligned.
void stage_input(RolledStages& s) {
    const std::vector<Var> p = s.padded.args();
    const int lanes = s.facts.lanes;
    if (!s.broadcast_input) {
        s.padded.reorder_storage(p[0], p[3], p[1], p[2])
            .align_storage(p[0], lanes)
            .reorder(p[0], p[3], p[1], p[2])
            .vectorize(p[0], lanes, TailStrategy::RoundUp);
    } else if (s.facts.input_channels_last) {
        s.padded.reorder_storage(p[3], p[0], p[1], p[2])
            .reorder(p[3], p[0], p[1], p[2])
            .vectorize(p[3], std::min(lanes, s.facts.in_channels), TailStrategy::GuardWithIf);
    } else {
        s.padded.reorder_storage(p[0], p[1], p[3], p[2]).reorder(p[0], p[1], p[3], p[2]);
        if (s.facts.input_width >= lanes) s.padded.vectorize(p[0], lanes, TailStrategy::GuardWithIf);
    }
}

}  // namespace

void schedule_channel_lanes(RolledStages& s, const Schedule& schedule) {
    const int lanes = s.facts.lanes;
    const int channels = schedule.get("cv") * lanes;
    const int qx = schedule.get("qx"), qy = schedule.get("qy");
    OutputStage& o = s.output;
    const Blocks b = block_output(s, channels, schedule);
    Var cv("cv"), xo("xo"), yo("yo"), sv("sv"), uv("uv"), xq("xq"), xr("xr");
    if (s.facts.output_channels_last) {
        o.func.split(b.ci, b.ci, cv, lanes, TailStrategy::GuardWithIf)
            .reorder(cv, b.ci, o.x, b.yi, b.ct, b.yt, o.z, o.g, o.n)
            .vectorize(cv);
        if (s.facts.complex) o.func.reorder(o.part, cv);
    } else {
        // One element at a time: the stores run along a row, and a vector of channels would scatter over lines of one
        // cache set.
        o.func.split(o.x, xq, xr, s.facts.stride_x, TailStrategy::GuardWithIf)
            .reorder(xr, xq, b.yi, b.ci, b.ct, b.yt, o.z, o.g, o.n)
            .unroll(xr);
        if (s.facts.complex) o.func.reorder(o.part, xr);
    }

    s.staged.bound_extent(s.c, channels)
        .split(s.c, s.c, sv, lanes)
        .split(s.qx, xo, s.qx, qx, TailStrategy::RoundUp)
        .split(s.qy, yo, s.qy, qy, TailStrategy::RoundUp)
        .reorder(sv, s.c, s.qx, s.qy, xo, yo, s.jx, s.jy, s.z, s.g, s.n)
        .vectorize(sv)
        .unroll(s.c)
        .unroll(s.qx)
        .unroll(s.qy);
    s.sum.compute_at(s.staged, xo)
        .bound_extent(s.c, channels)
        .bound_extent(s.qx, qx)
        .bound_extent(s.qy, qy)
        .vectorize(s.c, lanes)
        .unroll(s.c)
        .unroll(s.qx)
        .unroll(s.qy);
    s.sum.update()
        .split(s.c, s.c, uv, lanes)
        .reorder(uv, s.c, s.qx, s.qy, s.taps[0], s.taps[1], s.taps[2], s.taps[3])
        .vectorize(uv)
        .unroll(s.c)
        .unroll(s.qx)
        .unroll(s.qy);
    stage_input(s);
}

void schedule_general(RolledStages& s, const Schedule& schedule) {
    const int lanes = s.facts.lanes;
    const int positions = schedule.get("tx") * lanes;
    const int channels = schedule.get("tc");
    OutputStage& o = s.output;
    const Blocks b = block_output(s, channels, schedule);
    Var xq("xq"), xr("xr"), xo("xo"), sv("sv"), uv("uv");
    o.func.split(o.x, xq, xr, s.facts.stride_x, TailStrategy::GuardWithIf)
        .reorder(xq, xr, b.ci, b.yi, b.ct, b.yt, o.z, o.g, o.n);
    if (s.facts.complex) o.func.reorder(o.part, xq);

    s.staged.bound_extent(s.c, channels)
        .split(s.qx, xo, s.qx, positions, TailStrategy::RoundUp)
        .split(s.qx, s.qx, sv, lanes)
        .reorder(sv, s.qx, s.c, xo, s.qy, s.jx, s.jy, s.z, s.g, s.n)
        .vectorize(sv)
        .unroll(s.qx)
        .unroll(s.c)
        .reorder_storage(s.qx, s.jx, s.c, s.qy, s.jy);
    s.sum.compute_at(s.staged, xo)
        .bound_extent(s.qx, positions)
        .bound_extent(s.c, channels)
        .reorder_storage(s.qx, s.c)
        .vectorize(s.qx, lanes)
        .unroll(s.qx)
        .unroll(s.c);
    s.sum.update()
        .split(s.qx, s.qx, uv, lanes)
        .reorder(uv, s.qx, s.c, s.taps[0], s.taps[1], s.taps[2], s.taps[3])
        .vectorize(uv)
        .unroll(s.qx)
        .unroll(s.c);
    stage_input(s);
}

}  // namespace convt
