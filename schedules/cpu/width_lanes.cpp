// SPDX-License-Identifier: Apache-2.0
// Width lanes: a register tile of tx vectors of positions times tc channels, all phases of x at once, so that a loaded
// input vector feeds every phase and stores are whole lines. Rows are staged with their zeros in blocks of yb output
// rows that stay in cache over all channels.
#include "schedules/cpu/stages.h"

namespace convt {

using Halide::TailStrategy;
using Halide::Var;

void schedule_width_lanes(WidthStages& s, const Schedule& schedule) {
    const int lanes = s.facts.lanes;
    const int positions = schedule.get("tx") * lanes;
    const int channels = schedule.get("tc");
    OutputStage& o = s.output;
    Var ct("ct"), ci("ci"), xb("xb"), xt("xt"), xi("xi"), xq("xq"), xr("xr"), xv("xv"), yt("yt"), yi("yi"), qv("qv");

    // Shifting the last tile inwards is right only where every phase has as many positions as the next (study, L3).
    const int tile = positions * s.facts.stride_x;
    const bool shift = s.facts.width % s.facts.stride_x == 0 && s.facts.width >= tile;
    const TailStrategy tail = shift ? TailStrategy::ShiftInwards : TailStrategy::GuardWithIf;
    o.func.split(o.c, ct, ci, channels, TailStrategy::GuardWithIf)
        .split(o.y, yt, yi, schedule.get("yb"), TailStrategy::GuardWithIf)
        .split(o.x, xt, xi, tile, tail)
        .split(xi, xq, xr, s.facts.stride_x)
        .split(xq, xq, xv, lanes);
    std::vector<Halide::VarOrRVar> order{xr, xv, xq, ci, xt, yi, ct, yt, o.z, o.g, o.n};
    const int blocks = schedule.get("xb"), tiles = (s.facts.width + tile - 1) / tile;
    if (blocks > 1) {
        o.func.split(xt, xb, xt, (tiles + blocks - 1) / blocks, TailStrategy::GuardWithIf);
        order.insert(order.begin() + 7, xb);
    }
    o.func.reorder(order).unroll(xr).vectorize(xv).unroll(xq).unroll(ci);
    if (s.facts.complex) o.func.reorder(o.part, xr, xv).unroll(o.part);

    s.sum.compute_at(o.func, xt)
        .bound_extent(s.q, positions)
        .bound_extent(s.j, s.facts.stride_x)
        .bound_extent(s.c, channels)
        .vectorize(s.q, lanes)
        .unroll(s.q)
        .unroll(s.j)
        .unroll(s.c);
    const Halide::RDom& r = s.taps;
    s.sum.update()
        .split(s.q, s.q, qv, lanes)
        .reorder(qv, s.q, s.c, r[0], r[1], r[2], r[3], r[4])
        .vectorize(qv)
        .unroll(s.q)
        .unroll(s.c)
        .unroll(r[0])
        .unroll(r[1]);

    const Var px = s.padded.args()[0], py = s.padded.args()[1], pz = s.padded.args()[2], pc = s.padded.args()[3];
    s.padded.compute_at(o.func, blocks > 1 ? xb : yt)
        .reorder_storage(px, pc, py, pz)
        .align_storage(px, lanes)
        .reorder(px, pc, py, pz)
        .vectorize(px, lanes, TailStrategy::RoundUp);
    parallelize(o, yt, ct, schedule.get("par"));
    if (schedule.get("par") == 1 && blocks > 1) o.func.parallel(xb);
}

}  // namespace convt
