// SPDX-License-Identifier: Apache-2.0
// Winograd's minimal filtering on phases. Every phase of a layer whose kernel is a multiple of its stride is a
// correlation with the same number of taps, and flat (phase_table.h) all of them read the same input windows: one
// transform of the input serves them all. Lanes run over output channels, or over phases (winograd_tile.h); a product
// per element of the transform and phase is a small matrix multiplication over input channels.
#include "schedules/cpu/winograd.h"
#include "compiler/facts.h"
#include "compiler/packing.h"
#include "compiler/strategies/winograd_transform.h"
#include "schedules/model.h"

#include <fmt/format.h>

#include <algorithm>

namespace convt {

using Halide::Expr;
using Halide::Func;
using Halide::RDom;

namespace {

struct TiledAxis {
    TiledAxis(const PhaseTable& phases, const Axis& axis)
        : table(phases),
          transform(winograd_transform(to_int(phases.max_taps()))),
          first(to_int(phases.flat(0) / phases.phases())),
          skip(to_int(phases.flat(0) % phases.phases())),
          stride(to_int(phases.phases())),
          positions(to_int(phases.flat(axis.output() - 1) / phases.phases() - phases.flat(0) / phases.phases() + 1)),
          outputs(to_int(axis.output())) {}

    const PhaseTable& table;
    WinogradTransform transform;
    int first;   // input index of the first tap of the first output
    int skip;    // flat places in front of that output
    int stride;  // phases
    int positions, outputs;

    int tile() const { return transform.tile.outputs; }
    int products() const { return transform.tile.products; }
    int tiles() const { return (positions + tile() - 1) / tile(); }
    // Input index of window element p of tile t.
    Expr input(const Expr& t, int p) const { return t * tile() + (first - (transform.tile.taps - 1) + p); }
    // Flat place, from that of the first tile, of output j of tile t in phase k0.
    Expr place(const Expr& t, const Expr& j, const Expr& k0) const { return (t * tile() + j) * stride + k0; }
};

bool is_image(const std::array<Axis, 3>& axes) {
    return axes[1].output() > 1 || axes[1].kernel > 1;
}

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

struct Tiling {
    Tiling(const Operands& o, int vector)
        : inner_at(is_image(o.axes) ? 0 : 1),
          band_at(1 - inner_at),
          inner(o.phase[inner_at], o.axes[inner_at]),
          band(o.phase[band_at], o.axes[band_at]),
          lanes(vector),
          phases_in_lanes(winograd_phases_in_lanes(inner_at == 0, o.phase[band_at].phases(), vector)),
          phases(phases_in_lanes ? 1 : inner.stride * band.stride),
          channels(phases_in_lanes ? o.out_channels * band.stride : o.out_channels) {}

    const std::size_t inner_at, band_at;  // which of x and y
    const TiledAxis inner, band;
    const int lanes;
    const bool phases_in_lanes;
    const int phases, channels;  // that lanes do not hold; that they do

    std::vector<Expr> xyz(const Expr& at_inner, const Expr& at_band) const {
        return inner_at == 0 ? std::vector<Expr>{at_inner, at_band, 0} : std::vector<Expr>{at_band, at_inner, 0};
    }
};

std::vector<Expr> join(std::vector<Expr> first, const std::vector<Expr>& rest) {
    first.insert(first.end(), rest.begin(), rest.end());
    return first;
}

void transform_input(const Operands& o, const Tiling& t, WinogradStages& s) {
    s.input = o.input;
    s.padded = s.has_inner ? o.padded_rows() : PaddedRows{o.padded(), RDom()};
    s.half = Func("half");
    s.half(s.ti, s.row, s.k, s.ei, s.g, s.n) = transformed(t.inner.transform.input, s.ei, [&](int p) -> Expr {
        return s.padded.func(join(t.xyz(t.inner.input(s.ti, p), s.row), {s.k, s.g, s.n}));
    });
    s.transformed = Func("transformed");
    s.transformed(s.ti, s.tb, s.k, s.e, s.g, s.n) = transformed(
        t.band.transform.input, s.e / s.inner_products,
        [&](int p) -> Expr { return s.half(s.ti, t.band.input(s.tb, p), s.k, s.e % s.inner_products, s.g, s.n); });
}

void multiply(Operands& o, const Tiling& t, WinogradStages& s, int block) {
    o.set_packed(
        {block, o.in_channels, s.products, t.phases, (t.channels + block - 1) / block, to_int(o.problem.groups)});
    s.packed = o.packed;
    s.weight_bytes = o.scalar.bytes();
    for (int extent : o.packed_extents())
        s.weight_bytes *= extent;
    s.channels = RDom(0, o.in_channels, "channels");
    s.sum = Func("sum");
    s.sum(s.c, s.ti, s.tb, s.e, s.phase, s.g, s.n) = Halide::cast(o.scalar, 0);
    s.sum(s.c, s.ti, s.tb, s.e, s.phase, s.g, s.n) +=
        s.transformed(s.ti, s.tb, s.channels, s.e, s.g, s.n) *
        o.weight(s.c % block, {s.channels, s.e, s.phase, s.c / block, s.g})[0];
    s.product = Func("product");
    s.product(s.c, s.ti, s.tb, s.e, s.phase, s.g, s.n) = s.sum(s.c, s.ti, s.tb, s.e, s.phase, s.g, s.n);
}

void transform_output(const Tiling& t, WinogradStages& s) {
    const TiledAxis &inner = t.inner, &band = t.band;
    s.back = Func("back");
    s.back(s.c, s.ji, s.jb, s.ti, s.tb, s.phase, s.g, s.n) =
        transformed(band.transform.output, s.jb, [&](int eb) -> Expr {
            return transformed(inner.transform.output, s.ji, [&](int ei) -> Expr {
                return s.product(s.c, s.ti, s.tb, eb * s.inner_products + ei, s.phase, s.g, s.n);
            });
        });
}

void gather_phases(const Operands& o, const Tiling& t, WinogradStages& s) {
    const TiledAxis &inner = t.inner, &band = t.band;
    s.places = RDom(0, inner.tile(), 0, band.tile(), 0, s.inner_tiles, 0, s.band_tiles, 0, inner.stride, 0, band.stride,
                    "places");
    const Halide::RDom& r = s.places;
    s.scratch = Func("scratch");
    s.scratch(s.c, s.fi, s.fb, s.vector, s.band, s.g, s.n) = Halide::undef(o.scalar);
    s.scratch(s.c, inner.place(r[2], r[0], r[4]), band.place(r[3], r[1], r[5]), s.vector, s.band, s.g, s.n) = s.back(
        s.vector * s.piece + s.c, r[0], r[1], r[2], s.band * s.band_tiles + r[3], r[5] * inner.stride + r[4], s.g, s.n);
}

void define_output(const Operands& o, WinogradStages& s, std::vector<Expr> place, const Expr& sum) {
    OutputStage& out = s.output;
    out.func = o.output({Halide::undef(o.scalar)}, {out.x, out.y, out.z, out.c, out.g, out.n}, out.part);
    out.func(place) = o.finish({sum + o.start(place[3], out.g, false)[0]})[0];
}

// An image: row by row of the band axis.
void write_image(const Operands& o, const Tiling& t, WinogradStages& s) {
    const TiledAxis& band = t.band;
    const int length = band.tile() * s.band_tiles * band.stride;
    s.rows = RDom(0, length, 0, (band.skip + band.outputs + length - 1) / length, "rows");
    const Expr at = s.rows[1] * length + s.rows[0] - band.skip;
    s.rows.where(at >= 0 && at < band.outputs);
    const OutputStage& out = s.output;
    std::vector<Expr> place{out.x, out.y, out.z, out.c, out.g, out.n};
    place[t.band_at] = Halide::unsafe_promise_clamped(at, 0, band.outputs - 1);
    define_output(o, s, place,
                  s.scratch(out.c % s.piece, place[t.inner_at] + t.inner.skip, s.rows[0], out.c / s.piece, s.rows[1],
                            out.g, out.n));
}

// One row in bands, by vectors. Those that hang over an end of the output are shifted inwards, and write again what the
// next ones do: no store needs a mask. Where a band holds less than a vector they are of one place.
void write_row(const Operands& o, const Tiling& t, WinogradStages& s) {
    const TiledAxis& band = t.band;
    const int length = band.tile() * s.band_tiles * band.stride, end = band.skip + band.outputs;
    const int bands = (end + length - 1) / length;
    const int shortest = std::min(std::min(length, end) - band.skip, end - (bands - 1) * length);
    s.row_vector = shortest < t.lanes || s.facts.output_channels_last ? 1 : t.lanes;
    s.rows = RDom(0, s.row_vector, 0, (length + s.row_vector - 1) / s.row_vector, 0, bands, "rows");
    const Expr from = s.rows[1] * s.row_vector, before = s.rows[2] * length;
    const Expr first = Halide::max(band.skip - before, 0), last = Halide::min(end - before, length) - s.row_vector;
    s.rows.where(from > first - s.row_vector && from < last + s.row_vector);
    const Expr at = Halide::unsafe_promise_clamped(Halide::clamp(from, first, last) + s.rows[0], 0, length - 1);
    const OutputStage& out = s.output;
    std::vector<Expr> place{out.x, out.y, out.z, out.c, out.g, out.n};
    place[t.band_at] = Halide::unsafe_promise_clamped(at + before - band.skip, 0, band.outputs - 1);
    define_output(
        o, s, place,
        s.scratch(out.c % s.piece, place[t.inner_at] + t.inner.skip, at, out.c / s.piece, s.rows[2], out.g, out.n));
}

// Phases in lanes: a vector lies in the row of one channel.
void write_phases(const Operands& o, const Tiling& t, WinogradStages& s, int vectors) {
    const TiledAxis& band = t.band;
    const int blocks = (t.channels + vectors * t.lanes - 1) / (vectors * t.lanes);
    const int length = band.tile() * s.band_tiles;
    s.rows = RDom(0, t.lanes, 0, band.tile(), 0, vectors, 0, s.band_tiles, 0, blocks, 0,
                  (band.positions + length - 1) / length, "rows");
    const Halide::RDom& r = s.rows;
    const Expr first = (r[4] * vectors + r[2]) * t.lanes;
    const Expr tile = r[5] * s.band_tiles + r[3];
    const Expr at = band.place(tile, r[1], first % band.stride) - band.skip;
    const Expr tested = band.skip % t.lanes == 0 && band.outputs % t.lanes == 0 ? at : at + r[0];
    s.rows.where(tested >= 0 && tested < band.outputs && first < t.channels);
    const OutputStage& out = s.output;
    std::vector<Expr> place{out.x, out.y, out.z, Halide::min(first / band.stride, o.out_channels - 1), out.g, out.n};
    place[t.band_at] = Halide::unsafe_promise_clamped(at + r[0], 0, band.outputs - 1);
    define_output(o, s, place, s.back(first + r[0], 0, r[1], 0, tile, 0, out.g, out.n));
}

WinogradStages stages(Operands& o, const Tiling& t, const Target& target, const Schedule& schedule) {
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
    transform_input(o, t, s);
    multiply(o, t, s, vectors * t.lanes);
    transform_output(t, s);
    if (t.phases_in_lanes) {
        write_phases(o, t, s, vectors);
    } else {
        gather_phases(o, t, s);
        s.has_inner ? write_image(o, t, s) : write_row(o, t, s);
    }
    return s;
}

// Entry b of row e of G, both known only when the packing function runs.
Expr weight_factor(const Operands& o, const TiledAxis& axis, const Expr& e, int b) {
    std::vector<Expr> column;
    for (const std::vector<double>& row : axis.transform.weight)
        column.push_back(Halide::Internal::make_const(o.scalar, row[static_cast<std::size_t>(b)]));
    return column.size() == 1 ? column[0] : Halide::mux(e, column);
}

// packed(lane, ci, e, phase, block, g): G w G^T. Inputs run against the taps: tap k0 + S m meets window element r-1-m.
void pack(Operands& o, const Tiling& t, Pipeline& pipeline) {
    const TiledAxis &inner = t.inner, &band = t.band;
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
    const Tiling tiling(o, target.info().vector_bytes / o.scalar.bytes());
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
    const ElementTypeInfo& type = element_type_info(problem.type);
    const std::int64_t lanes = target.info().vector_bytes / type.scalar_bytes;
    const std::int64_t channels = problem.out_channels / problem.groups;
    if (problem.direct) return "the problem says direct: only the definition's own products";
    if (type.parts > 1) return "complex elements are not transformed";
    if (problem.rank == 3) return "three spatial axes are not transformed";
    const std::array<Axis, 3> axes = axes_xyz(problem);
    if (channels * 2 < lanes && !winograd_phases_in_lanes(is_image(axes), axes[0].stride, lanes))
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

const Strategy winograd{"winograd", "Winograd's filtering on phases, lanes over output channels", refuse, build};

}  // namespace convt
