// SPDX-License-Identifier: Apache-2.0
// Lanes over phases: for large strides and few output channels. The taps of one input that reach neighbouring phases
// are neighbours in the kernel, so weights stream as vectors and inputs are broadcast; each vector of phases is a piece
// of an output row and is stored as it stands. Phases are counted from a whole number of strides before the first
// output, so that all lanes of a vector read the same inputs; a tap that only some lanes have is a zero weight in the
// others.
#include "compiler/facts.h"
#include "compiler/packing.h"
#include "compiler/phase_expr.h"
#include "schedules/cpu/stages.h"
#include "schedules/model.h"
#include "schedules/phase_grid.h"

#include <fmt/format.h>

namespace convt {

using Halide::Expr;
using Halide::Func;
using Halide::RDom;

namespace {

int to_int(std::int64_t value) {
    return static_cast<int>(value);
}

// The output runs from `shift` on the axis that begins at a whole number of strides.
struct AlignedAxis {
    Axis axis;
    PhaseTable table;
    int shift, stride, output;

    explicit AlignedAxis(const Axis& from) : axis(from), table(begin_at_stride(axis)) {
        shift = to_int(from.pad_low - axis.pad_low);
        stride = to_int(from.stride);
        output = to_int(from.output());
    }

  private:
    static const Axis& begin_at_stride(Axis& axis) {
        axis.pad_low -= axis.pad_low % axis.stride;
        return axis;
    }
};

std::string refuse(const Problem& problem, const Target& target) {
    const std::array<Axis, 3> axes = axes_xyz(problem);
    const std::int64_t lanes = target.info().vector_bytes / element_type_info(problem.type).scalar_bytes;
    if (problem.output_layout == Layout::channels_last)
        return "the output is channels last: lanes over phases would scatter";
    double products = 1, places = 1;
    for (const Axis& axis : {axes[0], axes[1]}) {
        if (axis.kernel < axis.stride)
            return fmt::format("kernel {} is below stride {}: phases without a tap would fill lanes", axis.kernel,
                               axis.stride);
        if (axis.dilation > 1 && axis.kernel > 1)
            return fmt::format("dilation {}: phases of one vector would read different inputs", axis.dilation);
        products *= static_cast<double>(axis.kernel);
        places *= tiles(static_cast<double>(axis.kernel), static_cast<double>(axis.stride));
    }
    const PhaseGrid grid(axes[0].stride, axes[1].stride, lanes);
    places *= static_cast<double>(grid.tiles(lanes) * lanes);
    if (products * 5 < places * 2)
        return fmt::format("of {} products in lanes {} would be multiplied by zero", places, places - products);
    return {};
}

struct Tile {
    int lanes, positions, rows, channels;
};

// x or y of the output from a position and a phase; what lies outside the output is not stored.
struct Place {
    Expr at, inside;
};

Place place(const AlignedAxis& axis, const Expr& q, const Expr& phase, const Expr& lane, int store) {
    const Expr first = q * axis.stride + phase - axis.shift;
    // Where whole vectors lie inside or outside, the test needs no lanes.
    const bool whole = axis.stride % store == 0 && axis.shift % store == 0 && axis.output % store == 0;
    const Expr tested = whole ? first : first + lane;
    const Expr at = Halide::unsafe_promise_clamped(first + lane, 0, axis.output - 1);
    return {at, tested >= 0 && tested < axis.output};
}

PhaseStages stages(Operands& o, const Target& target, const Schedule& schedule) {
    PhaseStages s;
    s.facts = schedule_facts(o, target);
    const AlignedAxis ax(o.axes[0]), ay(o.axes[1]);
    const PhaseTable &px = ax.table, &py = ay.table, &pz = o.phase[2];
    const PhaseGrid grid(ax.stride, ay.stride, s.facts.lanes);
    const Tile tile{schedule.get("lv") * s.facts.lanes, schedule.get("qx"), schedule.get("yb"), schedule.get("cb")};
    const int blocks = (o.in_channels + tile.channels - 1) / tile.channels;
    const int x_tiles = to_int((px.positions() + tile.positions - 1) / tile.positions);
    const int row = to_int(grid.row), store = to_int(grid.store), lane_tiles = to_int(grid.tiles(tile.lanes));
    o.set_packed({tile.lanes, to_int(px.max_taps()), to_int(py.max_taps()), to_int(o.axes[2].kernel), o.in_channels,
                  lane_tiles, o.out_channels, to_int(o.problem.groups)});

    s.padded = o.padded();
    s.sum = Func("sum");
    s.sum(s.l, s.qx, s.qy, s.h, s.z, s.c, s.g, s.n) = as_tuple(blocks > 1 ? zero(o) : o.start(s.c, s.g, false));
    s.taps =
        RDom(0, to_int(px.max_taps()), 0, to_int(py.max_taps()), 0, to_int(pz.max_taps()), 0, tile.channels, "taps");
    s.unroll_x_taps = px.equal_taps() && px.max_taps() <= 4;

    // A tile has the taps of its first phase: the others of its row have no more. One over several rows has all of x.
    const Expr first = s.l / tile.lanes * tile.lanes;
    const Expr x_phase = Halide::select(first % row + tile.lanes <= row, first % row, 0);
    const PhaseExpr phase_x = phase_expr(px, x_phase),
                    phase_y = phase_expr(py, Halide::min(first / row, ay.stride - 1));
    const PhaseExpr phase_z = phase_expr(pz, s.z % to_int(pz.phases()));
    const Expr qz = s.z / to_int(pz.phases());
    const TapRange x_taps =
        s.unroll_x_taps ? TapRange{0, phase_x.taps, true}
                        : tap_range(px, ax.axis, phase_x, s.qx / tile.positions * tile.positions, tile.positions);
    const TapRange y_taps = tap_range(py, ay.axis, phase_y, s.qy, 1), z_taps = tap_range(pz, o.axes[2], phase_z, qz, 1);
    const Expr mx = tap_of(px, x_taps, s.taps[0]), my = tap_of(py, y_taps, s.taps[1]),
               mz = tap_of(pz, z_taps, s.taps[2]);
    const Expr ci = s.h * tile.channels + s.taps[3];
    const Expr ix = input_row(px, phase_x, s.qx, mx);
    if (!x_taps.whole) s.taps.where(s.taps[0] < x_taps.count);
    if (s.unroll_x_taps && x_tiles == 1) s.taps.where(ix >= 0 && ix < to_int(ax.axis.input));
    if (!y_taps.whole) s.taps.where(s.taps[1] < y_taps.count);
    if (!z_taps.whole) s.taps.where(s.taps[2] < z_taps.count);
    if (blocks * tile.channels != o.in_channels) s.taps.where(ci < o.in_channels);

    const Expr channel = blocks * tile.channels != o.in_channels ? Halide::min(ci, o.in_channels - 1) : ci;
    const auto packed = [](const PhaseTable& table, const Expr& m) {
        return Halide::clamp(m, 0, to_int(table.max_taps()) - 1);
    };
    const Expr kz = Halide::clamp(phase_z.first_tap + mz * to_int(pz.tap_step()), 0, to_int(o.axes[2].kernel) - 1);
    const Element x = element(
        s.padded(ix, input_row(py, phase_y, s.qy, my), input_row(pz, phase_z, qz, mz), channel, s.g, s.n), o.parts);
    const Element w =
        o.weight(s.l % tile.lanes, {packed(px, mx), packed(py, my), kz, channel, s.l / tile.lanes, s.c, s.g});
    const Element before = element(s.sum(s.l, s.qx, s.qy, s.h, s.z, s.c, s.g, s.n), o.parts);
    s.sum(s.l, s.qx, s.qy, s.h, s.z, s.c, s.g, s.n) = as_tuple(multiply_add(before, x, w));

    // The output in the order in which tiles make it: lanes, vectors, positions of a tile, tiles of a row, rows of a
    // block, blocks of input channels, tiles of lanes, blocks of rows.
    const int y_blocks = to_int((py.positions() + tile.rows - 1) / tile.rows);
    s.places = RDom(0, store, 0, tile.lanes / store, 0, tile.positions, 0, x_tiles, 0, tile.rows, 0, blocks, 0,
                    lane_tiles, 0, y_blocks, "places");
    const RDom& r = s.places;
    const Expr lane = r[6] * tile.lanes + r[1] * store;
    const Expr qx = r[3] * tile.positions + r[2], qy = r[7] * tile.rows + r[4];
    const Place at_x = place(ax, qx, lane % row, r[0], store), at_y = place(ay, qy, lane / row, 0, 1);
    if (lane_tiles * tile.lanes != grid.lanes()) s.places.where(lane / row < ay.stride);
    if (row != ax.stride) s.places.where(lane % row + r[0] < ax.stride);
    s.places.where(at_x.inside);
    s.places.where(at_y.inside);

    OutputStage& out = s.output;
    out.func = o.output(Element(static_cast<std::size_t>(o.parts), Halide::undef(o.scalar)),
                        {out.x, out.y, out.z, out.c, out.g, out.n}, out.part);
    std::vector<Expr> to{at_x.at, at_y.at, out.z, out.c, out.g, out.n};
    if (o.parts > 1) to.insert(to.begin(), out.part);
    Element value = element(s.sum(lane + r[0], qx, qy, r[5], out.z, out.c, out.g, out.n), o.parts);
    if (blocks > 1) {
        value = {Halide::select(r[5] == 0, o.start(out.c, out.g, false)[0], out.func(to)) + value[0]};
        value = {Halide::select(r[5] == blocks - 1, o.finish(value)[0], value[0])};
    } else {
        value = o.finish(value);
    }
    out.func(to) = o.parts > 1 ? Halide::mux(out.part, {value[0], value[1]}) : value[0];
    return s;
}

Pipeline build(Operands& o, const Target& target, const Schedule& schedule) {
    PhaseStages s = stages(o, target, schedule);
    schedule_phase_lanes(s, schedule);
    Pipeline pipeline;
    pipeline.output = s.output.func;
    const AlignedAxis ax(o.axes[0]), ay(o.axes[1]);
    const int row = to_int(PhaseGrid(ax.stride, ay.stride, s.facts.lanes).row);
    const int tile = schedule.get("lv") * s.facts.lanes;
    build_packing(o, pipeline, [&](const std::vector<Halide::Var>& at) {
        const Expr lane = at[5] * tile + at[0];
        const Expr jx = lane % row, jy = lane / row;
        const Expr kx = jx + at[1] * ax.stride, ky = jy + at[2] * ay.stride;
        const Expr exists =
            jx < ax.stride && jy < ay.stride && kx < to_int(ax.axis.kernel) && ky < to_int(ay.axis.kernel);
        const Expr x = Halide::min(kx, to_int(ax.axis.kernel) - 1), y = Halide::min(ky, to_int(ay.axis.kernel) - 1);
        return WeightSource{{x, y, at[3], at[4]}, at[6], exists};
    });
    return pipeline;
}

}  // namespace

const Strategy phase_lanes{"phase_lanes", "lanes over the phases of x and y, positions broadcast", refuse, build};

}  // namespace convt
