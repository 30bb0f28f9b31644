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
    const std::int64_t lanes = target.info().vector_bytes / element_type_info(problem.types().sum).scalar_bytes;
    if (problem.in_channels != problem.groups || problem.out_channels != problem.groups)
        return "groups have several channels: those of one tap do not lie next to each other";
    if (problem.output_layout != Layout::channels_last)
        return "the output is channels first: lanes over groups would scatter";
    if (problem.types().parts() > 1) return "complex: parts would lie between the lanes";
    if (problem.groups < lanes) return fmt::format("{} groups do not fill {} lanes", problem.groups, lanes);
    if (x.stride > max_stride)
        return fmt::format("stride {} of the last axis is above {}: its phases are unrolled", x.stride, max_stride);
    if (x.kernel > max_kernel)
        return fmt::format("kernel {} of the last axis is above {}: its taps are unrolled", x.kernel, max_kernel);
    return {};
}

Pipeline build(Operands& o, const Target& target, const Schedule& schedule) {
    const PhaseTable& px = o.phase[0];
    const auto kernel = [&](int a) { return to_int(o.axes[static_cast<std::size_t>(a)].kernel); };
    const OffsetRange ux = offset_range(px, 0, to_int(px.phases()));
    GroupStages s;
    s.facts = schedule_facts(o, target);
    o.set_packed({to_int(o.problem.groups), kernel(0), kernel(1), kernel(2), 1});
    s.padded = o.padded();
    s.sum = Func("sum");
    s.sum(s.g, s.j, s.q, s.y, s.z, s.n) = o.start(0, s.g, false)[0];
    const OffsetLoop offsets = offset_loop(ux, s.facts.ordered);
    s.taps = RDom(offsets.first, ux.count, 0, to_int(o.phase[1].max_taps()), 0, to_int(o.phase[2].max_taps()), "taps");
    const Expr u = offsets.sign * s.taps[0];
    const OffsetTap x = offset_tap(px, s.j, u);
    s.taps.where(x.exists);
    const RolledTap y = rolled_tap(o.phase[1], o.axes[1], s.taps, 1, s.y);
    const RolledTap z = rolled_tap(o.phase[2], o.axes[2], s.taps, 2, s.z);
    const Expr input = s.padded(s.q + (u + ux.strides), y.input_row, z.input_row, 0, s.g, s.n);
    s.sum(s.g, s.j, s.q, s.y, s.z, s.n) = o.multiply_add({s.sum(s.g, s.j, s.q, s.y, s.z, s.n)}, {input},
                                                         o.weight(s.g, {x.tap, y.kernel_row, z.kernel_row, 0}))[0];

    OutputStage& out = s.output;
    const int stride = to_int(px.phases());
    const Expr sum = s.sum(out.g, out.x % stride, out.x / stride, out.y, out.z, out.n);
    out.func = o.output(o.finish({sum}, out.place()), out.vars(), out.part);
    schedule_group_lanes(s, schedule);
    Pipeline pipeline;
    pipeline.output = out.func;
    build_packing(o, pipeline, [](const std::vector<Var>& at) {
        return WeightSource{{at[1], at[2], at[3], 0}, 0, Expr(), at[0]};
    });
    return pipeline;
}

}  // namespace

const Strategy group_lanes{"group_lanes", "lanes over groups, for depthwise problems with channels last", refuse, build,
                           true};

}  // namespace convt
