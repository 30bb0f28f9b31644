// SPDX-License-Identifier: Apache-2.0
// Winograd's minimal filtering on phases. Every phase of a layer whose kernel is a multiple of its stride is a
// correlation with the same number of taps, and flat (phase_table.h) all of them read the same input windows: one
// transform of the input serves them all. Lanes run over output channels, or over phases (winograd_tile.h); a product
// per element of the transform and phase is a small matrix multiplication over input channels.
#include "compiler/packing.h"
#include "compiler/strategies/winograd_tiling.h"

#include <fmt/format.h>

#include <algorithm>

namespace convt {

using Halide::Expr;
using Halide::Func;
using Halide::RDom;

namespace {

// Sum of row[p] * term(p), entries 0, 1 and -1; strict: LLVM would choose the order anew for every loop around it, and
// bits would depend on what runs in parallel.
template <typename Term>
Expr combine(const std::vector<double>& row, const Term& term) {
    Expr sum;
    for (std::size_t p = 0; p < row.size(); ++p) {
        if (row[p] == 0) continue;
        const Expr value = term(static_cast<int>(p));
        if (!sum.defined()) {
            sum = row[p] > 0 ? value : -value;
        } else {
            sum = row[p] > 0 ? sum + value : sum - value;
        }
    }
    return Halide::strict_float(sum);
}

// One combination a row of `matrix`, chosen by `e`.
template <typename Term>
Expr transformed(const Matrix& matrix, const Expr& e, const Term& term) {
    std::vector<Expr> rows;
    for (const std::vector<double>& row : matrix)
        rows.push_back(combine(row, term));
    return rows.size() == 1 ? rows[0] : Halide::mux(e, rows);
}

std::vector<Expr> join(std::vector<Expr> first, const std::vector<Expr>& rest) {
    first.insert(first.end(), rest.begin(), rest.end());
    return first;
}

void transform_input(const Operands& o, const WinogradTiling& t, WinogradStages& s) {
    s.input = o.input;
    s.padded = s.has_inner && !s.facts.input_channels_last ? o.padded_rows() : PaddedRows{o.padded(), RDom()};
    s.half = Func("half");
    s.half(s.ti, s.row, s.k, s.ei, s.g, s.n) = transformed(t.inner.transform.input, s.ei, [&](int p) -> Expr {
        return s.padded.func(join(t.xyz(t.inner.input(s.ti, p), s.row), {s.k, s.g, s.n}));
    });
    s.transformed = Func("transformed");
    s.transformed(s.ti, s.tb, s.k, s.e, s.g, s.n) = transformed(
        t.band.transform.input, s.e / s.inner_products,
        [&](int p) -> Expr { return s.half(s.ti, t.band.input(s.tb, p), s.k, s.e % s.inner_products, s.g, s.n); });
}

void multiply(Operands& o, const WinogradTiling& t, WinogradStages& s, int block) {
    o.set_packed(
        {block, o.in_channels, s.products, t.phases, (t.channels + block - 1) / block, to_int(o.problem.groups)});
    s.packed = o.packed;
    s.channels = RDom(0, o.in_channels, "channels");
    s.sum = Func("sum");
    s.sum(s.c, s.ti, s.tb, s.e, s.phase, s.g, s.n) = Halide::cast(o.scalar, 0);
    s.sum(s.c, s.ti, s.tb, s.e, s.phase, s.g, s.n) +=
        s.transformed(s.ti, s.tb, s.channels, s.e, s.g, s.n) *
        o.weight(s.c % block, {s.channels, s.e, s.phase, s.c / block, s.g})[0];
    s.product = Func("product");
    s.product(s.c, s.ti, s.tb, s.e, s.phase, s.g, s.n) = s.sum(s.c, s.ti, s.tb, s.e, s.phase, s.g, s.n);
}

void transform_output(const WinogradTiling& t, WinogradStages& s) {
    const WinogradAxis &inner = t.inner, &band = t.band;
    s.back = Func("back");
    s.back(s.c, s.ji, s.jb, s.ti, s.tb, s.phase, s.g, s.n) =
        transformed(band.transform.output, s.jb, [&](int eb) -> Expr {
            return transformed(inner.transform.output, s.ji, [&](int ei) -> Expr {
                return s.product(s.c, s.ti, s.tb, eb * s.inner_products + ei, s.phase, s.g, s.n);
            });
        });
}

WinogradStages stages(Operands& o, const WinogradTiling& t, const Target& target, const Schedule& schedule) {
    const int inner_tile = schedule.get("ti"), vectors = schedule.get("cv");
    WinogradStages s;
    s.facts = schedule_facts(o, target);
    s.has_inner = t.inner_at == 0;
    s.phases_in_lanes = t.phases_in_lanes;
    s.piece = t.lanes > 4 ? t.lanes / 2 : t.lanes;
    s.inner_tiles = (t.inner.tiles() + inner_tile - 1) / inner_tile * inner_tile;
    s.inner_products = t.inner.products();
    s.products = t.inner.products() * t.band.products();
    s.band_tiles = schedule.get("tb") * schedule.get("rb");
    s.open_bands = t.band.open;
    s.bands = (t.band.nominal_positions + t.band.tile() * s.band_tiles - 1) / (t.band.tile() * s.band_tiles);
    transform_input(o, t, s);
    multiply(o, t, s, vectors * t.lanes);
    transform_output(t, s);
    write_winograd_output(o, t, s, vectors);
    return s;
}

// Entry b of row e of G, both known only when the packing function runs.
Expr weight_factor(const Operands& o, const WinogradAxis& axis, const Expr& e, int b) {
    std::vector<Expr> column;
    for (const std::vector<double>& row : axis.transform.weight)
        column.push_back(Halide::Internal::make_const(o.scalar, row[static_cast<std::size_t>(b)]));
    return column.size() == 1 ? column[0] : Halide::mux(e, column);
}

// packed(lane, ci, e, phase, block, g): G w G^T. Inputs run against the taps: tap k0 + S m meets window element r-1-m.
void pack(Operands& o, const WinogradTiling& t, Pipeline& pipeline) {
    const WinogradAxis &inner = t.inner, &band = t.band;
    build_packing(o, pipeline, [&](const std::vector<Halide::Var>& at, const ReadWeight& read) -> Expr {
        const Expr ci = at[1], e = at[2];
        WeightSource source = channel_source(o, at, {});
        Expr phase = at[3];
        if (t.phases_in_lanes) {
            const Expr lane = at[4] * o.packed_extents()[0] + at[0];
            phase = lane % band.stride * inner.stride;
            source.channel = Halide::min(lane / band.stride, o.out_channels - 1);
            source.exists = lane < t.channels;
        }
        Expr sum;
        for (int b = 0; b < band.transform.tile.taps; ++b) {
            for (int a = 0; a < inner.transform.tile.taps; ++a) {
                const std::vector<Expr> k =
                    t.xyz(phase % inner.stride + inner.stride * (inner.transform.tile.taps - 1 - a),
                          phase / inner.stride + band.stride * (band.transform.tile.taps - 1 - b));
                source.at = {k[0], k[1], k[2], ci};
                const Expr term = weight_factor(o, inner, e % inner.products(), a) *
                                  weight_factor(o, band, e / inner.products(), b) * read(source);
                sum = sum.defined() ? sum + term : term;
            }
        }
        return sum;
    });
}

Pipeline build(Operands& o, const Target& target, const Schedule& schedule) {
    const WinogradTiling tiling(o, target.info().vector_bytes / o.scalar.bytes());
    WinogradStages s = stages(o, tiling, target, schedule);
    schedule_winograd(s, schedule);
    Pipeline pipeline;
    pipeline.output = s.output.func;
    pack(o, tiling, pipeline);
    const WinogradTransform &inner = tiling.inner.transform, &band = tiling.band.transform;
    pipeline.transform = {inner.growth() * band.growth(), inner.roundings() + band.roundings(),
                          inner.divisor() * band.divisor()};
    return pipeline;
}

// Tensors are below 2^31 bytes; so must be what is made of them.
constexpr double largest_tensor = 2147483647.0;

std::string too_large(const Problem& problem, const Target& target) {
    const ModelFacts f(problem, target);
    double products = 1, phases = 1;
    for (int a = 0; a < 2; ++a) {
        products *= winograd_tile(static_cast<std::int64_t>(f.kernel(a) / f.stride(a))).products;
        phases *= f.stride(a);
    }
    const double block = 4 * f.lanes;
    const double packed =
        (f.out_channels * phases + block * phases) * f.groups * f.in_channels * products * f.scalar_bytes;
    // One row of register tiles of at most 16 by 4 transforms.
    const double row = (f.positions[0] + 16) * 4 * f.in_channels * products * f.scalar_bytes;
    if (packed <= largest_tensor && row <= largest_tensor) return {};
    return fmt::format("{:.3g} bytes of transformed weights and {:.3g} of inputs, {:.3g} is the limit", packed, row,
                       largest_tensor);
}

std::string refuse(const Problem& problem, const Target& target) {
    const ElementTypeInfo& type = element_type_info(problem.types().sum);
    const std::int64_t lanes = target.info().vector_bytes / type.scalar_bytes;
    const std::int64_t channels = problem.out_channels / problem.groups;
    if (problem.sums != Sums::any) return "the problem says direct or ordered: only the definition's own products";
    if (type.parts > 1) return "complex elements are not transformed";
    if (type.exponent_bits == 0) return "transforms of integers have fractions";
    if (problem.rank == 3) return "three spatial axes are not transformed";
    const std::array<Axis, 3> axes = axes_xyz(problem);
    if (axes[0].is_open() && is_winograd_image(axes[1]))
        return "open extents: the rows of an image are cut into tiles when compiling";
    if (channels * 2 < lanes && !winograd_phases_in_lanes(is_winograd_image(axes[1]), axes[0].stride, lanes, 1))
        return fmt::format("{} output channels a group fill less than half of {} lanes", channels, lanes);
    std::int64_t most = 1, taps = 1;
    for (const Axis& axis : axes_xyz(problem)) {
        if (axis.dilation != 1 && axis.kernel != 1) return "dilated taps are not neighbours";
        if (axis.kernel % axis.stride != 0) return "the kernel is no multiple of the stride: phases differ in taps";
        most = std::max(most, axis.kernel / axis.stride);
        taps *= axis.kernel / axis.stride;
    }
    if (most == 1) return "one tap a phase: there is nothing to save";
    if (most > 4 || (most == 4 && taps > 4))
        return fmt::format("{} taps a phase: larger tiles lose digits", most == taps ? most : taps);
    return too_large(problem, target);
}

}  // namespace

const Strategy winograd{"winograd", "Winograd's filtering on phases, lanes over output channels", refuse, build, true};

}  // namespace convt
