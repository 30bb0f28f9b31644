// SPDX-License-Identifier: Apache-2.0
// Rolled phases: the phase is a loop, taps are loops with the phase's own count, so code stays small at any kernel and
// stride. Lanes run over channels (weights stream once, inputs are broadcast) or, in the general strategy, over
// positions in x.
#include "schedules/cpu/rolled_blocks.h"

#include <algorithm>

namespace convt {

using Halide::Func;
using Halide::TailStrategy;
using Halide::Var;

namespace {

// Where more tiles of positions share the weights, the first one's wait is worth less than the prefetches of all (64 by
// 64 positions, 256 to 128 channels: 164 GFLOP/s with, 196 without).
constexpr int most_tiles_prefetched = 7;

std::vector<Halide::VarOrRVar> joined(std::initializer_list<std::vector<Halide::VarOrRVar>> lists) {
    std::vector<Halide::VarOrRVar> vars;
    for (const auto& list : lists)
        vars.insert(vars.end(), list.begin(), list.end());
    return vars;
}

}  // namespace

void schedule_channel_lanes(RolledStages& s, const Schedule& schedule) {
    const int lanes = s.facts.lanes;
    const int channels = schedule.get("cv") * lanes;
    const int qx = schedule.get("qx"), qy = schedule.get("qy");
    const RolledBlocks b = block_output(s, channels, schedule);
    if (s.facts.output_channels_last)
        copy_channels_last(s, b, schedule);
    else if (s.side > 0)
        copy_turned(s, b, schedule);
    else
        copy_elements(s, b);

    Var xo("xo"), yo("yo"), sv("sv"), uv("uv");
    std::vector<Halide::VarOrRVar> phases, outer{xo, yo, s.qz};
    (s.phases_x == PhaseLoop::in_tile ? phases : outer).push_back(s.jx);
    (s.phases_y == PhaseLoop::in_tile ? phases : outer).push_back(s.jy);

    s.staged.bound_extent(s.c, channels)
        .split(s.c, s.c, sv, lanes)
        .split(s.qx, xo, s.qx, qx, TailStrategy::RoundUp)
        .split(s.qy, yo, s.qy, qy, TailStrategy::RoundUp)
        .reorder(joined({{sv, s.c, s.qx, s.qy}, phases, outer, {s.jz, s.g, s.n}}))
        .vectorize(sv);
    s.sum.compute_at(s.staged, xo)
        .bound_extent(s.c, channels)
        .bound_extent(s.qx, qx)
        .bound_extent(s.qy, qy)
        .vectorize(s.c, lanes);
    if (s.phases_x == PhaseLoop::in_tile) s.sum.bound_extent(s.jx, s.facts.phases_x);
    if (s.phases_y == PhaseLoop::in_tile) s.sum.bound_extent(s.jy, s.facts.phases_y);
    // What is fewer stays in registers while the other passes: the inputs of the tile, or the weights of its taps.
    const auto read_at_once = [](PhaseLoop loop, int count, int taps) {
        return loop == PhaseLoop::rolled ? 1 : loop == PhaseLoop::in_tile ? count * taps : taps;
    };
    const ScheduleFacts& f = s.facts;
    const int weights = schedule.get("cv") * read_at_once(s.phases_x, f.phases_x, f.taps_x) *
                        read_at_once(s.phases_y, f.phases_y, f.taps_y);
    const bool hold_weights = weights < qx * qy;
    // `innermost`: loops inside of a vector of channels.
    const auto order_update = [&](Halide::Stage update, const Halide::RDom& taps,
                                  const std::vector<Halide::VarOrRVar>& innermost) {
        const bool roll_x = s.phases_x == PhaseLoop::rolled, roll_y = s.phases_y == PhaseLoop::rolled;
        std::vector<Halide::VarOrRVar> unrolled, rolled{taps[0]};
        if (!roll_x) unrolled.push_back(taps[1]);
        if (roll_x) rolled.insert(f.ordered ? rolled.begin() : rolled.end(), taps[1]);
        (roll_y || f.ordered ? rolled : unrolled).push_back(taps[2]);
        rolled.push_back(taps[3]);
        const std::vector<Halide::VarOrRVar> tile{s.qx, s.qy};
        update.split(s.c, s.c, uv, lanes)
            .reorder(hold_weights ? joined({innermost, {uv, s.c}, unrolled, phases, tile, rolled})
                                  : joined({innermost, {uv, s.c}, tile, phases, unrolled, rolled}));
        // Halide finds the instruction of a dot product in a vector of sums of neighbours.
        for (const Halide::VarOrRVar& r : innermost)
            update.atomic().vectorize(r);
        update.vectorize(uv);
        for (const Halide::VarOrRVar& v : joined({{s.c}, tile, phases, unrolled}))
            update.unroll(v);
        if (f.ordered && !roll_y) update.unroll(taps[2]);
    };
    order_update(s.sum.update(0), s.taps,
                 s.dot > 1 ? std::vector<Halide::VarOrRVar>{s.taps[4]} : std::vector<Halide::VarOrRVar>{});
    for (const Halide::VarOrRVar& v : joined({{s.c, s.qx, s.qy}, phases})) {
        s.staged.unroll(v);
        s.sum.unroll(v.var);
    }
    if (s.weight_sums.defined()) {
        const Var lane = s.weight_sums.args()[0];
        order_update(s.sum.update(1), s.zero_taps, {});
        s.weight_sums.compute_root().vectorize(lane, lanes);
        const std::vector<Halide::RVar> r = s.weight_sums.rvars(0);
        s.weight_sums.update().reorder(r[0], lane, r[1]).atomic().vectorize(r[0]).vectorize(lane, lanes);
    }
    if (s.phases_x == PhaseLoop::copies) s.staged.unroll(s.jx);
    if (s.phases_y == PhaseLoop::copies) s.staged.unroll(s.jy);
    // Where there is one position, a row's phase depends on the row: the extent would not be known.
    if (s.phases_x != PhaseLoop::rolled) s.staged.bound(s.jx, 0, f.phases_x);
    if (s.phases_y != PhaseLoop::rolled) s.staged.bound(s.jy, 0, f.phases_y);
    if (schedule.get("fetch") > 0) {
        if (s.position_tiles * schedule.get("zb") <= most_tiles_prefetched) prefetch_weights(s.output, s.weights);
        prefetch_next_block(s, b, schedule);
    }
    stage_input(s);
}

void schedule_general(RolledStages& s, const Schedule& schedule) {
    const int lanes = s.facts.lanes;
    const int positions = schedule.get("tx") * lanes;
    const int channels = schedule.get("tc");
    OutputStage& o = s.output;
    const RolledBlocks b = block_output(s, channels, schedule);
    Var xq("xq"), xr("xr"), xo("xo"), sv("sv"), uv("uv");
    o.func.split(o.x, xq, xr, s.facts.stride_x, TailStrategy::GuardWithIf)
        .reorder(xq, xr, b.ci, b.yi, b.zi, b.ct, b.yt, b.zt, o.g, o.n);
    if (s.facts.complex) o.func.reorder(o.part, xq);

    s.staged.bound_extent(s.c, channels)
        .split(s.qx, xo, s.qx, positions, TailStrategy::RoundUp)
        .split(s.qx, s.qx, sv, lanes)
        .reorder(sv, s.qx, s.c, xo, s.qy, s.jx, s.jy, s.qz, s.jz, s.g, s.n)
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
        .reorder(uv, s.qx, s.c, s.taps[s.facts.ordered ? 1 : 0], s.taps[s.facts.ordered ? 0 : 1], s.taps[2], s.taps[3])
        .vectorize(uv)
        .unroll(s.qx)
        .unroll(s.c);
    stage_input(s);
}

}  // namespace convt
