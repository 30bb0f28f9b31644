// SPDX-License-Identifier: Apache-2.0
// Tiles in registers, weights and input through shared memory: for layers with many channels and places. A block has
// one phase of y and z, positions of x with all its phases, and a tile of output channels; for every chunk of input
// channels and every tap of y and z it stages the weights, one run of memory, and the input with its zeros.
#include "compiler/facts.h"
#include "compiler/packing.h"
#include "compiler/phase_expr.h"
#include "schedules/gpu/stages.h"
#include "schedules/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace convt {

using Halide::Expr;
using Halide::Func;
using Halide::RDom;
using Halide::Var;

namespace {

// Phases and taps of x are unrolled; beyond these code and compile time grow without gain.
constexpr std::int64_t max_stride = 16;
constexpr std::int64_t max_kernel = 32;
constexpr std::int64_t max_offsets = 32;

std::string refuse(const Problem& problem, const Target&) {
    const Axis x = axes_xyz(problem)[0];
    const PhaseTable table(x);
    if (x.stride > max_stride)
        return fmt::format("stride {} of the last axis is above {}: its phases are unrolled", x.stride, max_stride);
    if (x.kernel > max_kernel)
        return fmt::format("kernel {} of the last axis is above {}: its taps are unrolled", x.kernel, max_kernel);
    const std::int64_t offsets = table.highest_offset() - table.lowest_offset() + 1;
    if (offsets > max_offsets)
        return fmt::format("{} input offsets in the last axis are above {}: they are unrolled", offsets, max_offsets);
    return {};
}

int to_multiple(int value, int of) {
    return (value + of - 1) / of * of;
}

// Products of a thread in one turn of the loop that multiplies: what counts the turns is small beside them.
constexpr int fewest_products = 256;

int unrolled_channels(const GpuTileSizes& sizes, int kernel) {
    int channels = 1;
    while (channels < sizes.chunk && channels * sizes.rx * sizes.ry * sizes.rc * kernel < fewest_products)
        channels *= 2;
    return channels;
}

// What the schedule makes of the problem.
struct Tile {
    Tile(const Operands& o, const GpuTileSizes& sizes)
        : px(o.phase[0]),
          ux(offset_range(px, 0, to_int(px.phases()))),
          kernel(to_int(o.axes[0].kernel)),
          columns(sizes.positions_x() + ux.count - 1),
          channel_blocks((o.out_channels + sizes.channels() - 1) / sizes.channels()),
          chunks((o.in_channels + sizes.chunk - 1) / sizes.chunk),
          slice_chunks((chunks + sizes.slices - 1) / sizes.slices),
          run(to_multiple(sizes.channels() * kernel * sizes.chunk, 4)) {}
    const PhaseTable& px;
    const OffsetRange ux;
    const int kernel, columns, channel_blocks, chunks, slice_chunks;
    const int run;  // packed weights of a chunk and a tap of y and z
};

// The taps of y and z in the iteration over places `place`, of the block's phase and tile.
RolledTap tap_of_rows(const Operands& o, const GpuTileStages& s, const Expr& place, const Expr& row) {
    const PhaseTable& table = o.phase[1];
    const PhaseExpr phase = phase_expr(table, s.jy);
    const Expr q = s.by * s.sizes.positions_y();
    const TapRange range = tap_range(table, o.axes[1], phase, q, s.sizes.positions_y());
    const Expr m = tap_of(table, range, place);
    return {Halide::clamp(phase.first_tap + m * to_int(table.tap_step()), 0, to_int(o.axes[1].kernel - 1)),
            input_row(table, phase, q + row, m)};
}

void stage_input(const Operands& o, const Tile& t, GpuTileStages& s, const Expr& z_row) {
    const Expr row = tap_of_rows(o, s, s.my, s.ly).input_row;
    const Expr column = s.bx * s.sizes.positions_x() + s.lx + (t.ux.lowest + t.ux.strides);
    const Expr channel = s.chunk * s.sizes.chunk + s.lc;
    const bool whole = o.in_channels % s.sizes.chunk == 0;
    Element value = element(
        o.padded()(column, row, z_row, whole ? channel : Halide::min(channel, o.in_channels - 1), s.g, s.n), o.parts);
    for (Expr& part : value) {
        if (!whole) part = Halide::select(channel < o.in_channels, part, Halide::cast(part.type(), 0));
    }
    s.input = Func("staged_input");
    s.input(s.lx, s.ly, s.lc, s.bx, s.by, s.jy, s.my, s.mz, s.chunk, s.z, s.g, s.n) = as_tuple(value);
}

void stage_weights(const Operands& o, GpuTileStages& s, const Expr& z_tap) {
    const Expr tap = tap_of_rows(o, s, s.my, 0).kernel_row;
    s.weights = Func("staged_weights");
    s.weights(s.lw, s.by, s.jy, s.my, s.mz, s.chunk, s.z, s.cb, s.g) =
        as_tuple(o.weight(s.lw, {tap, z_tap, s.chunk, s.cb, s.g}));
    const GpuTileSizes& z = s.sizes;
    const Expr lane = z.channel(s.t, s.i) + z.channels() * (s.kx + to_int(o.axes[0].kernel) * s.lc);
    s.taken = Func("taken_weights");
    s.taken(s.i, s.kx, s.t, s.lc, s.by, s.jy, s.my, s.mz, s.chunk, s.z, s.cb, s.g) =
        as_tuple(element(s.weights(lane, s.by, s.jy, s.my, s.mz, s.chunk, s.z, s.cb, s.g), o.parts));
}

// Ends the loop over `turn` at `count`, at least 0. Which blocks have no turn at all must not be read off the
// condition: Halide 21 would cut a block's own index to those that have some, and what it then infers of the sum's
// region differs from block to block, so that no index of it is a constant. No solver looks into `absd`.
void end_at(RDom& loops, const Halide::RVar& turn, const Expr& count) {
    loops.where(turn < Halide::cast<int>(Halide::absd(count, 0)));
}

void add_sum(const Operands& o, const Tile& t, GpuTileStages& s) {
    const GpuTileSizes& z = s.sizes;
    const PhaseTable &py = o.phase[1], &pz = o.phase[2];
    s.sum = Func("sum");
    const std::vector<Expr> block{s.bx, s.by, s.jy, s.z, s.cb, s.g, s.n, s.k};
    s.taps = RDom(0, to_int(t.px.phases()), t.ux.lowest, t.ux.count, 0, z.chunk, 0, to_int(py.max_taps()), 0,
                  to_int(pz.max_taps()), 0, t.slice_chunks, "taps");
    RDom& r = s.taps;
    const auto at = [&](const Expr& j) {
        std::vector<Expr> index{s.i, j, s.ux, s.uy, s.vx, s.vy, s.t};
        index.insert(index.end(), block.begin(), block.end());
        return index;
    };
    const Expr channel = s.cb * z.channels() + z.channel(s.t, s.i);
    s.sum(s.i, s.jx, s.ux, s.uy, s.vx, s.vy, s.t, s.bx, s.by, s.jy, s.z, s.cb, s.g, s.n, s.k) =
        as_tuple(z.slices > 1 ? zero(o) : o.start(channel, s.g, o.out_channels % z.channels() != 0));
    const OffsetTap x_tap = offset_tap(t.px, r[0], r[1]);
    r.where(x_tap.exists);
    const Expr stride = to_int(pz.phases());
    const TapRange y_taps = tap_range(py, o.axes[1], phase_expr(py, s.jy), s.by * z.positions_y(), z.positions_y());
    const TapRange z_taps = tap_range(pz, o.axes[2], phase_expr(pz, s.z % stride), s.z / stride, 1);
    if (!y_taps.whole) end_at(r, r[3], y_taps.count);
    if (!z_taps.whole) end_at(r, r[4], z_taps.count);
    Expr chunk = s.k * t.slice_chunks + r[5];
    if (t.slice_chunks * z.slices != t.chunks) {
        end_at(r, r[5], Halide::max(t.chunks - s.k * t.slice_chunks, 0));
        chunk = Halide::min(chunk, t.chunks - 1);
    }
    const Expr column = s.ux * z.tx + s.vx + (r[1] - t.ux.lowest), row = s.uy * z.ty + s.vy;
    const Element x = element(s.input(column, row, r[2], s.bx, s.by, s.jy, r[3], r[4], chunk, s.z, s.g, s.n), o.parts);
    const Element w =
        element(s.taken(s.i, x_tap.tap, s.t, r[2], s.by, s.jy, r[3], r[4], chunk, s.z, s.cb, s.g), o.parts);
    const Element before = element(s.sum(at(r[0])), o.parts);
    s.sum(at(r[0])) = as_tuple(o.multiply_add(before, x, w));
}

// The tiles in order, and where each goes: into `s.slices` where there are several, else into the output.
void add_places(const Operands& o, GpuTileStages& s) {
    const GpuTileSizes& z = s.sizes;
    std::vector<Expr> at{s.i, s.jx, s.qx / z.tx, s.qy / z.ty, s.qx % z.tx, s.qy % z.ty, s.t};
    for (const Var& v : {s.bx, s.by, s.jy, s.z, s.cb, s.g, s.n, s.k})
        at.emplace_back(v);
    const Element sum = element(s.sum(at), o.parts);
    s.held = Func("held");
    s.held(s.qx, s.jx, s.qy, s.t, s.i, s.bx, s.by, s.jy, s.z, s.cb, s.g, s.n, s.k) =
        as_tuple(z.slices > 1 ? sum
                              : o.finish_channel(sum, s.cb * z.channels() + z.channel(s.t, s.i), s.g,
                                                 o.out_channels % z.channels() != 0));
    OutputStage& out = s.output;
    const PhaseTable &px = o.phase[0], &py = o.phase[1];
    const int sx = to_int(px.phases()), sy = to_int(py.phases());
    const int width = to_int(o.axes[0].output()), height = to_int(o.axes[1].output());
    const auto blocks = [](std::int64_t all, int tile) { return (to_int(all) + tile - 1) / tile; };
    s.places = RDom(0, sx * z.positions_x(), 0, z.positions_y(), 0, z.tc, 0, z.rc, 0,
                    blocks(px.positions(), z.positions_x()), 0, blocks(py.positions(), z.positions_y()), 0,
                    std::min(sy, height), 0, blocks(o.out_channels, z.channels()), "places");
    const RDom& r = s.places;
    const Expr x = r[4] * (sx * z.positions_x()) + r[0], y = (r[5] * z.positions_y() + r[1]) * sy + r[6];
    const Expr c = r[7] * z.channels() + z.channel(r[2], r[3]);
    s.places.where(x < width);
    s.places.where(y < height);
    s.places.where(c < o.out_channels);
    const std::array<Var, 6> vars = out.vars();
    const auto inside = [](const Expr& e, int extent) { return Halide::unsafe_promise_clamped(e, 0, extent - 1); };
    std::vector<Expr> to{inside(x, width), inside(y, height), out.z, inside(c, o.out_channels), out.g, out.n};
    const Expr slice = z.slices > 1 ? Expr(s.k) : Expr(0);
    Element value = element(
        s.held(r[0] / sx, r[0] % sx, r[1], r[2], r[3], r[4], r[5], r[6], out.z, r[7], out.g, out.n, slice), o.parts);
    if (z.slices > 1) {
        std::vector<Var> args(vars.begin(), vars.end());
        if (o.parts > 1) args.insert(args.begin(), out.part);
        args.push_back(s.k);
        to.emplace_back(s.k);
        s.slices = Func("slices");
        s.slices(args) = Halide::undef(o.scalar);
    } else {
        const Element nothing(static_cast<std::size_t>(o.parts), Halide::undef(o.scalar));
        out.func = o.output(nothing, vars, out.part);
        value = o.finish_place(value, to);
    }
    if (o.parts > 1) to.insert(to.begin(), out.part);
    const Expr partial = o.parts > 1 ? Halide::mux(out.part, {value[0], value[1]}) : value[0];
    s.written()(to) = z.slices > 1 ? partial : o.stored(value, out.part);
}

// The output from its slices, which are added in their order.
void add_slices(const Operands& o, GpuTileStages& s) {
    OutputStage& out = s.output;
    Element total = o.start(out.c, out.g, false);
    for (int k = 0; k < s.sizes.slices; ++k) {
        for (int part = 0; part < o.parts; ++part) {
            std::vector<Expr> at{out.x, out.y, out.z, out.c, out.g, out.n, k};
            if (o.parts > 1) at.insert(at.begin(), part);
            total[static_cast<std::size_t>(part)] += s.slices(at);
        }
    }
    out.func = o.output(o.finish(total, out.place()), out.vars(), out.part);
}

Pipeline build(Operands& o, const Target& target, const Schedule& schedule) {
    GpuTileStages s;
    s.sizes = GpuTileSizes(schedule);
    s.sizes.vector = std::gcd(s.sizes.rc, 16 / o.scalar.bytes());
    const Tile t(o, s.sizes);
    const GpuTileSizes& sizes = s.sizes;
    o.set_packed({t.run, to_int(o.axes[1].kernel), to_int(o.axes[2].kernel), t.chunks, t.channel_blocks,
                  to_int(o.problem.groups)});
    const PhaseTable& pz = o.phase[2];
    const Expr stride = to_int(pz.phases()), q = s.z / stride;
    const PhaseExpr phase = phase_expr(pz, s.z % stride);
    const Expr m = tap_of(pz, tap_range(pz, o.axes[2], phase, q, 1), s.mz);
    stage_input(o, t, s, input_row(pz, phase, q, m));
    stage_weights(o, s, Halide::clamp(phase.first_tap + m * to_int(pz.tap_step()), 0, to_int(o.axes[2].kernel - 1)));
    add_sum(o, t, s);
    add_places(o, s);
    if (sizes.slices > 1) add_slices(o, s);
    s.facts = schedule_facts(o, target);
    s.columns = t.columns;
    s.run = t.run;
    s.kernel = t.kernel;
    s.scalar_bytes = o.scalar.bytes();
    s.unrolled_channels = unrolled_channels(sizes, t.kernel);
    schedule_gpu_tiles(s, schedule);

    Pipeline pipeline;
    pipeline.output = s.output.func;
    const int channels = sizes.channels(), kernel = t.kernel, chunk = sizes.chunk;
    build_packing(o, pipeline, [&o, channels, kernel, chunk](const std::vector<Var>& at) {
        const Expr lane = at[0], tap = lane / channels % kernel, input = lane / channels / kernel;
        const Expr channel = at[4] * channels + lane % channels, ci = at[3] * chunk + input;
        return WeightSource{{tap, at[1], at[2], Halide::min(ci, o.in_channels - 1)},
                            Halide::min(channel, o.out_channels - 1),
                            channel < o.out_channels && ci < o.in_channels && input < chunk};
    });
    return pipeline;
}

}  // namespace

const Strategy gpu_tiles{"gpu_tiles", "GPUs, many channels: register tiles, weights and input through shared memory",
                         refuse, build};

}  // namespace convt
