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
    const Expr qz = s.z / to_int(pz.phases());
    const TapRange x_taps = tap_range(px, o.axes[0], x_phase, s.qx / tile.x * tile.x, tile.x);
    const TapRange y_taps = tap_range(py, o.axes[1], y_phase, s.qy / tile.y * tile.y, tile.y);
    const TapRange z_taps = tap_range(pz, o.axes[2], z_phase, qz, 1);
    if (!x_taps.whole) s.taps.where(s.taps[1] < x_taps.count);
    if (!y_taps.whole) s.taps.where(s.taps[2] < y_taps.count);
    if (!z_taps.whole) s.taps.where(s.taps[3] < z_taps.count);
    const Expr ci = s.taps[0], mx = tap_of(px, x_taps, s.taps[1]), my = tap_of(py, y_taps, s.taps[2]),
               mz = tap_of(pz, z_taps, s.taps[3]);

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
