// SPDX-License-Identifier: Apache-2.0
// Lanes over width: positions q in lanes, all phases of x in registers, phases of y and z as loops. Every input vector
// that is loaded feeds all the phases it reaches; the taps of x are unrolled and those that do not exist fold away.
#include "compiler/facts.h"
#include "compiler/packing.h"
#include "compiler/phase_expr.h"
#include "schedules/cpu/stages.h"
#include "schedules/model.h"

#include <fmt/format.h>

namespace convt {

using Halide::Expr;
using Halide::Func;
using Halide::RDom;

namespace {

// Unrolled statements are phases of x times input offsets; beyond these code size and compile time grow without gain
// (study, J).
constexpr std::int64_t max_stride = 8;
constexpr std::int64_t max_kernel = 32;
constexpr std::int64_t max_offsets = 32;

std::string refuse(const Problem& problem, const Target& target) {
    const Axis x = axes_xyz(problem)[0];
    const PhaseTable table(x);
    const std::int64_t lanes = target.info().vector_bytes / element_type_info(problem.type).scalar_bytes;
    const std::int64_t offsets = table.highest_offset() - table.lowest_offset() + 1;
    if (problem.output_layout == Layout::channels_last)
        return "the output is channels last: lanes over width would scatter";
    if (x.stride > max_stride)
        return fmt::format("stride {} of the last axis is above {}: its phases are unrolled", x.stride, max_stride);
    if (x.kernel > max_kernel)
        return fmt::format("kernel {} of the last axis is above {}: its taps are unrolled", x.kernel, max_kernel);
    if (offsets > max_offsets)
        return fmt::format("{} input offsets in the last axis are above {}: they are unrolled", offsets, max_offsets);
    if (table.positions() * 2 < lanes) {
        return fmt::format("{} positions a phase in the last axis fill less than half of {} lanes", table.positions(),
                           lanes);
    }
    return {};
}

WidthStages stages(Operands& o, const Target& target, const Schedule& schedule) {
    WidthStages s;
    const PhaseTable &px = o.phase[0], &py = o.phase[1], &pz = o.phase[2];
    const int channels = schedule.get("tc");
    const auto kernel = [&](int a) { return static_cast<int>(o.axes[static_cast<std::size_t>(a)].kernel); };
    o.set_packed({channels, kernel(0), o.in_channels, kernel(1), kernel(2), (o.out_channels + channels - 1) / channels,
                  static_cast<int>(o.problem.groups)});

    const int stride = static_cast<int>(px.phases());
    // Input offsets from the whole strides of the padding, which may exceed 32 bits where the offsets do not.
    const int strides = static_cast<int>(px.padding() / px.phases());
    const int lowest = static_cast<int>(px.lowest_offset()) - strides;
    s.padded = o.padded();
    s.sum = Func("sum");
    s.sum(s.q, s.j, s.y, s.z, s.c, s.g, s.n) = as_tuple(o.start(s.c, s.g, o.out_channels % channels != 0));
    s.taps = RDom(0, stride, lowest, static_cast<int>(px.highest_offset()) - strides - lowest + 1, 0, o.in_channels, 0,
                  static_cast<int>(py.max_taps()), 0, static_cast<int>(pz.max_taps()), "taps");
    const Expr j = s.taps[0], u = s.taps[1], ci = s.taps[2];

    // S i + D k = o + P with o = S q + j, i = q + u + P / S.
    const Expr scaled = j + static_cast<int>(px.padding() % px.phases()) - u * stride;
    const int dilation = static_cast<int>(px.dilation());
    const Expr kx = scaled / dilation;
    Expr exists = kx >= 0 && kx < kernel(0);
    if (dilation > 1) exists = exists && scaled % dilation == 0;
    s.taps.where(exists);

    // Rows outside the input are not read: a border output costs what its own taps cost.
    const PhaseExpr phase_y = phase_expr(py, s.y % static_cast<int>(py.phases()));
    const PhaseExpr phase_z = phase_expr(pz, s.z % static_cast<int>(pz.phases()));
    const Expr qy = s.y / static_cast<int>(py.phases()), qz = s.z / static_cast<int>(pz.phases());
    const TapRange y_taps = tap_range(py, o.axes[1], phase_y, qy, 1), z_taps = tap_range(pz, o.axes[2], phase_z, qz, 1);
    if (!y_taps.whole) s.taps.where(s.taps[3] < y_taps.count);
    if (!z_taps.whole) s.taps.where(s.taps[4] < z_taps.count);
    const Expr my = tap_of(py, y_taps, s.taps[3]), mz = tap_of(pz, z_taps, s.taps[4]);

    const auto tap = [&](const PhaseTable& table, const PhaseExpr& phase, const Expr& m, int extent) {
        return Halide::clamp(phase.first_tap + m * static_cast<int>(table.tap_step()), 0, extent - 1);
    };
    const Element x = element(
        s.padded(s.q + (u + strides), input_row(py, phase_y, qy, my), input_row(pz, phase_z, qz, mz), ci, s.g, s.n),
        o.parts);
    const Element w =
        o.weight(s.c % channels, {Halide::clamp(kx, 0, kernel(0) - 1), ci, tap(py, phase_y, my, kernel(1)),
                                  tap(pz, phase_z, mz, kernel(2)), s.c / channels, s.g});
    const Element before = element(s.sum(s.q, j, s.y, s.z, s.c, s.g, s.n), o.parts);
    s.sum(s.q, j, s.y, s.z, s.c, s.g, s.n) = as_tuple(multiply_add(before, x, w));

    OutputStage& out = s.output;
    const Element sum = element(s.sum(out.x / stride, out.x % stride, out.y, out.z, out.c, out.g, out.n), o.parts);
    out.func = o.output(o.finish(sum), {out.x, out.y, out.z, out.c, out.g, out.n}, out.part);
    s.facts = schedule_facts(o, target);
    return s;
}

Pipeline build(Operands& o, const Target& target, const Schedule& schedule) {
    WidthStages s = stages(o, target, schedule);
    schedule_width_lanes(s, schedule);
    Pipeline pipeline;
    pipeline.output = s.output.func;
    build_packing(o, pipeline, [](const std::vector<Halide::Var>& inner) {
        return WeightIndex{inner[0], inner[2], inner[3], inner[1]};
    });
    return pipeline;
}

}  // namespace

const Strategy width_lanes{"width_lanes", "lanes over width, all phases of the last axis in registers", refuse, build};

}  // namespace convt
