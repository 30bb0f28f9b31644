// SPDX-License-Identifier: Apache-2.0
// Lanes over groups, for depthwise problems with channels last: groups lie next to each other in input, output and
// packed weights. All phases of x are unrolled, those of y and z are loops.
#include "compiler/facts.h"
#include "compiler/packing.h"
#include "compiler/phase_expr.h"
#include "schedules/model.h"

#include <fmt/format.h>

namespace convt {

using Halide::Expr;
using Halide::Func;
using Halide::RDom;
using Halide::Var;

namespace {

constexpr std::int64_t max_stride = 8;   // phases of x in a register tile
constexpr std::int64_t max_kernel = 32;  // its taps are unrolled

std::string refuse(const Problem& problem, const Target& target) {
    const Axis x = axes_xyz(problem)[0];
    const std::int64_t lanes = target.info().vector_bytes / element_type_info(problem.type).scalar_bytes;
    if (problem.in_channels != problem.groups || problem.out_channels != problem.groups)
        return "groups have several channels: those of one tap do not lie next to each other";
    if (problem.output_layout != Layout::channels_last)
        return "the output is channels first: lanes over groups would scatter";
    if (element_type_info(problem.type).parts > 1) return "complex: parts would lie between the lanes";
    if (problem.groups < lanes) return fmt::format("{} groups do not fill {} lanes", problem.groups, lanes);
    if (x.stride > max_stride)
        return fmt::format("stride {} of the last axis is above {}: its phases are unrolled", x.stride, max_stride);
    if (x.kernel > max_kernel)
        return fmt::format("kernel {} of the last axis is above {}: its taps are unrolled", x.kernel, max_kernel);
    return {};
}

// The taps of an axis whose phases are a loop: those that find the input.
struct Row {
    Expr tap, row;
};

Row rolled_row(const Operands& o, RDom& taps, int axis, int dimension, const Expr& at) {
    const PhaseTable& table = o.phase[static_cast<std::size_t>(axis)];
    const Axis& extents = o.axes[static_cast<std::size_t>(axis)];
    const int stride = to_int(table.phases());
    const PhaseExpr phase = phase_expr(table, at % stride);
    const TapRange range = tap_range(table, extents, phase, at / stride, 1);
    if (!range.whole) taps.where(taps[dimension] < range.count);
    const Expr m = tap_of(table, range, taps[dimension]);
    const Expr tap = Halide::clamp(phase.first_tap + m * to_int(table.tap_step()), 0, to_int(extents.kernel) - 1);
    return {tap, input_row(table, phase, at / stride, m)};
}

Pipeline build(Operands& o, const Target& target, const Schedule& schedule) {
    const PhaseTable& px = o.phase[0];
    const auto kernel = [&](int a) { return to_int(o.axes[static_cast<std::size_t>(a)].kernel); };
    const OffsetRange ux = offset_range(px, 0, to_int(px.phases()));
    GroupStages s;
    o.set_packed({to_int(o.problem.groups), kernel(0), kernel(1), kernel(2), 1});
    s.padded = o.padded();
    s.sum = Func("sum");
    s.sum(s.g, s.j, s.q, s.y, s.z, s.n) = o.start(0, s.g, false)[0];
    s.taps = RDom(ux.lowest, ux.count, 0, to_int(o.phase[1].max_taps()), 0, to_int(o.phase[2].max_taps()), "taps");
    const OffsetTap x = offset_tap(px, s.j, s.taps[0]);
    s.taps.where(x.exists);
    const Row y = rolled_row(o, s.taps, 1, 1, s.y), z = rolled_row(o, s.taps, 2, 2, s.z);
    const Expr input = s.padded(s.q + (s.taps[0] + ux.strides), y.row, z.row, 0, s.g, s.n);
    s.sum(s.g, s.j, s.q, s.y, s.z, s.n) += input * o.weight(s.g, {x.tap, y.tap, z.tap, 0})[0];

    OutputStage& out = s.output;
    const int stride = to_int(px.phases());
    const Expr sum = s.sum(out.g, out.x % stride, out.x / stride, out.y, out.z, out.n);
    out.func = o.output(o.finish({sum}), {out.x, out.y, out.z, out.c, out.g, out.n}, out.part);
    s.facts = schedule_facts(o, target);
    schedule_group_lanes(s, schedule);
    Pipeline pipeline;
    pipeline.output = out.func;
    build_packing(o, pipeline, [](const std::vector<Var>& at) {
        return WeightSource{{at[1], at[2], at[3], 0}, 0, Expr(), at[0]};
    });
    return pipeline;
}

}  // namespace

const Strategy group_lanes{"group_lanes", "lanes over groups, for depthwise problems with channels last", refuse,
                           build};

}  // namespace convt
