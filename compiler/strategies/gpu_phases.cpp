// SPDX-License-Identifier: Apache-2.0
// Lanes over the phases of x: for large strides. Neighbouring phases are neighbours in the output and their taps in the
// weights, and all of one position read the same inputs. The warps of a block may each take a slice of the input
// channels; the slices are added in their order.
#include "compiler/aligned_axis.h"
#include "compiler/facts.h"
#include "compiler/packing.h"
#include "compiler/phase_expr.h"
#include "schedules/gpu/stages.h"
#include "schedules/gpu_space.h"

#include <fmt/format.h>

namespace convt {

using Halide::Expr;
using Halide::Func;
using Halide::RDom;
using Halide::Var;

namespace {

constexpr int lanes = static_cast<int>(warp_lanes);
constexpr std::int64_t smallest_stride = 4;  // below it nearly all of a warp would idle

std::string refuse(const Problem& problem, const Target&) {
    const Axis x = axes_xyz(problem)[0];
    if (problem.output_layout == Layout::channels_last)
        return "the output is channels last: lanes over phases would scatter";
    if (x.stride < smallest_stride) return fmt::format("stride {}: its phases do not fill a warp", x.stride);
    if (x.dilation > 1 && x.kernel > 1)
        return fmt::format("dilation {}: phases of one warp would read different inputs", x.dilation);
    if (x.kernel * 2 < x.stride)
        return fmt::format("kernel {} is below half of stride {}: most phases have no tap", x.kernel, x.stride);
    return {};
}

struct Shape {
    AlignedAxis x;
    int vector, slices, positions, channels;  // of a lane; of a block; of a tile
    int block, phase_blocks, position_tiles, channel_tiles;

    Shape(const Operands& o, const Schedule& s)
        : x(o.axes[0]),
          vector(s.get("pv")),
          slices(s.get("ks")),
          positions(s.get("qx")),
          channels(s.get("tc")),
          block(vector * lanes),
          phase_blocks((x.stride + block - 1) / block),
          position_tiles(to_int((x.table.positions() + positions - 1) / positions)),
          channel_tiles((o.out_channels + channels - 1) / channels) {}
};

void define_sum(Operands& o, const Shape& shape, GpuPhaseStages& s) {
    const PhaseTable& px = shape.x.table;
    const auto taps = [&](const PhaseTable& table) { return to_int(table.max_taps()); };
    const int slice = (o.in_channels + shape.slices - 1) / shape.slices;
    s.taps = RDom(0, taps(px), 0, slice, 0, taps(o.phase[1]), 0, taps(o.phase[2]), "taps");
    const RolledTap y = rolled_tap(o.phase[1], o.axes[1], s.taps, 2, s.y);
    const RolledTap z = rolled_tap(o.phase[2], o.axes[2], s.taps, 3, s.z);
    Expr ci = s.k * slice + s.taps[1];
    if (slice * shape.slices != o.in_channels) {
        s.taps.where(ci < o.in_channels);
        ci = Halide::min(ci, o.in_channels - 1);
    }
    const Expr row = input_row(px, phase_expr(px, 0), s.q, s.taps[0]);
    s.sum(s.i, s.l, s.k, s.q, s.c, s.y, s.z, s.b, s.g, s.n) = as_tuple(zero(o));
    const Element before = element(s.sum(s.i, s.l, s.k, s.q, s.c, s.y, s.z, s.b, s.g, s.n), o.parts);
    const Element input = element(o.padded()(row, y.input_row, z.input_row, ci, s.g, s.n), o.parts);
    Var i("i"), l("l"), m("m"), c("c"), ky("ky"), kz("kz"), in("in"), b("b"), g("g");
    s.weights = Func("weights");
    s.weights(i, m, c, l, ky, kz, in, b, g) = as_tuple(o.weight(l * shape.vector + i, {m, c, ky, kz, in, b, g}));
    const Element weight =
        element(s.weights(s.i, s.taps[0], s.c, s.l, y.kernel_row, z.kernel_row, ci, s.b, s.g), o.parts);
    s.sum(s.i, s.l, s.k, s.q, s.c, s.y, s.z, s.b, s.g, s.n) = as_tuple(o.multiply_add(before, input, weight));
    s.held(s.i, s.l, s.k, s.q, s.c, s.y, s.z, s.b, s.g, s.n) =
        as_tuple(element(s.sum(s.i, s.l, s.k, s.q, s.c, s.y, s.z, s.b, s.g, s.n), o.parts));
}

void define_output(const Operands& o, const Shape& shape, GpuPhaseStages& s) {
    s.places = RDom(0, lanes, 0, shape.vector, 0, shape.positions, 0, shape.channels, 0, shape.phase_blocks, 0,
                    shape.position_tiles, 0, shape.channel_tiles, "places");
    const RDom& r = s.places;
    const Expr phase = r[4] * shape.block + r[1] * lanes + r[0], q = r[5] * shape.positions + r[2];
    const Expr x = q * shape.x.stride + phase - shape.x.shift, channel = r[6] * shape.channels + r[3];
    s.places.where(phase < shape.x.stride);
    s.places.where(x >= 0 && x < shape.x.output);
    s.places.where(channel < o.out_channels);
    const Expr c = Halide::unsafe_promise_clamped(channel, 0, o.out_channels - 1);
    OutputStage& out = s.output;
    const Element nothing(static_cast<std::size_t>(o.parts), Halide::undef(o.scalar));
    out.func = o.output(nothing, out.vars(), out.part);
    Element total = o.start(c, out.g, false);
    for (int k = 0; k < shape.slices; ++k) {
        const Element part = element(s.held(r[1], r[0], k, q, channel, out.y, out.z, r[4], out.g, out.n), o.parts);
        for (std::size_t i = 0; i < total.size(); ++i)
            total[i] += part[i];
    }
    std::vector<Expr> at{
        Halide::unsafe_promise_clamped(x, 0, KernelAxis::last(shape.x.output)), out.y, out.z, c, out.g, out.n};
    total = o.finish(total, at);
    if (o.parts > 1) at.insert(at.begin(), out.part);
    out.func(at) = o.stored(total, out.part);
}

Pipeline build(Operands& o, const Target& target, const Schedule& schedule) {
    const Shape shape(o, schedule);
    const int taps = to_int(shape.x.table.max_taps()), kernel = to_int(o.axes[0].kernel);
    o.set_packed({shape.block, taps, shape.channel_tiles * shape.channels, to_int(o.axes[1].kernel),
                  to_int(o.axes[2].kernel), o.in_channels, shape.phase_blocks, to_int(o.problem.groups)});
    GpuPhaseStages s;
    s.facts = schedule_facts(o, target);
    s.hold_weights = o.axes[1].kernel == 1 && o.axes[2].kernel == 1;
    define_sum(o, shape, s);
    define_output(o, shape, s);
    schedule_gpu_phases(s, schedule);
    Pipeline pipeline;
    pipeline.output = s.output.func;
    // A lane loads its `vector` phases, a warp apart, as one vector.
    build_packing(o, pipeline, [&](const std::vector<Var>& at) {
        const Expr phase = at[6] * shape.block + at[0] % shape.vector * lanes + at[0] / shape.vector;
        const Expr tap = phase + at[1] * to_int(shape.x.table.tap_step());
        return WeightSource{{Halide::min(tap, kernel - 1), at[3], at[4], at[5]},
                            Halide::min(at[2], o.out_channels - 1),
                            phase < shape.x.stride && tap < kernel};
    });
    return pipeline;
}

}  // namespace

const Strategy gpu_phases{"gpu_phases", "GPUs: lanes over the phases of a large stride", refuse, build};

}  // namespace convt
