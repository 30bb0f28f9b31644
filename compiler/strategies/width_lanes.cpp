// SPDX-License-Identifier: Apache-2.0
// Lanes over width: positions q in lanes, all phases of x in registers, phases of y and z as loops. Every input vector
// that is loaded feeds all the phases it reaches; the taps of x are unrolled and those that do not exist fold away.
#include "compiler/facts.h"
#include "compiler/packing.h"
#include "compiler/phase_expr.h"
#include "schedules/cpu/stages.h"
#include "schedules/model.h"

#include <fmt/format.h>

#include <numeric>

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
    const std::int64_t lanes = target.info().vector_bytes / element_type_info(problem.types().sum).scalar_bytes;
    const std::int64_t offsets = table.highest_offset() - table.lowest_offset() + 1;
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

// Output rows of one tile. ry == 1: one row, its phase and taps known when it runs. Else `ry` rows share every input
// vector they reach and their taps are unrolled; where ry divides the stride several sums make up a whole stride.
struct TileRows {
    TileRows(const PhaseTable& table, int ry)
        : in_sum(ry), unrolled(ry > 1), in_tile(unrolled ? std::max(ry, to_int(table.phases())) : 1) {}
    int in_sum;
    bool unrolled;
    int in_tile;
};

// What the taps of y are, for row r of tile t in the iteration over `place`.
struct RowTap {
    Expr kernel_row, input_row, exists;
};

RowTap unrolled_row(const Operands& o, const TileRows& rows, const Expr& t, const Expr& r, const Expr& place) {
    const PhaseTable& table = o.phase[1];
    const OffsetTap tap = offset_tap(table, r, place);
    const OffsetRange range = offset_range(table, 0, rows.in_tile);
    return {tap.tap, t * (rows.in_tile / to_int(table.phases())) + place + range.strides, tap.exists};
}

WidthSum sum_of_rows(Operands& o, WidthStages& s, const TileRows& rows, int first_row, int channels) {
    const PhaseTable &px = o.phase[0], &py = o.phase[1], &pz = o.phase[2];
    const int stride = to_int(px.phases());
    const OffsetRange ux = offset_range(px, 0, stride);
    const OffsetRange uy =
        rows.unrolled ? offset_range(py, first_row, rows.in_sum) : OffsetRange{0, to_int(py.max_taps()), 0};
    const bool ordered = s.facts.ordered;
    const OffsetLoop x_offsets = offset_loop(ux, ordered), y_offsets = offset_loop(uy, ordered && rows.unrolled);
    WidthSum sum{Func("sum"), RDom(0, stride, x_offsets.first, ux.count, 0, rows.in_sum, 0, o.in_channels,
                                   y_offsets.first, uy.count, 0, to_int(pz.max_taps()), "taps")};
    sum.func(s.q, s.j, s.r, s.t, s.z, s.c, s.g, s.n) = as_tuple(o.start(s.c, s.g, o.out_channels % channels != 0));
    RDom& taps = sum.taps;
    const Expr j = taps[0], r = taps[2], ci = taps[3], u = x_offsets.sign * taps[1];
    const OffsetTap x_tap = offset_tap(px, j, u);
    taps.where(x_tap.exists);

    // Rows outside the input are not read: a border output costs what its own taps cost.
    RowTap y_tap;
    if (rows.unrolled) {
        y_tap = unrolled_row(o, rows, s.t, first_row + r, y_offsets.sign * taps[4]);
        taps.where(y_tap.exists);
        if (py.leaves_input(o.axes[1])) taps.where(y_tap.input_row >= 0 && y_tap.input_row < o.axes[1].input_extent);
    } else {
        const RolledTap rolled = rolled_tap(py, o.axes[1], taps, 4, s.t);
        y_tap = {rolled.kernel_row, rolled.input_row, Expr()};
    }
    const RolledTap z_tap = rolled_tap(pz, o.axes[2], taps, 5, s.z);

    const Expr column = s.q + (u + ux.strides);
    const Element x = s.padded.func.defined()
                          ? element(s.padded.func(column, y_tap.input_row, z_tap.input_row, ci, s.g, s.n), o.parts)
                          : o.in_place({column, y_tap.input_row, z_tap.input_row, ci, s.g, s.n});
    const Expr &outer = rows.unrolled ? ci : y_tap.kernel_row, &inner = rows.unrolled ? y_tap.kernel_row : ci;
    const Element w = o.weight(s.c % channels, {x_tap.tap, inner, outer, z_tap.kernel_row, s.c / channels, s.g});
    const Element before = element(sum.func(s.q, j, r, s.t, s.z, s.c, s.g, s.n), o.parts);
    sum.func(s.q, j, r, s.t, s.z, s.c, s.g, s.n) = as_tuple(o.multiply_add(before, x, w));
    return sum;
}

// The output's element from the sum that holds its row.
Element element_of_row(const Operands& o, const WidthStages& s, const TileRows& rows) {
    const OutputStage& out = s.output;
    const int stride = to_int(o.phase[0].phases());
    std::vector<Element> sums;
    for (const WidthSum& sum : s.sums) {
        sums.push_back(element(sum.func(out.x / stride, out.x % stride, out.y % rows.in_sum, out.y / rows.in_tile,
                                        out.z, out.c, out.g, out.n),
                               o.parts));
    }
    if (sums.size() == 1) return sums[0];
    Element value;
    for (int part = 0; part < o.parts; ++part) {
        std::vector<Expr> choices;
        for (const Element& sum : sums)
            choices.push_back(sum[static_cast<std::size_t>(part)]);
        value.push_back(Halide::mux(out.y % rows.in_tile / rows.in_sum, choices));
    }
    return value;
}

// Rows with their zeros. Where channels are last, squares of neighbouring positions and channels are turned over
// between registers, if vectors divide the channels.
void stage_rows(const Operands& o, WidthStages& s, const Target& target, bool in_blocks) {
    const int lanes = target.info().vector_bytes / o.scalar.bytes();
    s.turned_channels = std::gcd(o.in_channels, lanes);
    if (o.problem.input_layout != Layout::channels_last || o.parts > 1 || s.turned_channels < 4) {
        s.turned_channels = 0;
        s.padded = in_blocks ? PaddedRows{o.padded(), {}} : o.padded_rows();
        return;
    }
    const Func source = o.padded();
    const std::vector<Halide::Var> at = source.args();
    s.turned = Func("turned");
    s.turned(s.xi, s.k, s.xs, s.y, s.z, s.g, s.n) = source(s.xs * s.turned_side + s.xi, s.y, s.z, s.k, s.g, s.n);
    s.padded.func = Func("padded");
    s.padded.func(at) = s.turned(at[0] % s.turned_side, at[3], at[0] / s.turned_side, at[1], at[2], at[4], at[5]);
}

WidthStages stages(Operands& o, const Target& target, const Schedule& schedule) {
    WidthStages s;
    s.facts = schedule_facts(o, target);
    const int channels = schedule.get("tc");
    const TileRows rows(o.phase[1], schedule.get("ry"));
    const int kx = to_int(o.axes[0].kernel), ky = to_int(o.axes[1].kernel), kz = to_int(o.axes[2].kernel);
    const int blocks = (o.out_channels + channels - 1) / channels, groups = to_int(o.problem.groups);
    if (rows.unrolled) {
        o.set_packed({channels, kx, ky, o.in_channels, kz, blocks, groups});
    } else {
        o.set_packed({channels, kx, o.in_channels, ky, kz, blocks, groups});
    }
    if (schedule.get("stage") == 1) stage_rows(o, s, target, schedule.get("xb") > 1);
    for (int row = 0; row < rows.in_tile; row += rows.in_sum)
        s.sums.push_back(sum_of_rows(o, s, rows, row, channels));
    OutputStage& out = s.output;
    out.func = o.output(o.finish(element_of_row(o, s, rows), out.place()), out.vars(), out.part);
    s.input = o.input;
    s.tile_rows = rows.in_tile;
    s.sum_rows = rows.in_sum;
    return s;
}

Pipeline build(Operands& o, const Target& target, const Schedule& schedule) {
    WidthStages s = stages(o, target, schedule);
    schedule_width_lanes(s, schedule);
    Pipeline pipeline;
    pipeline.output = s.output.func;
    const std::size_t ky = s.tile_rows > 1 ? 1 : 2;
    build_packing(o, pipeline, [ky](const std::vector<Halide::Var>& inner) {
        return WeightIndex{inner[0], inner[ky], inner[3], inner[3 - ky]};
    });
    return pipeline;
}

}  // namespace

const Strategy width_lanes{"width_lanes", "lanes over width, all phases of the last axis in registers", refuse, build,
                           true};

}  // namespace convt
