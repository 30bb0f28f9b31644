// SPDX-License-Identifier: Apache-2.0
// Phase lanes: a register tile of lv vectors of phases times qx positions, whose sums go straight to the output. The
// weights of a tile stay in cache over the positions of a block of yb rows; cb input channels at a time keep them in
// the first level, the output holding what is summed so far.
#include "schedules/cpu/stages.h"

namespace convt {

using Halide::TailStrategy;
using Halide::Var;

void schedule_phase_lanes(PhaseStages& s, const Schedule& schedule) {
    const int lanes = s.facts.lanes;
    const int tile = schedule.get("lv") * lanes, positions = schedule.get("qx");
    OutputStage& o = s.output;
    const Halide::RDom &at = s.places, &r = s.taps;
    Halide::Stage store = o.func.update();
    // Every place of the output belongs to one lane of one tile.
    std::vector<Halide::VarOrRVar> order{at[0], at[1], at[2], at[3], at[4], at[5], at[6], o.c, at[7], o.z, o.g, o.n};
    if (s.facts.complex) order.insert(order.begin(), o.part);
    store.allow_race_conditions().reorder(order);
    if (!s.hold) store.vectorize(at[0]).unroll(at[1]).unroll(at[2]);
    if (s.facts.complex) store.unroll(o.part);

    Var uv("uv");
    for (Halide::Func f : {s.sum, s.held}) {
        f.compute_at(o.func, at[3])
            .bound_extent(s.l, tile)
            .bound_extent(s.qx, positions)
            .vectorize(s.l, lanes)
            .unroll(s.l)
            .unroll(s.qx);
    }
    s.sum.update()
        .split(s.l, s.l, uv, lanes)
        .reorder(uv, s.l, s.qx, r[0], r[s.facts.ordered ? 3 : 1], r[s.facts.ordered ? 1 : 2],
                 r[s.facts.ordered ? 2 : 3])
        .vectorize(uv)
        .unroll(s.l)
        .unroll(s.qx);
    if (s.unroll_x_taps) s.sum.update().unroll(r[0]);

    const std::vector<Var> p = s.padded.args();
    s.padded.compute_at(o.func, at[7])
        .reorder_storage(p[0], p[3], p[1], p[2])
        .align_storage(p[0], lanes)
        .reorder(p[0], p[3], p[1], p[2])
        .vectorize(p[0], lanes, TailStrategy::RoundUp);
    if (schedule.get("fetch") > 0) prefetch_weights(o, s.weights);
    const int par = schedule.get("par");
    const int lane_tiles = static_cast<int>(*Halide::Internal::as_const_int(at[6].extent()));
    if (par == 1)
        store.parallel(busiest(
            {{o.n, s.facts.batch}, {o.g, s.facts.groups}, {o.z, s.facts.depth}, {Halide::RVar(at[7]), s.row_blocks}}));
    if (par == 2) store.parallel(busiest({{o.c, s.facts.out_channels}, {Halide::RVar(at[6]), lane_tiles}}));
}

}  // namespace convt
