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

// Where blocks of output channels run on several threads, the band's transform, before them, does too: over input
// channels, or rows of tiles, in pieces that a thread takes at once.
constexpr int transform_pieces = 8;

// `loop`, the outermost, of `extent` turns.
void parallel_transform(WinogradStages& s, const Schedule& schedule, const Var& loop, int extent) {
    if (schedule.get("par") != 2) return;
    const Var piece("piece");
    s.transformed.split(loop, piece, loop, std::max(extent / transform_pieces, 1), TailStrategy::GuardWithIf)
        .parallel(piece);
}

// Channels last: a window is loaded by vectors of channels, transformed in registers and stored as it is. Tiles are one
// vector more than their channels apart: at a multiple of 4 KiB they would share the sets of the first cache.
void schedule_pixel_input(WinogradStages& s, const Schedule& schedule, const Halide::RVar& band) {
    const int lanes = s.facts.lanes, channels = s.facts.in_channels;
    const TailStrategy tail = channels < lanes ? TailStrategy::GuardWithIf : TailStrategy::ShiftInwards;
    Var kv("kv"), hv("hv");
    s.transformed.compute_at(s.output.func, band)
        .reorder_storage(s.k, s.ti, s.tb, s.e)
        .align_storage(s.k, channels + lanes)
        .split(s.k, s.k, kv, lanes, tail)
        .reorder(kv, s.e, s.k, s.ti, s.tb, s.g, s.n)
        .vectorize(kv)
        .unroll(s.e);
    parallel_transform(s, schedule, s.tb, s.band_tiles);
    if (!s.has_inner) return;
    s.half.compute_at(s.transformed, s.k).split(s.k, s.k, hv, lanes, tail).vectorize(hv).unroll(s.ei).unroll(s.row);
}

void schedule_input(WinogradStages& s, const Schedule& schedule, const Halide::RVar& band) {
    if (s.facts.input_channels_last) return schedule_pixel_input(s, schedule, band);
    const int lanes = s.facts.lanes;
    // Short rows: vectors as wide as a row of tiles.
    int wide = 1;
    while (wide < lanes && wide < (s.has_inner ? s.inner_tiles : lanes))
        wide *= 2;
    const Var tile = s.has_inner ? s.ti : s.tb, other = s.has_inner ? s.tb : s.ti;
    // A vector of tiles at a time with all its elements: they share what they load.
    Var tv("tv"), hv("hv");
    s.transformed.compute_at(s.output.func, band)
        .reorder_storage(tile, other, s.k, s.e)
        .split(tile, tile, tv, wide, TailStrategy::RoundUp)
        .reorder(tv, s.e, tile, other, s.k, s.g, s.n)
        .vectorize(tv)
        .unroll(s.e);
    parallel_transform(s, schedule, s.k, s.facts.in_channels);
    if (schedule.get("fetch") > 0) s.transformed.prefetch(s.input, s.k, s.k, 2, PrefetchBoundStrategy::NonFaulting);
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

// `at`: what holds the products of a band.
void schedule_products(WinogradStages& s, const Schedule& schedule, const Halide::LoopLevel& at) {
    const int lanes = s.facts.lanes, channels = schedule.get("cv") * lanes;
    const int inner_tile = schedule.get("ti"), band_tile = schedule.get("tb");
    Var cv("cv"), uv("uv"), pv("pv"), ti("pi"), tb("pb");
    // Every element of the transform takes its weights through all tiles of the band.
    s.product.compute_at(at)
        .reorder_storage(s.c, s.e, s.ti, s.tb, s.phase, s.g, s.n)
        .bound_extent(s.c, channels)
        .bound_extent(s.ti, s.inner_tiles)
        .split(s.c, s.c, pv, lanes)
        .split(s.ti, s.ti, ti, inner_tile)
        .split(s.tb, s.tb, tb, band_tile)
        .reorder({pv, s.c, ti, tb, s.ti, s.tb, s.e, s.phase, s.g, s.n})
        .vectorize(pv)
        .unroll(s.c)
        .unroll(ti)
        .unroll(tb);
    if (s.open_bands) {
        // Whole register tiles are transformed: what lies behind a row may be denormal (width_lanes).
        s.product.align_bounds(s.tb, band_tile);
        s.sum.align_bounds(s.tb, band_tile);
    } else {
        s.product.bound_extent(s.tb, s.band_tiles);
    }
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
        .unroll(s.tb);
    // Halide's directive puts a loop of them into every turn (22 multiply-adds in 49 instructions, 40 without it).
    if (schedule.get("fetch") > 0) prefetch_weights(s.output, s.packed);
}

Halide::VarOrRVar busiest_band(const WinogradStages& s, const Halide::RVar& band) {
    return busiest({{s.output.n, s.facts.batch}, {s.output.g, s.facts.groups}, {band, s.bands}});
}

void schedule_rows(WinogradStages& s, const Schedule& schedule) {
    const int lanes = s.facts.lanes, channels = schedule.get("cv") * lanes;
    OutputStage& o = s.output;
    Var ct("ct"), co("co");
    Halide::Stage out = o.func.update();
    out.split(o.c, co, o.c, s.piece, TailStrategy::GuardWithIf)
        .split(co, ct, co, channels / s.piece, TailStrategy::GuardWithIf);
    const Halide::RVar band = s.has_inner ? s.rows[1] : s.rows[2];
    const Var across = s.has_inner ? o.x : o.y;
    if (s.has_inner) {
        const Var vector("vector");
        // What only stores are guarded for reads past the end of the output's row, where an operand ends too.
        const TailStrategy tail = s.facts.reads_like_output ? TailStrategy::GuardWithIf : TailStrategy::PredicateStores;
        out.split(across, vector, across, lanes, tail)
            .reorder(across, o.c, vector, co, s.rows[0], ct, band, o.z, o.g, o.n)
            .vectorize(across)
            .unroll(o.c);
    } else if (s.row_vector > 1) {
        out.reorder(s.rows[0], o.c, s.rows[1], co, across, ct, band, o.z, o.g, o.n)
            .allow_race_conditions()
            .unroll(o.c)
            .never_partition(s.rows[1]);
    } else {
        out.reorder({o.c, co, across, s.rows[0], s.rows[1], ct, band, o.z, o.g, o.n}).vectorize(o.c);
    }
    // The loops around the products would be compiled twice for their last round.
    out.never_partition(ct, band);
    const int par = schedule.get("par");
    if (par == 1) out.allow_race_conditions().parallel(busiest_band(s, band));
    if (par == 2) out.parallel(ct);
    if (!s.has_inner && s.row_vector > 1) (s.wide.defined() ? out.specialize(s.wide) : out).vectorize(s.rows[0]);

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
    s.back.compute_at(s.scratch, s.vector);
    schedule_products(s, schedule, {s.scratch, r[4]});
    schedule_input(s, schedule, band);
}

void schedule_phases(WinogradStages& s, const Schedule& schedule) {
    OutputStage& o = s.output;
    const Halide::RDom& r = s.rows;
    Halide::Stage out = o.func.update();
    // Every place of the output belongs to one lane of one tile.
    out.allow_race_conditions()
        .reorder({r[0], r[1], r[2], r[3], r[4], r[5], o.y, o.z, o.g, o.n})
        .vectorize(r[0])
        .unroll(r[1])
        .never_partition(r[3], r[4], r[5]);
    const int par = schedule.get("par");
    if (par == 1) out.parallel(busiest_band(s, r[5]));
    if (par == 2) out.parallel(r[4]);
    s.back.compute_at(o.func, r[2]);
    schedule_products(s, schedule, {o.func, r[4]});
    schedule_input(s, schedule, r[5]);
}

void schedule_pixels(WinogradStages& s, const Schedule& schedule) {
    const int lanes = s.facts.lanes, channels = schedule.get("cv") * lanes;
    OutputStage& o = s.output;
    const Halide::RDom& r = s.rows;
    Var ct("ct"), co("co");
    Halide::Stage out = o.func.update();
    // Every pixel belongs to one place of one tile.
    out.allow_race_conditions()
        .split(o.c, co, o.c, lanes, TailStrategy::GuardWithIf)
        .split(co, ct, co, channels / lanes, TailStrategy::GuardWithIf)
        .reorder({o.c, r[0], r[1], co, r[2], r[3], r[4], r[5], ct, r[6], o.z, o.g, o.n})
        .vectorize(o.c)
        .unroll(r[0])
        .unroll(r[1])
        .never_partition(r[2], r[3], r[4], r[5], ct, r[6]);
    const int par = schedule.get("par");
    if (par == 1) out.parallel(busiest_band(s, r[6]));
    if (par == 2) out.parallel(ct);
    s.back.compute_at(o.func, co);
    schedule_products(s, schedule, {o.func, r[4]});
    schedule_input(s, schedule, r[6]);
}

}  // namespace

void schedule_winograd(WinogradStages& s, const Schedule& schedule) {
    s.back.bound_extent(s.c, s.facts.lanes).vectorize(s.c).unroll(s.ji).unroll(s.jb);
    if (s.phases_in_lanes) {
        schedule_phases(s, schedule);
    } else if (s.facts.output_channels_last) {
        schedule_pixels(s, schedule);
    } else {
        schedule_rows(s, schedule);
    }
}

}  // namespace convt
