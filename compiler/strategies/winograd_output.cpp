// SPDX-License-Identifier: Apache-2.0
// From transformed products to the output: pixels where channels are last, an image row by row, a single row by
// vectors, or pieces of a row where phases lie in lanes.
#include "compiler/strategies/winograd_tiling.h"

#include <algorithm>

namespace convt {

using Halide::Expr;
using Halide::Func;
using Halide::RDom;

namespace {

// A band that hangs over the end of an open row is no longer than the row; that of a closed one goes with it.
void inside_row(const WinogradAxis& band, const Expr& tile, RDom& domain) {
    if (band.open) domain.where(tile < band.all_tiles());
}

// Tiles that hold a vector of outputs, wherever the row ends.
int tiles_of_vector(const WinogradTiling& t) {
    const int outputs = t.band.tile() * t.band.stride;
    return (t.lanes - 1 + outputs - 1) / outputs + 1;
}

// Neighbouring outputs of a row that are stored together: a vector where every band holds one.
int row_vector(const WinogradTiling& t, const WinogradStages& s) {
    const WinogradAxis& band = t.band;
    const int length = band.tile() * s.band_tiles * band.stride, end = band.skip + band.nominal_outputs;
    if (band.open) return length - band.skip >= t.lanes && s.band_tiles >= tiles_of_vector(t) ? t.lanes : 1;
    const int bands = (end + length - 1) / length;
    const int shortest = std::min(std::min(length, end) - band.skip, end - (bands - 1) * length);
    return shortest < t.lanes ? 1 : t.lanes;
}

// First tile of a band. The last one of an open row begins as early as a vector of outputs needs.
Expr first_tile(const WinogradTiling& t, const WinogradStages& s, const Expr& band) {
    const Expr tile = band * s.band_tiles;
    if (!s.open_bands || s.row_vector == 1) return tile;
    return Halide::max(Halide::min(tile, t.band.all_tiles() - tiles_of_vector(t)), 0);
}

void gather_phases(const Operands& o, const WinogradTiling& t, WinogradStages& s) {
    const WinogradAxis &inner = t.inner, &band = t.band;
    s.places = RDom(0, inner.tile(), 0, band.tile(), 0, s.inner_tiles, 0, s.band_tiles, 0, inner.stride, 0, band.stride,
                    "places");
    const Halide::RDom& r = s.places;
    const Expr tile = first_tile(t, s, s.band) + r[3];
    inside_row(band, tile, s.places);
    s.scratch = Func("scratch");
    s.scratch(s.c, s.fi, s.fb, s.vector, s.band, s.g, s.n) = Halide::undef(o.scalar);
    s.scratch(s.c, inner.place(r[2], r[0], r[4]), band.place(r[3], r[1], r[5]), s.vector, s.band, s.g, s.n) =
        s.back(s.vector * s.piece + s.c, r[0], r[1], r[2], tile, r[5] * inner.stride + r[4], s.g, s.n);
}

void define_output(const Operands& o, WinogradStages& s, const std::vector<Expr>& place, const Expr& sum) {
    OutputStage& out = s.output;
    out.func = o.output({Halide::undef(o.scalar)}, out.vars(), out.part);
    out.func(place) = o.stored(o.finish({sum + o.start(place[3], out.g, false)[0]}, place), out.part);
}

// An image: row by row of the band axis.
void write_image(const Operands& o, const WinogradTiling& t, WinogradStages& s) {
    const WinogradAxis& band = t.band;
    const int length = band.tile() * s.band_tiles * band.stride;
    s.rows = RDom(0, length, 0, WinogradAxis::blocks(band.skip + band.outputs, length), "rows");
    const Expr at = s.rows[1] * length + s.rows[0] - band.skip;
    s.rows.where(at >= 0 && at < band.outputs);
    const OutputStage& out = s.output;
    std::vector<Expr> place = out.place();
    place[t.band_at] = Halide::unsafe_promise_clamped(at, 0, band.last_output());
    define_output(o, s, place,
                  s.scratch(out.c % s.piece, place[t.inner_at] + t.inner.skip, s.rows[0], out.c / s.piece, s.rows[1],
                            out.g, out.n));
}

// One row in bands, by vectors. Those that hang over an end of the output are shifted inwards, and write again what the
// next ones do: no store needs a mask. Where a band holds less than a vector they are of one place; so they are where
// an open row does, which is known when the kernel runs (`wide`).
void write_row(const Operands& o, const WinogradTiling& t, WinogradStages& s) {
    const WinogradAxis& band = t.band;
    const int length = band.tile() * s.band_tiles * band.stride;
    const Expr end = band.skip + band.outputs;
    s.rows = RDom(0, s.row_vector, 0, (length + s.row_vector - 1) / s.row_vector, 0, WinogradAxis::blocks(end, length),
                  "rows");
    const Expr from = s.rows[1] * s.row_vector;
    const Expr before = first_tile(t, s, s.rows[2]) * (band.tile() * band.stride);
    const Expr first = Halide::max(band.skip - before, 0), last = Halide::min(end - before, length) - s.row_vector;
    s.rows.where(from > first - s.row_vector && from < last + s.row_vector);
    const Expr place_in_band = Halide::clamp(from, first, last) + s.rows[0];
    if (band.open && s.row_vector > 1) {  // where they are alone, `from` keeps to the band
        s.wide = band.outputs >= s.row_vector;
        s.rows.where(s.wide || place_in_band < end);
    }
    const Expr at = Halide::unsafe_promise_clamped(place_in_band, 0, length - 1);
    const OutputStage& out = s.output;
    std::vector<Expr> place = out.place();
    place[t.band_at] = Halide::unsafe_promise_clamped(at + before - band.skip, 0, band.last_output());
    define_output(
        o, s, place,
        s.scratch(out.c % s.piece, place[t.inner_at] + t.inner.skip, at, out.c / s.piece, s.rows[2], out.g, out.n));
}

// Phases in lanes: a vector lies in the row of one channel.
void write_phases(const Operands& o, const WinogradTiling& t, WinogradStages& s, int vectors) {
    const WinogradAxis& band = t.band;
    const int blocks = (t.channels + vectors * t.lanes - 1) / (vectors * t.lanes);
    const int length = band.tile() * s.band_tiles;
    s.rows = RDom(0, t.lanes, 0, band.tile(), 0, vectors, 0, s.band_tiles, 0, blocks, 0,
                  WinogradAxis::blocks(band.positions, length), "rows");
    const Halide::RDom& r = s.rows;
    const Expr first = (r[4] * vectors + r[2]) * t.lanes;
    const Expr tile = r[5] * s.band_tiles + r[3];
    inside_row(band, tile, s.rows);
    const Expr at = band.place(tile, r[1], first % band.stride) - band.skip;
    const Expr tested = band.skip % t.lanes == 0 && band.outputs_divided_by(t.lanes) ? at : at + r[0];
    s.rows.where(tested >= 0 && tested < band.outputs && first < t.channels);
    const OutputStage& out = s.output;
    std::vector<Expr> place{out.x, out.y, out.z, Halide::min(first / band.stride, o.out_channels - 1), out.g, out.n};
    place[t.band_at] = Halide::unsafe_promise_clamped(at + r[0], 0, band.last_output());
    define_output(o, s, place, s.back(first + r[0], 0, r[1], 0, tile, 0, out.g, out.n));
}

// Channels last: a vector of channels is a piece of a pixel.
void write_pixels(const Operands& o, const WinogradTiling& t, WinogradStages& s) {
    const WinogradAxis &inner = t.inner, &band = t.band;
    const int length = band.tile() * s.band_tiles;
    s.rows = RDom(0, inner.tile(), 0, band.tile(), 0, s.inner_tiles, 0, s.band_tiles, 0, inner.stride, 0, band.stride,
                  0, WinogradAxis::blocks(band.positions, length), "rows");
    const Halide::RDom& r = s.rows;
    const Expr tile = r[6] * s.band_tiles + r[3];
    inside_row(band, tile, s.rows);
    const Expr at_inner = inner.place(r[2], r[0], r[4]) - inner.skip;
    const Expr at_band = band.place(tile, r[1], r[5]) - band.skip;
    s.rows.where(at_inner >= 0 && at_inner < inner.outputs && at_band >= 0 && at_band < band.outputs);
    const OutputStage& out = s.output;
    std::vector<Expr> place = out.place();
    place[t.inner_at] = Halide::unsafe_promise_clamped(at_inner, 0, inner.last_output());
    place[t.band_at] = Halide::unsafe_promise_clamped(at_band, 0, band.last_output());
    define_output(o, s, place, s.back(out.c, r[0], r[1], r[2], tile, r[5] * inner.stride + r[4], out.g, out.n));
}

}  // namespace

void write_winograd_output(const Operands& o, const WinogradTiling& t, WinogradStages& s, int vectors) {
    if (t.phases_in_lanes) return write_phases(o, t, s, vectors);
    if (s.facts.output_channels_last) return write_pixels(o, t, s);
    if (!s.has_inner) s.row_vector = row_vector(t, s);
    gather_phases(o, t, s);
    s.has_inner ? write_image(o, t, s) : write_row(o, t, s);
}

}  // namespace convt
