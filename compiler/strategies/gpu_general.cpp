// SPDX-License-Identifier: Apache-2.0
// The strategy for GPUs that takes every problem: a thread for each place of the output, phases and taps as loops.
#include "compiler/facts.h"
#include "compiler/packing.h"
#include "compiler/phase_expr.h"
#include "schedules/gpu/stages.h"

namespace convt {

using Halide::Expr;
using Halide::Func;
using Halide::RDom;
using Halide::Var;

namespace {

std::string refuse(const Problem&, const Target&) {
    return {};
}

Pipeline build(Operands& o, const Target& target, const Schedule& schedule) {
    const int block = schedule.get("tc");
    const auto kernel = [&](int a) { return to_int(o.axes[static_cast<std::size_t>(a)].kernel); };
    const auto taps = [&](int a) { return to_int(o.phase[static_cast<std::size_t>(a)].max_taps()); };
    o.set_packed({block, kernel(0), kernel(1), kernel(2), o.in_channels, (o.out_channels + block - 1) / block,
                  to_int(o.problem.groups)});
    GpuGeneralStages s;
    s.taps = RDom(0, taps(0), 0, taps(1), 0, taps(2), 0, o.in_channels, "taps");
    const RolledTap x = rolled_tap(o.phase[0], o.axes[0], s.taps, 0, s.x);
    const RolledTap y = rolled_tap(o.phase[1], o.axes[1], s.taps, 1, s.y);
    const RolledTap z = rolled_tap(o.phase[2], o.axes[2], s.taps, 2, s.z);
    s.sum = Func("sum");
    s.sum(s.x, s.y, s.z, s.c, s.g, s.n) = as_tuple(o.start(s.c, s.g, o.out_channels % block != 0));
    const Element before = element(s.sum(s.x, s.y, s.z, s.c, s.g, s.n), o.parts);
    const Element input = element(o.padded()(x.input_row, y.input_row, z.input_row, s.taps[3], s.g, s.n), o.parts);
    const Element weight =
        o.weight(s.c % block, {x.kernel_row, y.kernel_row, z.kernel_row, s.taps[3], s.c / block, s.g});
    s.sum(s.x, s.y, s.z, s.c, s.g, s.n) = as_tuple(o.multiply_add(before, input, weight));

    OutputStage& out = s.output;
    const Element sum = element(s.sum(out.x, out.y, out.z, out.c, out.g, out.n), o.parts);
    out.func = o.output(o.finish(sum, out.place()), out.vars(), out.part);
    s.facts = schedule_facts(o, target);
    schedule_gpu_general(s, schedule);
    Pipeline pipeline;
    pipeline.output = out.func;
    build_packing(o, pipeline, [](const std::vector<Var>& at) { return WeightIndex{at[0], at[1], at[2], at[3]}; });
    return pipeline;
}

}  // namespace

const Strategy gpu_general{"gpu_general", "GPUs, any problem: a thread a place, phases as loops", refuse, build};

}  // namespace convt
