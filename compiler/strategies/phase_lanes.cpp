// SPDX-License-Identifier: Apache-2.0
// Lanes over phases: for large strides and few output channels. The taps of one input that reach neighbouring phases
// are neighbours in the kernel, so weights stream as vectors and inputs are broadcast; each vector of phases is a piece
// of an output row and is stored as it stands. Phases are counted from a whole number of strides before the first
// output, so that all lanes of a vector read the same inputs; a tap that only some lanes have is a zero weight in the
// others.
#include "compiler/aligned_axis.h"
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

std::string refuse(const Problem& problem, const Target& target) {
    const std::array<Axis, 3> axes = axes_xyz(problem);
    const std::int64_t lanes = target.info().vector_bytes / element_type_info(problem.types().sum).scalar_bytes;
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
    const PhaseGrid grid(axes[0], axes[1], lanes);
    places *= static_cast<double>(grid.tiles(lanes) * lanes);
    if (products * 5 < places * 2)
        return fmt::format("of {} products in lanes {} would be multiplied by zero", places, places - products);
    return {};
}

// What a schedule makes of a problem.
struct Shape {
    AlignedAxis x, y;
    PhaseGrid grid;
    int lanes, positions, rows, channels;  // of a tile: phases, places in x; of a block: rows, input channels
    Halide::Expr x_tiles, y_blocks;
    int channel_blocks, lane_tiles;

    Shape(const Operands& o, int vector, const Schedule& s)
        : x(o.axes[0]),
          y(o.axes[1]),
          grid(o.axes[0], o.axes[1], vector),
          lanes(s.get("lv") * vector),
          positions(s.get("qx")),
          rows(s.get("yb")),
          channels(s.get("cb")),
          x_tiles(tiles_of(x, positions)),
          y_blocks(tiles_of(y, rows)),
          channel_blocks(blocks(o.in_channels, channels)),
          lane_tiles(to_int(grid.tiles(lanes))) {}

    // One tile is a whole row, whatever its extent.
    bool whole_rows() const { return Halide::Internal::is_const_one(x_tiles); }

  private:
    static Expr tiles_of(const AlignedAxis& axis, int tile) {
        return Halide::Internal::simplify((axis.axis.positions(axis.table) + (tile - 1)) / tile);
    }
    static int blocks(std::int64_t extent, int block) { return to_int((extent + block - 1) / block); }
};

// Taps of x are unrolled where the broadcast inputs that neighbouring taps share stay in registers, and where a tile is
// a whole row: then the taps that fall outside the input fold away.
bool unrolls_x_taps(const Shape& shape, int vector, int registers) {
    const PhaseTable& table = shape.x.table;
    if (!table.equal_taps() || table.max_taps() > 4) return false;
    const int vectors = shape.lanes / vector;
    return shape.whole_rows() ||
           vectors * (shape.positions + 1) + shape.positions + to_int(table.max_taps()) - 1 <= registers;
}

void define_sum(Operands& o, const Shape& shape, PhaseStages& s) {
    const PhaseTable &px = shape.x.table, &py = shape.y.table, &pz = o.phase[2];
    const int row = to_int(shape.grid.row), kernel_z = to_int(o.axes[2].kernel);
    o.set_packed({shape.lanes, to_int(px.max_taps()), to_int(py.max_taps()), kernel_z, o.in_channels, shape.lane_tiles,
                  o.out_channels, to_int(o.problem.groups)});
    s.sum(s.l, s.qx, s.qy, s.h, s.z, s.c, s.g, s.n) =
        as_tuple(shape.channel_blocks > 1 ? zero(o) : o.start(s.c, s.g, false));
    s.taps =
        RDom(0, to_int(px.max_taps()), 0, to_int(py.max_taps()), 0, to_int(pz.max_taps()), 0, shape.channels, "taps");

    // A tile has the taps of its first phase: the others of its row have no more. One over several rows has all of x.
    const Expr first = s.l / shape.lanes * shape.lanes;
    const Expr jx = Halide::select(first % row + shape.lanes <= row, first % row, 0);
    const Expr jy = Halide::min(first / row, shape.y.stride - 1);
    const PhaseExpr x_phase = phase_expr(px, jx), y_phase = phase_expr(py, jy);
    const PhaseExpr z_phase = phase_expr(pz, s.z % to_int(pz.phases()));
    const Expr q = s.qx / shape.positions * shape.positions, qz = s.z / to_int(pz.phases());
    const TapRange x_taps =
        s.unroll_x_taps ? TapRange{0, x_phase.taps, true} : tap_range(px, shape.x.axis, x_phase, q, shape.positions);
    const TapRange y_taps = tap_range(py, shape.y.axis, y_phase, s.qy, 1);
    const TapRange z_taps = tap_range(pz, o.axes[2], z_phase, qz, 1);
    const Expr mx = tap_of(px, x_taps, s.taps[0]), my = tap_of(py, y_taps, s.taps[1]),
               mz = tap_of(pz, z_taps, s.taps[2]);
    const Expr ix = input_row(px, x_phase, s.qx, mx);
    if (!x_taps.whole) s.taps.where(s.taps[0] < x_taps.count);
    if (s.unroll_x_taps && shape.whole_rows()) s.taps.where(ix >= 0 && ix < shape.x.axis.input_extent);
    // Rows by which the last block hangs over have no taps.
    const bool hangs_over = shape.y.axis.is_open() ? shape.rows > 1 : py.positions() % shape.rows != 0;
    if (hangs_over)
        s.taps.where(s.taps[1] < Halide::select(s.qy < shape.y.axis.positions(py), y_taps.count, 0));
    else if (!y_taps.whole)
        s.taps.where(s.taps[1] < y_taps.count);
    if (!z_taps.whole) s.taps.where(s.taps[2] < z_taps.count);
    Expr ci = s.h * shape.channels + s.taps[3];
    if (shape.channel_blocks * shape.channels != o.in_channels) {
        s.taps.where(ci < o.in_channels);
        ci = Halide::min(ci, o.in_channels - 1);
    }

    const auto packed = [](const PhaseTable& table, const Expr& m) {
        return Halide::clamp(m, 0, to_int(table.max_taps()) - 1);
    };
    const Expr kz = Halide::clamp(z_phase.first_tap + mz * to_int(pz.tap_step()), 0, kernel_z - 1);
    const Element x =
        element(s.padded(ix, input_row(py, y_phase, s.qy, my), input_row(pz, z_phase, qz, mz), ci, s.g, s.n), o.parts);
    const Element w =
        o.weight(s.l % shape.lanes, {packed(px, mx), packed(py, my), kz, ci, s.l / shape.lanes, s.c, s.g});
    const Element before = element(s.sum(s.l, s.qx, s.qy, s.h, s.z, s.c, s.g, s.n), o.parts);
    s.sum(s.l, s.qx, s.qy, s.h, s.z, s.c, s.g, s.n) = as_tuple(o.multiply_add(before, x, w));
}

// x or y of the output from a position and a phase; what lies outside the output is not stored.
struct Place {
    Expr at, inside;
};

// `whole`: the lanes lie all inside the output or all outside it, so that the test needs none of them.
Place place(const AlignedAxis& axis, const Expr& q, const Expr& phase, const Expr& lane, bool whole) {
    const Expr first = q * axis.stride + phase - axis.shift;
    const Expr tested = whole ? first : first + lane;
    const Expr inside = tested >= 0 && tested < axis.output;
    const Expr has_phase = (whole ? phase : phase + lane) < axis.stride;
    return {Halide::unsafe_promise_clamped(first + lane, 0, KernelAxis::last(axis.output)), inside && has_phase};
}

// The output, written in the order in which tiles make it: an update, for what a tile makes is no box of the output.
void define_output(const Operands& o, const Shape& shape, PhaseStages& s) {
    const int row = to_int(shape.grid.row), store = to_int(shape.grid.store);
    s.places = RDom(0, store, 0, shape.lanes / store, 0, shape.positions, 0, shape.x_tiles, 0, shape.rows, 0,
                    shape.channel_blocks, 0, shape.lane_tiles, 0, shape.y_blocks, "places");
    const RDom& r = s.places;
    const Expr lane = r[6] * shape.lanes + r[1] * store;
    const Expr qx = r[3] * shape.positions + r[2], qy = r[7] * shape.rows + r[4];
    const Place x = place(shape.x, qx, lane % row, r[0], !shape.grid.held), y = place(shape.y, qy, lane / row, 0, true);
    s.places.where(x.inside);
    s.places.where(y.inside);

    OutputStage& out = s.output;
    const Element nothing(static_cast<std::size_t>(o.parts), Halide::undef(o.scalar));
    out.func = o.output(nothing, out.vars(), out.part);
    const std::vector<Expr> to{x.at, y.at, out.z, out.c, out.g, out.n};
    std::vector<Expr> at = to;
    if (o.parts > 1) at.insert(at.begin(), out.part);
    s.held = Func("held");
    s.held(s.l, s.qx, s.qy, s.h, s.z, s.c, s.g, s.n) =
        as_tuple(element(s.sum(s.l, s.qx, s.qy, s.h, s.z, s.c, s.g, s.n), o.parts));
    Element value =
        element((shape.grid.held ? s.held : s.sum)(lane + r[0], qx, qy, r[5], out.z, out.c, out.g, out.n), o.parts);
    if (shape.channel_blocks > 1) {
        // The output holds what is summed so far; complex sums are never split.
        const Expr before = Halide::select(r[5] == 0, o.start(out.c, out.g, false)[0], out.func(at));
        const Expr sum = before + value[0];
        value = {Halide::select(r[5] == shape.channel_blocks - 1, o.finish({sum}, to)[0], sum)};
    } else {
        value = o.finish(value, to);
    }
    out.func(at) = o.stored(value, out.part);
}

Pipeline build(Operands& o, const Target& target, const Schedule& schedule) {
    PhaseStages s;
    s.facts = schedule_facts(o, target);
    const Shape shape(o, s.facts.lanes, schedule);
    s.unroll_x_taps = unrolls_x_taps(shape, s.facts.lanes, target.info().vector_registers);
    s.padded = o.padded();
    s.sum = Func("sum");
    define_sum(o, shape, s);
    s.weights = o.packed;
    s.hold = shape.grid.held;
    s.row_blocks = to_int((shape.y.table.positions() + shape.rows - 1) / shape.rows);
    define_output(o, shape, s);
    schedule_phase_lanes(s, schedule);

    Pipeline pipeline;
    pipeline.output = s.output.func;
    build_packing(o, pipeline, [&](const std::vector<Halide::Var>& at) {
        const int row = to_int(shape.grid.row);
        const int kernel_x = to_int(shape.x.axis.kernel), kernel_y = to_int(shape.y.axis.kernel);
        const Expr lane = at[5] * shape.lanes + at[0];
        const Expr jx = lane % row, jy = lane / row;
        const Expr kx = jx + at[1] * shape.x.stride, ky = jy + at[2] * shape.y.stride;
        const Expr exists = jx < shape.x.stride && jy < shape.y.stride && kx < kernel_x && ky < kernel_y;
        return WeightSource{
            {Halide::min(kx, kernel_x - 1), Halide::min(ky, kernel_y - 1), at[3], at[4]}, at[6], exists};
    });
    return pipeline;
}

}  // namespace

const Strategy phase_lanes{"phase_lanes", "lanes over the phases of x and y, positions broadcast", refuse, build, true};

}  // namespace convt
