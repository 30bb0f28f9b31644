// SPDX-License-Identifier: Apache-2.0
// Width lanes: a register tile of tx vectors of positions times tc channels, all phases of x at once, so that a loaded
// input vector feeds every phase and stores are whole lines. Rows are read in place, or staged with their zeros in
// blocks of yb output rows that stay in cache over all channels.
#include "schedules/cpu/stages.h"

#include <algorithm>

namespace convt {

using Halide::Func;
using Halide::TailStrategy;
using Halide::Var;

namespace {

// The accumulators of a tile in registers: every loop but those over input channels and rolled taps is unrolled.
void keep_in_registers(WidthStages& s, WidthSum& sum, int positions, int channels, int ahead) {
    const int lanes = s.facts.lanes;
    const Halide::RDom& r = sum.taps;
    Var qv("qv");
    // So that rows are staged to the end of the last tile: what lies behind them may be denormal (turn_squares).
    if (s.facts.open_width) sum.func.align_bounds(s.q, positions);
    sum.func.bound_extent(s.q, positions)
        .bound_extent(s.j, s.facts.stride_x)
        .bound_extent(s.r, s.sum_rows)
        .bound_extent(s.c, channels)
        .vectorize(s.q, lanes)
        .unroll(s.q)
        .unroll(s.j)
        .unroll(s.r)
        .unroll(s.c);
    sum.func.update()
        .split(s.q, s.q, qv, lanes)
        .reorder(qv, s.q, s.c, r[0], r[2], r[1], r[3], r[4], r[5])
        .vectorize(qv)
        .unroll(s.q)
        .unroll(s.c)
        .unroll(r[0])
        .unroll(r[1])
        .unroll(r[2])
        .never_partition_all();
    // What is fetched past the last channel is not used and does not fault. Halide asks for one line in four, of this
    // tile and the next ones of the row; that is enough for their neighbours to follow.
    if (ahead > 0) sum.func.update().prefetch(s.input, r[3], r[3], ahead, Halide::PrefetchBoundStrategy::NonFaulting);
    // Guarded rows would leave its extent, and with it every index, unknown.
    if (s.tile_rows > 1) sum.func.bound_extent(s.t, 1).update().unroll(r[4]);
}

// Columns of an input whose channels are innermost, gathered as they are copied: a vector of them takes all channels
// before the next, for their lines are the same.
void gather_columns(Halide::Stage copy, const Halide::RVar& column, const std::vector<Var>& p, const ScheduleFacts& f) {
    const Halide::RVar outer("outer"), inner("inner");
    copy.split(column, outer, inner, f.lanes, TailStrategy::GuardWithIf)
        .reorder(inner, p[3], outer, p[1], p[2])
        .vectorize(inner);
}

// Columns of whole vectors of channels, turned over between registers: a square is stored interleaved and copied from
// there (128 to 3 channels at 128x128, k4 s2: 1.2 ms; scattered by vectors of channels 1.5; squares of 16 columns,
// whose vectors do not stay in registers, 1.3 times as long as of 8). Whole vectors are filled: what lies in unused
// lanes may be denormal, which costs some CPUs 200 cycles a product (8 columns, k8 s8: 1320 us for 18).
void turn_squares(WidthStages& s) {
    Func& padded = s.padded.func;
    const std::vector<Var> p = padded.args();
    Var inner("inner"), ci("ci");
    padded.align_bounds(p[0], std::max(s.turned_side, s.facts.lanes))
        .split(p[0], p[0], inner, s.turned_side)
        .split(p[3], p[3], ci, s.turned_channels)
        .reorder(inner, ci, p[3], p[0], p[1], p[2])
        .vectorize(inner)
        .unroll(ci);
    s.turned.compute_at(padded, p[3])
        .bound_extent(s.xi, s.turned_side)
        .bound_extent(s.k, s.turned_channels)
        .reorder(s.k, s.xi)
        .vectorize(s.k)
        .unroll(s.xi);
}

// The whole width of a row, all channels of a row together: a tile then walks memory forward.
void stage_rows(WidthStages& s) {
    PaddedRows& padded = s.padded;
    const ScheduleFacts& facts = s.facts;
    const std::vector<Var> p = padded.func.args();
    padded.func.reorder_storage(p[0], p[3], p[1], p[2]).align_storage(p[0], facts.lanes);
    if (s.turned.defined()) return turn_squares(s);
    if (!padded.columns.defined() && facts.input_channels_last) {
        Var inner("inner");
        padded.func.split(p[0], p[0], inner, facts.lanes, TailStrategy::RoundUp)
            .reorder(inner, p[3], p[0], p[1], p[2])
            .vectorize(inner);
        return;
    }
    padded.func.reorder(p[0], p[3], p[1], p[2]).vectorize(p[0], facts.lanes, TailStrategy::RoundUp);
    if (!padded.columns.defined()) return;
    const Halide::RVar column = padded.columns[0];
    if (facts.input_channels_last) return gather_columns(padded.func.update(), column, p, facts);
    // Channel by channel, for rows of one channel lie next to each other in the input.
    padded.func.update().reorder(column, p[1], p[3], p[2]).vectorize(column, facts.lanes, TailStrategy::GuardWithIf);
}

}  // namespace

void schedule_width_lanes(WidthStages& s, const Schedule& schedule) {
    const int lanes = s.facts.lanes;
    const int positions = schedule.get("tx") * lanes;
    const int channels = schedule.get("tc");
    OutputStage& o = s.output;
    Var ct("ct"), ci("ci"), xb("xb"), xt("xt"), xi("xi"), xq("xq"), xr("xr"), xv("xv"), yt("yt"), yi("yi"), yr("yr");

    // Shifting the last tile inwards is right only where every phase has as many positions as the next (study, L3).
    const int tile = positions * s.facts.stride_x;
    const bool shift = !s.facts.open_width && s.facts.width % s.facts.stride_x == 0 && s.facts.width >= tile;
    const TailStrategy tail = shift ? TailStrategy::ShiftInwards : TailStrategy::GuardWithIf;
    o.func.split(o.c, ct, ci, channels, TailStrategy::GuardWithIf)
        .split(o.y, yi, yr, s.tile_rows, TailStrategy::GuardWithIf)
        .split(yi, yt, yi, schedule.get("yb") / s.tile_rows, TailStrategy::GuardWithIf)
        .split(o.x, xt, xi, tile, tail)
        .split(xi, xq, xr, s.facts.stride_x)
        .split(xq, xq, xv, lanes);
    std::vector<Halide::VarOrRVar> order{xr, xv, xq, ci, yr, xt, yi, ct, yt, o.z, o.g, o.n};
    const int blocks = schedule.get("xb"), tiles = (s.facts.width + tile - 1) / tile;
    if (blocks > 1) {
        o.func.split(xt, xb, xt, (tiles + blocks - 1) / blocks, TailStrategy::GuardWithIf);
        order.insert(order.begin() + 8, xb);
    }
    o.func.reorder(order).unroll(xr).vectorize(xv).unroll(xq).unroll(ci).unroll(yr);
    if (s.facts.complex) o.func.reorder(o.part, xr, xv).unroll(o.part);
    // A copy of the code for the tiles without guards is worth its compile time for x and the rows of a block: without
    // the latter LLVM spends seconds on the guards of odd extents.
    o.func.never_partition({ct, yt, o.z, o.g, o.n});

    for (WidthSum& sum : s.sums) {
        keep_in_registers(s, sum, positions, channels, schedule.get("ahead"));
        sum.func.compute_at(o.func, xt);
    }
    if (s.padded.func.defined()) {
        stage_rows(s);
        // One channel's place more than there are: rows a multiple of 4 KiB apart would share the sets of the first
        // cache, and a channel's rows are written one after the other (k2 s2, 256 channels at 64x64: 206 GFLOP/s
        // without, 217).
        if (s.facts.in_channels >= lanes) s.padded.func.align_storage(s.padded.func.args()[3], s.facts.in_channels + 1);
        s.padded.func.compute_at(o.func, blocks > 1 ? xb : yt);
        if (blocks == 1 && schedule.get("fetch") > 0) {
            const int yb = schedule.get("yb"), rows = yb / s.tile_rows;
            prefetch_rows(o, s.facts, s.input,
                          {{yt, (s.facts.height + yb - 1) / yb},
                           yb / s.facts.stride_y,
                           {{xt, tiles}, {yi, rows}, {ct, (s.facts.out_channels + channels - 1) / channels}},
                           o.g,
                           o.n});
        }
    }
    std::vector<ParallelLoop> loops{{o.n, s.facts.batch},
                                    {o.g, s.facts.groups},
                                    {o.z, s.facts.depth},
                                    {yt, (s.facts.height + schedule.get("yb") - 1) / schedule.get("yb")}};
    if (blocks > 1) loops.push_back({xb, blocks});
    parallelize(o, loops, ct, schedule.get("par"));
}

}  // namespace convt
