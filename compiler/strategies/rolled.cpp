// SPDX-License-Identifier: Apache-2.0
#include "compiler/strategies/rolled.h"

#include "compiler/facts.h"
#include "compiler/packing.h"
#include "compiler/phase_expr.h"

namespace convt {

using Halide::Expr;
using Halide::Func;
using Halide::RDom;
using Halide::Var;

namespace {

// How the taps of one axis are packed: a tap has a place within what one input channel needs at once, and one outside
// of the channels. Taps of one phase are tap_step apart in the kernel; packed, they are neighbours. Places without a
// tap are never read.
struct PackedTaps {
    PackedTaps(const PhaseTable& table, PhaseLoop loop)
        : step(to_int(table.tap_step())), kernel(to_int(table.kernel())), most(to_int(table.max_taps())), phases(loop) {
        const int first_taps = std::min(step, kernel);
        inner = loop == PhaseLoop::rolled ? 1 : loop == PhaseLoop::in_tile ? kernel : most;
        outer = loop == PhaseLoop::rolled ? first_taps * most : loop == PhaseLoop::in_tile ? 1 : first_taps;
    }

    Expr inner_of(const PhaseExpr& phase, const Expr& m) const {
        if (phases == PhaseLoop::rolled) return 0;
        return phases == PhaseLoop::in_tile ? Halide::clamp(phase.first_tap + m * step, 0, kernel - 1) : m;
    }
    Expr outer_of(const PhaseExpr& phase, const Expr& m) const {
        if (phases == PhaseLoop::in_tile) return 0;
        return Halide::clamp(phases == PhaseLoop::rolled ? phase.first_tap * most + m : phase.first_tap, 0, outer - 1);
    }
    Expr tap(const Expr& inner_place, const Expr& outer_place) const {
        if (phases == PhaseLoop::in_tile) return inner_place;
        const Expr first = phases == PhaseLoop::rolled ? outer_place / most : outer_place;
        const Expr m = phases == PhaseLoop::rolled ? outer_place % most : inner_place;
        return Halide::min(first + m * step, kernel - 1);
    }

    int step, kernel, most;
    PhaseLoop phases;
    int inner = 1, outer = 1;
};

// The taps of one axis in the update of `sum`: of all the tile where phases are rolled, of each position by itself
// where everything is unrolled and one tile holds all positions.
struct AxisTaps {
    Expr m, row;
    bool inside = false;  // rows outside the input are never read
};

AxisTaps axis_taps(Operands& o, RDom& taps, int axis, int dimension, const PhaseExpr& phase, const Expr& q, int tile,
                   PhaseLoop loop) {
    const PhaseTable& table = o.phase[static_cast<std::size_t>(axis)];
    const KernelAxis& extents = o.axes[static_cast<std::size_t>(axis)];
    if (loop == PhaseLoop::rolled) {
        const TapRange range = tap_range(table, extents, phase, q / tile * tile, tile);
        if (!range.whole) taps.where(taps[dimension] < range.count);
        const Expr m = tap_of(table, range, taps[dimension]);
        return {m, input_row(table, phase, q, m), false};
    }
    const Expr m = taps[dimension];
    const Expr row = input_row(table, phase, q, m);
    if (!table.equal_taps()) taps.where(m < phase.taps);
    if (!table.leaves_input(extents) || extents.is_open() || tile < table.positions()) return {m, row, false};
    const int extent = to_int(extents.input);
    taps.where(row >= 0 && row < extent);
    return {m, Halide::clamp(row, 0, extent - 1), true};
}

// Position and phase of an output place. Where there is one position, x % S would widen to all phases, those without an
// output too.
Expr position(const PhaseTable& table, const Expr& place) {
    return table.one_position() ? Expr(0) : place / to_int(table.phases());
}
Expr phase_of(const PhaseTable& table, const Expr& place) {
    return table.one_position() ? place : place % to_int(table.phases());
}

// An axis as the stages index it: by position and phase, or by output place alone.
struct PlaceIndex {
    const PhaseTable& table;
    bool by_place;

    Expr q(const Expr& place) const { return by_place ? place : position(table, place); }
    Expr j(const Expr& place) const { return by_place ? Expr(0) : phase_of(table, place); }
    Expr position_of(const Expr& q) const { return by_place ? position(table, q) : q; }
    PhaseExpr phase(const Expr& q, const Expr& j) const { return phase_expr(table, by_place ? phase_of(table, q) : j); }
};

// The element of the output as `staged` holds it, or `turned`.
Element finished_element(const Operands& o, RolledStages& s, const PlaceIndex& y, const PlaceIndex& z) {
    const PhaseTable& px = o.phase[0];
    const OutputStage& out = s.output;
    const auto staged = [&](const Expr& c, const Expr& x, const Expr& qy, const Expr& jy, const Expr& qz,
                            const Expr& jz, const Expr& g, const Expr& n) {
        return element(s.staged(c, position(px, x), qy, phase_of(px, x), jy, qz, jz, g, n), o.parts);
    };
    const Expr qy = y.q(out.y), jy = y.j(out.y), qz = z.q(out.z), jz = z.j(out.z);
    if (s.side == 0) return staged(out.c, out.x, qy, jy, qz, jz, out.g, out.n);
    const KernelAxis& axis = o.axes[0];
    // Tiles are whole squares; of an open row the last one is computed to its end.
    const bool whole = axis.is_open() || axis.output() % s.side == 0;
    const Expr x = s.xs * s.side + s.xi;
    s.turned = Func("turned");
    s.turned(s.xi, s.c, s.xs, s.qy, s.jy, s.qz, s.jz, s.g, s.n) =
        as_tuple(staged(s.c, whole ? x : Halide::min(x, to_int(axis.output()) - 1), s.qy, s.jy, s.qz, s.jz, s.g, s.n));
    return element(s.turned(out.x % s.side, out.c, out.x / s.side, qy, jy, qz, jz, out.g, out.n), o.parts);
}

// The padded input at x * step + r, arguments x y z c g n r.
Func padded_steps(const Operands& o, int step) {
    Var x("x"), y("y"), z("z"), c("c"), g("g"), n("n"), r("r");
    Func f("padded");
    f(x, y, z, c, g, n, r) = as_tuple(element(o.padded()(x * step + r, y, z, c, g, n), o.parts));
    return f;
}

// Every input of a dot product was moved by dot_zero, the zeros around the image too: for each tap that was summed, as
// often the sum of its weights is taken back.
void take_out_zeros(Operands& o, RolledStages& s, const RolledTile& tile, const PackedTaps& wx, const PackedTaps& wy,
                    const PackedTaps& wz, const PlaceIndex& y_index, const PlaceIndex& z_index) {
    Var lane("lane"), ix("ix"), iy("iy"), ox("ox"), oy("oy"), oz("oz"), block("block");
    const int steps = o.packed_extents()[4];
    s.weight_sums = Func("weight_sums");
    const RDom all(0, s.dot, 0, steps, "all");
    s.weight_sums(lane, ix, iy, ox, oy, oz, block, s.g) = Halide::cast(o.scalar, 0);
    s.weight_sums(lane, ix, iy, ox, oy, oz, block, s.g) +=
        o.dot_weight(all[0], lane, {ix, iy, all[1], ox, oy, oz, block, s.g});
    const PhaseTable &px = o.phase[0], &py = o.phase[1], &pz = o.phase[2];
    const PhaseExpr x_phase = phase_expr(px, s.jx), y_phase = y_index.phase(s.qy, s.jy),
                    z_phase = z_index.phase(s.qz, s.jz);
    s.zero_taps = RDom(0, 1, 0, to_int(px.max_taps()), 0, to_int(py.max_taps()), 0, to_int(pz.max_taps()), "zero_taps");
    const Expr mx = axis_taps(o, s.zero_taps, 0, 1, x_phase, s.qx, tile.x, tile.phases_x).m;
    const Expr my = axis_taps(o, s.zero_taps, 1, 2, y_phase, y_index.position_of(s.qy), tile.y, tile.phases_y).m;
    const Expr mz = axis_taps(o, s.zero_taps, 2, 3, z_phase, z_index.position_of(s.qz), 1, PhaseLoop::rolled).m;
    s.sum(s.c, s.qx, s.qy, s.jx, s.jy, s.qz, s.jz, s.g, s.n) -=
        o.dot_zero() * s.weight_sums(s.c % tile.channels, wx.inner_of(x_phase, mx), wy.inner_of(y_phase, my),
                                     wx.outer_of(x_phase, mx), wy.outer_of(y_phase, my), wz.outer_of(z_phase, mz),
                                     s.c / tile.channels, s.g);
}

}  // namespace

RolledStages rolled_stages(Operands& o, const Target& target, const RolledTile& tile) {
    const int block = tile.channels;
    RolledStages s;
    s.phases_x = tile.phases_x;
    s.phases_y = tile.phases_y;
    const PhaseTable &px = o.phase[0], &py = o.phase[1], &pz = o.phase[2];
    const PackedTaps wx(px, tile.phases_x), wy(py, tile.phases_y), wz(pz, PhaseLoop::rolled);
    const int steps = (o.in_channels + o.dot() - 1) / o.dot();
    o.set_packed({block, wx.inner, wy.inner, steps, wx.outer, wy.outer, wz.outer, (o.out_channels + block - 1) / block,
                  to_int(o.problem.groups)});
    s.side = tile.side;
    s.at_once = tile.at_once;
    s.single_rows = tile.at_once && tile.y == 1 && tile.phases_y == PhaseLoop::rolled;
    const PlaceIndex y_index{py, s.single_rows}, z_index{pz, tile.at_once};
    const PhaseExpr x_phase = phase_expr(px, s.jx), y_phase = y_index.phase(s.qy, s.jy),
                    z_phase = z_index.phase(s.qz, s.jz);

    s.dot = o.dot();
    const int step = to_int(px.position_step());
    const bool in_steps = tile.in_lanes && step > 1;
    s.padded = in_steps ? padded_steps(o, step) : s.dot > 1 ? o.padded_dots() : o.padded();
    s.sum = Func("sum");
    s.sum(s.c, s.qx, s.qy, s.jx, s.jy, s.qz, s.jz, s.g, s.n) = as_tuple(o.start(s.c, s.g, o.out_channels % block != 0));
    Halide::Region taps{{0, steps}, {0, to_int(px.max_taps())}, {0, to_int(py.max_taps())}, {0, to_int(pz.max_taps())}};
    if (s.dot > 1) taps.emplace_back(0, s.dot);
    s.taps = RDom(taps, "taps");
    const AxisTaps x_taps = axis_taps(o, s.taps, 0, 1, x_phase, s.qx, tile.x, tile.phases_x);
    const AxisTaps y_taps = axis_taps(o, s.taps, 1, 2, y_phase, y_index.position_of(s.qy), tile.y, tile.phases_y);
    const AxisTaps z_taps = axis_taps(o, s.taps, 2, 3, z_phase, z_index.position_of(s.qz), 1, PhaseLoop::rolled);
    if (x_taps.inside) s.inside_x = to_int(o.axes[0].input);
    if (y_taps.inside) s.inside_y = to_int(o.axes[1].input);
    const Expr ci = s.taps[0];

    const std::vector<Expr> place{
        wx.inner_of(x_phase, x_taps.m), wy.inner_of(y_phase, y_taps.m), ci,          wx.outer_of(x_phase, x_taps.m),
        wy.outer_of(y_phase, y_taps.m), wz.outer_of(z_phase, z_taps.m), s.c / block, s.g};
    Element x, w;
    if (s.dot > 1) {
        x = {Halide::cast(o.scalar, s.padded(x_taps.row, y_taps.row, z_taps.row, ci, s.g, s.n, s.taps[4]))};
        w = {o.dot_weight(s.taps[4], s.c % block, place)};
    } else if (in_steps) {
        // Apart from the position, of which a row is so many steps.
        const Expr offset = input_row(px, x_phase, 0, x_taps.m);
        x = element(s.padded(s.qx + offset / step, y_taps.row, z_taps.row, ci, s.g, s.n, offset % step), o.parts);
        w = o.weight(s.c % block, place);
    } else {
        x = element(s.padded(x_taps.row, y_taps.row, z_taps.row, ci, s.g, s.n), o.parts);
        w = o.weight(s.c % block, place);
    }
    const Element before = element(s.sum(s.c, s.qx, s.qy, s.jx, s.jy, s.qz, s.jz, s.g, s.n), o.parts);
    s.sum(s.c, s.qx, s.qy, s.jx, s.jy, s.qz, s.jz, s.g, s.n) = as_tuple(o.multiply_add(before, x, w));
    if (o.dot_zero() != 0 && s.dot > 1) take_out_zeros(o, s, tile, wx, wy, wz, y_index, z_index);
    s.staged = Func("staged");
    s.staged(s.c, s.qx, s.qy, s.jx, s.jy, s.qz, s.jz, s.g, s.n) =
        as_tuple(o.finish_channel(element(s.sum(s.c, s.qx, s.qy, s.jx, s.jy, s.qz, s.jz, s.g, s.n), o.parts), s.c, s.g,
                                  o.out_channels % block != 0));

    OutputStage& out = s.output;
    const Element value = finished_element(o, s, y_index, z_index);
    out.func = o.output(o.finish_place(value, out.place()), out.vars(), out.part);
    s.input = o.input;
    s.weights = o.packed;
    s.position_tiles = to_int((px.positions() + tile.x - 1) / tile.x * ((py.positions() + tile.y - 1) / tile.y));
    s.facts = schedule_facts(o, target);
    return s;
}

Pipeline rolled_pipeline(Operands& o, const RolledStages& stages) {
    Pipeline pipeline;
    pipeline.output = stages.output.func;
    const PackedTaps wx(o.phase[0], stages.phases_x), wy(o.phase[1], stages.phases_y),
        wz(o.phase[2], PhaseLoop::rolled);
    build_packing(o, pipeline, [&](const std::vector<Var>& at) {
        return WeightIndex{wx.tap(at[0], at[3]), wy.tap(at[1], at[4]), wz.tap(0, at[5]), at[2]};
    });
    return pipeline;
}

}  // namespace convt
