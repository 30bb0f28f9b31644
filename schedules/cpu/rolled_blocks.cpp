// SPDX-License-Identifier: Apache-2.0
#include "schedules/cpu/rolled_blocks.h"

#include <algorithm>

namespace convt {

using Halide::Func;
using Halide::TailStrategy;
using Halide::Var;

RolledBlocks block_output(RolledStages& s, int channels, const Schedule& schedule) {
    RolledBlocks b;
    OutputStage& o = s.output;
    const int zb = std::max(schedule.get("zb"), 1);
    o.func.split(o.c, b.ct, b.ci, channels, TailStrategy::GuardWithIf)
        .split(o.y, b.yt, b.yi, schedule.get("yb") * s.facts.stride_y, TailStrategy::GuardWithIf)
        .split(o.z, b.zt, b.zi, zb * s.facts.stride_z, TailStrategy::GuardWithIf);
    if (s.facts.complex) o.func.reorder(o.part, o.x).unroll(o.part);
    s.staged.compute_at(o.func, b.ct);
    s.padded.compute_at(o.func, b.yt);
    const int rows = schedule.get("yb") * s.facts.stride_y, slices = zb * s.facts.stride_z;
    parallelize(o,
                {{o.n, s.facts.batch},
                 {o.g, s.facts.groups},
                 {b.zt, (s.facts.depth + slices - 1) / slices},
                 {b.yt, (s.facts.height + rows - 1) / rows}},
                b.ct, schedule.get("par"));
    return b;
}

namespace {

// From pixel to pixel of an input whose channels are innermost: at a multiple of 1 KiB the positions of a tile would
// share few sets of the first cache (1024 to 512 channels at 28x28, k2 s2: 19.3 ms without, 15.3; 2048 channels: 6.4
// and 3.2).
int pixel_storage(const ScheduleFacts& f) {
    return f.in_channels % (16 * f.lanes) == 0 ? f.in_channels + f.lanes : f.in_channels;
}

// From channel to channel of a row of whole vectors: an odd number of lines, so that the elements of a tile spread over
// all sets of the first cache (k2 s2, 256 to 128 channels at 112x112: 44 % of the roofline, with rows of a channel next
// to each other, and 58 %).
int row_storage(const ScheduleFacts& f) {
    const int lines = (f.input_width + f.taps_x - 1 + f.lanes - 1) / f.lanes;
    return (lines % 2 == 0 ? lines + 1 : lines) * f.lanes;
}

// The channels of a dot product lie side by side; from rows of channels they are woven together.
void stage_dots(RolledStages& s) {
    const std::vector<Var> p = s.padded.args();
    const int lanes = s.facts.lanes, steps = (s.facts.in_channels + s.dot - 1) / s.dot;
    s.padded.bound(p[6], 0, s.dot);
    if (s.facts.input_channels_last) {
        s.padded.reorder_storage(p[6], p[3], p[0], p[1], p[2])
            .reorder(p[6], p[3], p[0], p[1], p[2])
            .vectorize(p[6])
            .vectorize(p[3], std::min(lanes, steps), TailStrategy::GuardWithIf);
    } else {
        s.padded.reorder_storage(p[6], p[0], p[1], p[3], p[2]).reorder(p[6], p[0], p[1], p[3], p[2]).unroll(p[6]);
        if (s.facts.input_width >= lanes) s.padded.vectorize(p[0], lanes, TailStrategy::GuardWithIf);
    }
}

}  // namespace

// The padded rows keep the order of the input's memory, so that the copy is a plain one. Where elements are read one by
// one from a narrow image the rows of a block lie together without gaps: a tile then touches few lines. Where they are
// loaded as vectors, rows are aligned.
void stage_input(RolledStages& s) {
    const std::vector<Var> p = s.padded.args();
    const int lanes = s.facts.lanes;
    // Where a dilated kernel jumps over a small input, the region that bounds inference finds has a negative size.
    if (s.inside_x > 0) s.padded.bound(p[0], 0, s.inside_x);
    if (s.inside_y > 0) s.padded.bound(p[1], 0, s.inside_y);
    if (s.dot > 1) {
        stage_dots(s);
    } else if (!s.broadcast_input) {
        Var inner("inner");
        s.padded.reorder_storage(p[0], p[3], p[1], p[2]).align_storage(p[0], lanes);
        s.padded.split(p[0], p[0], inner, lanes, TailStrategy::RoundUp).vectorize(inner);
        // Where channels are innermost, a vector of positions takes all of them before the next: their lines are the
        // same.
        if (s.facts.input_channels_last)
            s.padded.reorder(inner, p[3], p[0], p[1], p[2]);
        else
            s.padded.reorder(inner, p[0], p[3], p[1], p[2]);
    } else if (s.facts.input_channels_last) {
        s.padded.reorder_storage(p[3], p[0], p[1], p[2])
            .align_storage(p[3], pixel_storage(s.facts))
            .reorder(p[3], p[0], p[1], p[2])
            .vectorize(p[3], std::min(lanes, s.facts.in_channels), TailStrategy::GuardWithIf);
    } else {
        s.padded.reorder(p[0], p[1], p[3], p[2]);
        if (s.facts.input_width < lanes) {
            s.padded.reorder_storage(p[0], p[1], p[3], p[2]);
        } else {
            s.padded.reorder_storage(p[0], p[3], p[1], p[2])
                .align_storage(p[0], row_storage(s.facts))
                .vectorize(p[0], lanes, TailStrategy::GuardWithIf);
        }
    }
}

// Complex elements, one by one.
void copy_elements(RolledStages& s, const RolledBlocks& b) {
    OutputStage& o = s.output;
    Var xq("xq"), xr("xr");
    o.func.split(o.x, xq, xr, s.facts.stride_x, TailStrategy::GuardWithIf)
        .reorder(xr, xq, b.yi, b.zi, b.ci, b.ct, b.yt, b.zt, o.g, o.n)
        .unroll(xr);
    if (s.facts.complex) o.func.reorder(o.part, xr);
}

namespace {

// Tile by tile: the output's loops in a tile, and outside of it rows of one phase after each other, and slices of one:
// they read the same weights.
void order_tiles(RolledStages& s, const RolledBlocks& b, const Schedule& schedule,
                 std::vector<Halide::VarOrRVar> in_tile) {
    OutputStage& o = s.output;
    Var xt("xt"), yo("yo"), yr("yr"), zr("zr");
    o.func.split(b.zi, b.zi, zr, s.facts.stride_z, TailStrategy::GuardWithIf)
        .split(o.x, xt, o.x, schedule.get("qx") * s.facts.phases_x, TailStrategy::GuardWithIf);
    const auto order = [&](std::initializer_list<Halide::VarOrRVar> outer) {
        in_tile.insert(in_tile.end(), outer);
        o.func.reorder(in_tile);
    };
    if (s.single_rows) {
        o.func.split(b.yi, b.yi, yr, s.facts.stride_y, TailStrategy::GuardWithIf);
        order({xt, b.yi, b.zi, yr, zr, b.ct, b.yt, b.zt, o.g, o.n});
    } else {
        o.func.split(b.yi, yo, yr, schedule.get("qy") * s.facts.phases_y, TailStrategy::GuardWithIf);
        order({yr, xt, yo, b.zi, zr, b.ct, b.yt, b.zt, o.g, o.n});
    }
    s.staged.compute_at(o.func, xt);
    if (s.side > 0) s.turned.compute_at(o.func, xt);
}

}  // namespace

// An output whose innermost axis is x. Each tile is turned over in squares of `side` outputs of a row times a vector of
// channels as soon as it is finished, and written by rows of a channel: its stores then drain while the next tile is
// computed. A block of finished rows, copied at once, waits for memory: k2 s2, 256 to 128 channels at 112x112, 200
// GFLOP/s against 221; at 14x14, 197 against 218.
void copy_turned(RolledStages& s, const RolledBlocks& b, const Schedule& schedule) {
    OutputStage& o = s.output;
    Var xs("xs"), xv("xv"), cu("cu"), cv("cv");
    const int channels = schedule.get("cv") * s.facts.lanes;
    const int columns = schedule.get("qx") * s.facts.phases_x;
    const int together = std::min(std::max(16 / s.side, 1), channels);
    o.func.split(b.ci, b.ci, cu, together, TailStrategy::GuardWithIf);
    order_tiles(s, b, schedule, {o.x, cu, b.ci});
    o.func.split(o.x, xs, xv, s.side, TailStrategy::GuardWithIf).reorder(xv, xs).vectorize(xv).unroll(cu);
    if (columns / s.side * together <= 32) o.func.unroll(xs);
    s.turned.bound_extent(s.c, channels)
        .bound_extent(s.xi, s.side)
        .split(s.c, s.c, cv, s.facts.lanes)
        .reorder(s.xi, cv, s.c, s.xs)
        .vectorize(cv)
        .unroll(s.xi);
}

// Channels last: a tile's vectors are stored as they are.
void copy_channels_last(RolledStages& s, const RolledBlocks& b, const Schedule& schedule) {
    OutputStage& o = s.output;
    Var cv("cv");
    o.func.split(b.ci, b.ci, cv, s.facts.lanes, TailStrategy::GuardWithIf);
    if (s.facts.complex) {
        o.func.reorder(cv, b.ci, o.x, b.yi, b.zi, b.ct, b.yt, b.zt, o.g, o.n).vectorize(cv).reorder(o.part, cv);
        return;
    }
    order_tiles(s, b, schedule, {cv, b.ci, o.x});
    o.func.vectorize(cv).unroll(b.ci);
    if (schedule.get("cv") * schedule.get("qx") * s.facts.phases_x <= 32) o.func.unroll(o.x);
}

void prefetch_next_block(RolledStages& s, const RolledBlocks& b, const Schedule& schedule) {
    const ScheduleFacts& f = s.facts;
    const auto blocks_of = [](int all, int size) { return (all + size - 1) / size; };
    const int columns = schedule.get("qx") * f.phases_x, rows = schedule.get("yb") * f.stride_y;
    const int tile_rows = s.single_rows ? f.stride_y : schedule.get("qy") * f.phases_y;
    RowBlocks blocks{{b.yt, blocks_of(f.height, rows)}, schedule.get("yb") * f.step_y, {}, s.output.g, s.output.n};
    blocks.tiles = {{Var("xt"), blocks_of(f.width, columns)},
                    {s.single_rows ? b.yi : Var("yo"), blocks_of(std::min(rows, f.height), tile_rows)}};
    if (s.single_rows) blocks.tiles.push_back({Var("yr"), f.stride_y});
    blocks.tiles.push_back({b.ct, blocks_of(f.out_channels, schedule.get("cv") * f.lanes)});
    prefetch_rows(s.output, f, s.input, blocks);
}

}  // namespace convt
