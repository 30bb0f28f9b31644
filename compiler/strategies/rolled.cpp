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

int to_int(std::int64_t value) {
    return static_cast<int>(value);
}

// Taps of one phase are tap_step apart in the kernel; packed, they are neighbours: (first tap) * max_taps + m. Places
// without a tap are never read.
int packed_taps(const PhaseTable& table) {
    return to_int(std::min(table.tap_step(), table.kernel()) * table.max_taps());
}

Expr packed_place(const PhaseTable& table, const PhaseExpr& phase, const Expr& m) {
    return Halide::clamp(phase.first_tap * to_int(table.max_taps()) + m, 0, packed_taps(table) - 1);
}

Expr tap_at(const PhaseTable& table, const Expr& place) {
    const int most = to_int(table.max_taps());
    return Halide::min(place / most + place % most * to_int(table.tap_step()), to_int(table.kernel()) - 1);
}

// Taps that no position of a tile finds inside the input are skipped; `q` is any position of the tile, tiles start at
// multiples of `tile`.
void skip_outside(RDom& taps, const PhaseTable& table, const Axis& axis, const PhaseExpr& phase, const Expr& q,
                  const Expr& m, int tile) {
    if (!table.leaves_input(axis)) return;
    const Expr first = input_row(table, phase, q / tile * tile, m);
    taps.where(first < to_int(axis.input) && first + (tile - 1) >= 0);
}

}  // namespace

RolledStages rolled_stages(Operands& o, const Target& target, const RolledTile& tile) {
    const int block = tile.channels;
    RolledStages s;
    const PhaseTable &px = o.phase[0], &py = o.phase[1], &pz = o.phase[2];
    o.set_packed({block, o.in_channels, packed_taps(px), packed_taps(py), packed_taps(pz),
                  (o.out_channels + block - 1) / block, to_int(o.problem.groups)});
    const PhaseExpr x_phase = phase_expr(px, s.jx), y_phase = phase_expr(py, s.jy);
    const PhaseExpr z_phase = phase_expr(pz, s.z % to_int(pz.phases()));

    s.padded = o.padded();
    s.sum = Func("sum");
    s.sum(s.c, s.qx, s.qy, s.jx, s.jy, s.z, s.g, s.n) = as_tuple(o.start(s.c, s.g, o.out_channels % block != 0));
    s.taps =
        RDom(0, o.in_channels, 0, to_int(px.max_taps()), 0, to_int(py.max_taps()), 0, to_int(pz.max_taps()), "taps");
    const Expr ci = s.taps[0], mx = s.taps[1], my = s.taps[2], mz = s.taps[3];
    if (!px.equal_taps()) s.taps.where(mx < x_phase.taps);
    if (!py.equal_taps()) s.taps.where(my < y_phase.taps);
    if (!pz.equal_taps()) s.taps.where(mz < z_phase.taps);

    const Expr qz = s.z / to_int(pz.phases());
    skip_outside(s.taps, px, o.axes[0], x_phase, s.qx, mx, tile.x);
    skip_outside(s.taps, py, o.axes[1], y_phase, s.qy, my, tile.y);
    skip_outside(s.taps, pz, o.axes[2], z_phase, qz, mz, 1);

    const Element x = element(s.padded(input_row(px, x_phase, s.qx, mx), input_row(py, y_phase, s.qy, my),
                                       input_row(pz, z_phase, qz, mz), ci, s.g, s.n),
                              o.parts);
    const Element w = o.weight(s.c % block, {ci, packed_place(px, x_phase, mx), packed_place(py, y_phase, my),
                                             packed_place(pz, z_phase, mz), s.c / block, s.g});
    const Element before = element(s.sum(s.c, s.qx, s.qy, s.jx, s.jy, s.z, s.g, s.n), o.parts);
    s.sum(s.c, s.qx, s.qy, s.jx, s.jy, s.z, s.g, s.n) = as_tuple(multiply_add(before, x, w));
    s.staged = Func("staged");
    s.staged(s.c, s.qx, s.qy, s.jx, s.jy, s.z, s.g, s.n) =
        as_tuple(o.finish(element(s.sum(s.c, s.qx, s.qy, s.jx, s.jy, s.z, s.g, s.n), o.parts)));

    OutputStage& out = s.output;
    const int sx = to_int(px.phases()), sy = to_int(py.phases());
    const Element value =
        element(s.staged(out.c, out.x / sx, out.y / sy, out.x % sx, out.y % sy, out.z, out.g, out.n), o.parts);
    out.func = o.output(value, {out.x, out.y, out.z, out.c, out.g, out.n}, out.part);
    s.facts = schedule_facts(o, target);
    return s;
}

Pipeline rolled_pipeline(Operands& o, const RolledStages& stages) {
    Pipeline pipeline;
    pipeline.output = stages.output.func;
    build_packing(o, pipeline, [&](const std::vector<Var>& inner) {
        return WeightIndex{tap_at(o.phase[0], inner[1]), tap_at(o.phase[1], inner[2]), tap_at(o.phase[2], inner[3]),
                           inner[0]};
    });
    return pipeline;
}

}  // namespace convt
