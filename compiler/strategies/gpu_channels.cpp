// SPDX-License-Identifier: Apache-2.0
// Lanes over output channels: a warp's weights are one run of memory and an input element is the same for all lanes.
// For small images, which read every weight once, and for outputs with channels last. The warps of a block may each
// take a slice of the input channels; the slices are added in their order, so that the bits are the same on every run.
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
constexpr double most_together = 256;  // multiply-adds of an iteration

std::string refuse(const Problem& problem, const Target&) {
    const std::int64_t channels = problem.out_channels / problem.groups;
    if (channels % static_cast<std::int64_t>(warp_lanes) == 0) return {};
    return fmt::format("{} output channels of a group are no whole warps: barriers need all lanes", channels);
}

// Tap and input row of an output place (position q, phase j), for one place of the loop over taps.
struct TapPlace {
    Expr tap, row;
};

// The loop over the taps of an axis: over input offsets where all phases are unrolled, over the taps of one phase where
// a block has one.
struct TapLoop {
    const PhaseTable& table;
    bool unrolled;
    OffsetRange offsets;

    TapLoop(const PhaseTable& of, bool all_phases)
        : table(of),
          unrolled(all_phases),
          offsets(all_phases ? offset_range(of, 0, to_int(of.phases())) : OffsetRange{0, to_int(of.max_taps()), 0}) {}

    TapPlace at(RDom& taps, int dimension, const Expr& q, const Expr& j) const {
        const Expr place = taps[dimension];
        if (unrolled) {
            const OffsetTap tap = offset_tap(table, j, place);
            taps.where(tap.exists);
            return {tap.tap, q + (place + offsets.strides)};
        }
        const PhaseExpr phase = phase_expr(table, j);
        if (!table.equal_taps()) taps.where(place < phase.taps);
        const Expr tap = phase.first_tap + place * to_int(table.tap_step());
        return {Halide::clamp(tap, 0, to_int(table.kernel()) - 1), input_row(table, phase, q, place)};
    }
};

GpuPlaceAxis place_axis(const Operands& o, std::size_t axis, int positions, bool all_phases) {
    const PhaseTable& table = o.phase[axis];
    const int phases = to_int(std::min(table.phases(), o.axes[axis].output()));
    return {positions, phases, all_phases, std::min(positions, to_int(table.positions()))};
}

void define_sum(Operands& o, GpuChannelStages& s, int vector, int slices) {
    const TapLoop x_loop(o.phase[0], s.x.all_phases), y_loop(o.phase[1], s.y.all_phases);
    const int slice = (o.in_channels + slices - 1) / slices;
    s.taps = RDom(x_loop.offsets.lowest, x_loop.offsets.count, y_loop.offsets.lowest, y_loop.offsets.count, 0, slice, 0,
                  to_int(o.phase[2].max_taps()), "taps");
    const TapPlace x = x_loop.at(s.taps, 0, s.qx, s.jx), y = y_loop.at(s.taps, 1, s.qy, s.jy);
    const RolledTap z = rolled_tap(o.phase[2], o.axes[2], s.taps, 3, s.z);
    Expr ci = s.k * slice + s.taps[2];
    if (slice * slices != o.in_channels) {
        s.taps.where(ci < o.in_channels);
        ci = Halide::min(ci, o.in_channels - 1);
    }
    s.sum(s.i, s.l, s.k, s.qx, s.jx, s.qy, s.jy, s.z, s.b, s.g, s.n) = as_tuple(zero(o));
    const Element before = element(s.sum(s.i, s.l, s.k, s.qx, s.jx, s.qy, s.jy, s.z, s.b, s.g, s.n), o.parts);
    const Element input = element(o.padded()(x.row, y.row, z.input_row, ci, s.g, s.n), o.parts);
    const Element weight = o.weight(s.l * vector + s.i, {x.tap, y.tap, z.kernel_row, ci, s.b, s.g});
    s.sum(s.i, s.l, s.k, s.qx, s.jx, s.qy, s.jy, s.z, s.b, s.g, s.n) = as_tuple(multiply_add(before, input, weight));
}

// The output's places of one axis: which tile of it, which place in the tile, which phase where a tile has one.
struct OutputAxis {
    const GpuPlaceAxis& tile;
    int stride, output, positions;
    Expr position, phase, x;

    OutputAxis(const PhaseTable& table, const Axis& axis, const GpuPlaceAxis& of)
        : tile(of),
          stride(to_int(table.phases())),
          output(to_int(axis.output())),
          positions(to_int(table.positions())) {}

    int places() const { return tile.all_phases ? std::min(tile.positions * stride, output) : tile.positions; }
    int phases() const { return tile.all_phases ? 1 : std::min(stride, output); }
    int tiles() const { return (positions + tile.positions - 1) / tile.positions; }

    void set(const Expr& place, const Expr& one_phase, const Expr& at_tile) {
        // Where there is one position, place % S would widen to phases without an output.
        const bool one = positions == 1 && tile.all_phases;
        position = one ? Expr(0) : at_tile * tile.positions + (tile.all_phases ? place / stride : place);
        phase = one ? place : tile.all_phases ? place % stride : one_phase;
        x = tile.all_phases ? at_tile * (tile.positions * stride) + place : position * stride + phase;
    }
    Expr at() const { return Halide::unsafe_promise_clamped(x, 0, output - 1); }
};

// The output, an update over the places of a block and the blocks, in the order of the output's memory. It adds up the
// slices.
void define_output(const Operands& o, GpuChannelStages& s, int vector, int slices) {
    OutputAxis x(o.phase[0], o.axes[0], s.x), y(o.phase[1], o.axes[1], s.y);
    const int block = lanes * vector;
    const std::array<int, 3> extents{x.places(), y.places(), block};
    const int first = s.facts.output_channels_last ? 2 : 0;  // x y c or c x y
    const auto extent = [&](int d) { return extents[static_cast<std::size_t>((first + d) % 3)]; };
    s.places = RDom(0, extent(0), 0, extent(1), 0, extent(2), 0, x.phases(), 0, y.phases(), 0, x.tiles(), 0, y.tiles(),
                    0, (o.out_channels + block - 1) / block, "places");
    const RDom& r = s.places;
    x.set(r[(3 - first) % 3], r[3], r[5]);
    y.set(r[(4 - first) % 3], r[4], r[6]);
    const Expr place = r[(5 - first) % 3], channel = r[7] * block + place;
    s.places.where(x.x < x.output);
    s.places.where(y.x < y.output);
    s.places.where(channel < o.out_channels);
    const Expr c = Halide::unsafe_promise_clamped(channel, 0, o.out_channels - 1);

    s.held(s.l, s.i, s.k, s.qx, s.jx, s.qy, s.jy, s.z, s.b, s.g, s.n) =
        as_tuple(element(s.sum(s.i, s.l, s.k, s.qx, s.jx, s.qy, s.jy, s.z, s.b, s.g, s.n), o.parts));
    OutputStage& out = s.output;
    const Element nothing(static_cast<std::size_t>(o.parts), Halide::undef(o.scalar));
    out.func = o.output(nothing, {out.x, out.y, out.z, out.c, out.g, out.n}, out.part);
    Element total = o.start(c, out.g, false);
    for (int k = 0; k < slices; ++k) {
        const Element part = element(s.held(place % lanes, place / lanes, k, x.position, x.phase, y.position, y.phase,
                                            out.z, r[7], out.g, out.n),
                                     o.parts);
        for (std::size_t i = 0; i < total.size(); ++i)
            total[i] += part[i];
    }
    total = o.finish(total);
    std::vector<Expr> at{x.at(), y.at(), out.z, c, out.g, out.n};
    if (o.parts > 1) at.insert(at.begin(), out.part);
    out.func(at) = o.parts > 1 ? Halide::mux(out.part, {total[0], total[1]}) : total[0];
}

Pipeline build(Operands& o, const Target& target, const Schedule& schedule) {
    const int vector = schedule.get("cv"), slices = schedule.get("ks"), block = lanes * vector;
    const auto kernel = [&](int a) { return to_int(o.axes[static_cast<std::size_t>(a)].kernel); };
    o.set_packed({block, kernel(0), kernel(1), kernel(2), o.in_channels, (o.out_channels + block - 1) / block,
                  to_int(o.problem.groups)});
    GpuChannelStages s;
    s.facts = schedule_facts(o, target);
    s.x = place_axis(o, 0, schedule.get("qx"), schedule.get("jx") == 1);
    s.y = place_axis(o, 1, schedule.get("qy"), schedule.get("jy") == 1);
    const double statements = gpu_channels_space.tile(ModelFacts(o.problem, target), schedule).statements;
    const int slice = (o.in_channels + slices - 1) / slices;
    while (s.together < 4 && slice % (2 * s.together) == 0 && statements * 2 * s.together <= most_together)
        s.together *= 2;
    define_sum(o, s, vector, slices);
    define_output(o, s, vector, slices);
    schedule_gpu_channels(s, schedule);
    Pipeline pipeline;
    pipeline.output = s.output.func;
    // A lane loads `vector` channels, a warp apart, as one vector: stored one by one they are runs of a warp's width.
    build_packing(o, pipeline, [&](const std::vector<Var>& at) {
        const Expr channel = at.back() * block + at[0] % vector * lanes + at[0] / vector;
        const WeightIndex index{at[1], at[2], at[3], at[4]};
        if (o.out_channels % block == 0) return WeightSource{index, channel, Expr()};
        return WeightSource{index, Halide::min(channel, o.out_channels - 1), channel < o.out_channels};
    });
    return pipeline;
}

}  // namespace

const Strategy gpu_channels{"gpu_channels", "GPUs: lanes over output channels, warps over slices of the input's",
                            refuse, build};

}  // namespace convt
