// SPDX-License-Identifier: Apache-2.0
// A band of tiles is transformed once and stays in the second-level cache over all channels and phases of the output.
// Products of one element of the transform, for a register tile of cv vectors of channels times ti by tb tiles, are
// summed over all input channels; a register tile's elements are transformed back into a scratch whose rows hold the
// channels of neighbouring outputs of all phases, and from there the output is copied row by row.
#include "schedules/cpu/winograd.h"

#include <algorithm>

namespace convt {

using Halide::PrefetchBoundStrategy;
using Halide::TailStrategy;
using Halide::Var;

namespace {

// Weights stream from the last-level cache or from memory, 300 to 400 cycles away: a register tile takes 10 to 14 cycles
// a channel.
constexpr int prefetched_channels = 32;

void schedule_input(WinogradStages& s) {
    const int lanes = s.facts.lanes;
    // Short rows: vectors as wide as a row of tiles.
    int wide = 1;
    while (wide < lanes && wide < (s.has_inner ? s.inner_tiles : lanes))
        wide *= 2;
    const Var tile = s.has_inner ? s.ti : s.tb, other = s.has_inner ? s.tb : s.ti;
    // A vector of tiles at a time with all its elements: they share what they load.
    Var tv("tv"), hv("hv");
    s.transformed.compute_at(s.output.func, s.rows[1])
        .reorder_storage(tile, other, s.k, s.e)
        .split(tile, tile, tv, wide, TailStrategy::RoundUp)
        .reorder(tv, s.e, tile, other, s.k, s.g, s.n)
        .vectorize(tv)
        .unroll(s.e)
        .prefetch(s.input, s.k, s.k, 2, PrefetchBoundStrategy::NonFaulting);
    if (s.has_inner) {
        s.half.compute_at(s.transformed, s.k)
            .split(s.ti, s.ti, hv, wide, TailStrategy::RoundUp)
            .reorder(hv, s.ei, s.ti, s.row)
            .vectorize(hv)
            .unroll(s.ei);
    }
    const Var x = s.padded.func.args()[0], y = s.padded.func.args()[1];
    s.padded.func.compute_at(s.transformed, s.k).vectorize(x, lanes, TailStrategy::RoundUp).never_partition(y);
    if (s.has_inner) s.padded.func.update().vectorize(s.padded.columns[0], lanes, TailStrategy::GuardWithIf);
}

void schedule_products(WinogradStages& s, const Schedule& schedule) {
    const int lanes = s.facts.lanes, channels = schedule.get("cv") * lanes;
    const int inner_tile = schedule.get("ti"), band_tile = schedule.get("tb");
    Var cv("cv"), uv("uv"), pv("pv"), ti("pi"), tb("pb");
    // Every element of the transform takes its weights through all tiles of the band.
    s.product.compute_at(s.scratch, s.places[4])
        .reorder_storage(s.c, s.e, s.ti, s.tb, s.phase, s.g, s.n)
        .bound_extent(s.c, channels)
        .bound_extent(s.ti, s.inner_tiles)
        .bound_extent(s.tb, s.band_tiles)
        .split(s.c, s.c, pv, lanes)
        .split(s.ti, s.ti, ti, inner_tile)
        .split(s.tb, s.tb, tb, band_tile)
        .reorder({pv, s.c, ti, tb, s.ti, s.tb, s.e, s.phase, s.g, s.n})
        .vectorize(pv)
        .unroll(s.c)
        .unroll(ti)
        .unroll(tb);
    s.sum.compute_at(s.product, s.ti)
        .bound_extent(s.c, channels)
        .bound_extent(s.ti, inner_tile)
        .bound_extent(s.tb, band_tile)
        .split(s.c, s.c, cv, lanes)
        .vectorize(cv)
        .unroll(s.c)
        .unroll(s.ti)
        .unroll(s.tb);
    s.sum.update()
        .split(s.c, s.c, uv, lanes)
        .reorder(uv, s.c, s.ti, s.tb, s.channels, s.e, s.phase, s.g, s.n)
        .vectorize(uv)
        .unroll(s.c)
        .unroll(s.ti)
        .unroll(s.tb)
        .prefetch(s.packed, s.channels, s.channels, prefetched_channels, PrefetchBoundStrategy::NonFaulting);
}

}  // namespace

void schedule_winograd(WinogradStages& s, const Schedule& schedule) {
    const int lanes = s.facts.lanes, channels = schedule.get("cv") * lanes;
    OutputStage& o = s.output;
    Var ct("ct"), co("co"), cv("cv");
    Halide::Stage out = o.func.update();
    out.split(o.c, co, o.c, s.piece, TailStrategy::GuardWithIf)
        .split(co, ct, co, channels / s.piece, TailStrategy::GuardWithIf);
    const Var across = s.has_inner ? o.x : o.y;
    if (s.facts.output_channels_last) {
        out.reorder(o.c, co, across, s.rows[0], ct, s.rows[1], o.z, o.g, o.n).vectorize(o.c);
    } else if (s.has_inner) {
        const Var vector("vector");
        out.split(across, vector, across, lanes, TailStrategy::PredicateStores)
            .reorder(across, o.c, vector, co, s.rows[0], ct, s.rows[1], o.z, o.g, o.n)
            .vectorize(across)
            .unroll(o.c);
    } else {
        const Halide::RVar vector("vector"), lane("lane");
        out.split(s.rows[0], vector, lane, lanes)
            .reorder(lane, o.c, vector, co, across, ct, s.rows[1], o.z, o.g, o.n)
            .allow_race_conditions()
            .vectorize(lane)
            .unroll(o.c);
    }
    // The loops around the products would be compiled twice for their last round.
    out.never_partition(ct, s.rows[1]);
    const int par = schedule.get("par");
    if (par == 1) {
        const int bands = static_cast<int>(*Halide::Internal::as_const_int(s.rows[1].extent()));
        out.allow_race_conditions().parallel(
            busiest({{o.n, s.facts.batch}, {o.g, s.facts.groups}, {Halide::RVar(s.rows[1]), bands}}));
    }
    if (par == 2) out.parallel(ct);

    // Rows of the output are read across channels, in pieces: 16 places of 8 channels take 48 shuffles.
    const Halide::RDom& r = s.places;
    Var half("half");
    s.scratch.compute_at(o.func, ct).bound_extent(s.c, s.piece).bound_extent(s.vector, channels / s.piece);
    s.scratch.update()
        .split(s.vector, s.vector, half, lanes / s.piece)
        .reorder({s.c, half, r[0], r[1], s.vector, r[2], r[3], r[4], r[5], s.band, s.g, s.n})
        .vectorize(s.c)
        .unroll(half)
        .unroll(r[0])
        .unroll(r[1]);
    s.back.compute_at(s.scratch, s.vector).bound_extent(s.c, lanes).vectorize(s.c).unroll(s.ji).unroll(s.jb);
    schedule_products(s, schedule);
    schedule_input(s);
}

}  // namespace convt
