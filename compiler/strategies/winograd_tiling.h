// SPDX-License-Identifier: Apache-2.0
// How Winograd's filtering cuts the output into tiles: flat places (phase_table.h) along one or two axes.
#pragma once

#include "compiler/facts.h"
#include "compiler/operands.h"
#include "compiler/strategies/winograd_transform.h"
#include "schedules/cpu/winograd.h"
#include "schedules/model.h"
#include "schedules/winograd_tile.h"

namespace convt {

struct WinogradAxis {
    WinogradAxis(const PhaseTable& phases, const KernelAxis& axis)
        : table(phases),
          transform(winograd_transform(to_int(phases.max_taps()))),
          first(to_int(phases.flat(0) / phases.phases())),
          skip(to_int(phases.flat(0) % phases.phases())),
          stride(to_int(phases.phases())),
          nominal_positions(
              to_int(phases.flat(axis.output() - 1) / phases.phases() - phases.flat(0) / phases.phases() + 1)),
          open(axis.is_open()),
          positions(open ? axis.input_extent + (nominal_positions - to_int(axis.input))
                         : Halide::Expr(nominal_positions)),
          outputs(axis.output_extent()),
          nominal_outputs(to_int(axis.output())) {}

    const PhaseTable& table;
    WinogradTransform transform;
    int first;   // input index of the first tap of the first output
    int skip;    // flat places in front of that output
    int stride;  // phases
    int nominal_positions;
    bool open;
    Halide::Expr positions, outputs;
    int nominal_outputs;

    int tile() const { return transform.tile.outputs; }
    int products() const { return transform.tile.products; }
    int tiles() const { return (nominal_positions + tile() - 1) / tile(); }  // of a closed axis
    Halide::Expr all_tiles() const { return blocks(positions, tile()); }
    bool outputs_divided_by(int lanes) const { return nominal_outputs % lanes == 0 && (!open || stride % lanes == 0); }
    Halide::Expr last_output() const { return KernelAxis::last(outputs); }
    // Blocks of `length` that hold `extent`.
    static Halide::Expr blocks(const Halide::Expr& extent, int length) {
        return Halide::Internal::simplify((extent + (length - 1)) / length);
    }
    // Input index of window element p of tile t.
    Halide::Expr input(const Halide::Expr& t, int p) const {
        return t * tile() + (first - (transform.tile.taps - 1) + p);
    }
    // Flat place, from that of the first tile, of output j of tile t in phase k0.
    Halide::Expr place(const Halide::Expr& t, const Halide::Expr& j, const Halide::Expr& k0) const {
        return (t * tile() + j) * stride + k0;
    }
};

inline bool is_winograd_image(const Axis& y) {
    return y.output() > 1 || y.kernel > 1;
}

struct WinogradTiling {
    WinogradTiling(const Operands& o, int vector)
        : inner_at(is_winograd_image(o.axes[1]) ? 0 : 1),
          band_at(1 - inner_at),
          inner(o.phase[inner_at], o.axes[inner_at]),
          band(o.phase[band_at], o.axes[band_at]),
          lanes(vector),
          phases_in_lanes(
              winograd_phases_in_lanes(inner_at == 0, o.phase[band_at].phases(), vector,
                                       o.problem.output_layout == Layout::channels_last ? o.out_channels : 1)),
          phases(phases_in_lanes ? 1 : inner.stride * band.stride),
          channels(phases_in_lanes ? o.out_channels * band.stride : o.out_channels) {}

    const std::size_t inner_at, band_at;  // which of x and y
    const WinogradAxis inner, band;
    const int lanes;
    const bool phases_in_lanes;
    const int phases, channels;  // that lanes do not hold; that they do

    std::vector<Halide::Expr> xyz(const Halide::Expr& at_inner, const Halide::Expr& at_band) const {
        return inner_at == 0 ? std::vector<Halide::Expr>{at_inner, at_band, 0}
                             : std::vector<Halide::Expr>{at_band, at_inner, 0};
    }
};

// The output from the transformed products: gathered from the phases in lanes over channels, or piece by piece in lanes
// over phases, `vectors` of them at a time.
void write_winograd_output(const Operands& operands, const WinogradTiling& tiling, WinogradStages& stages, int vectors);

}  // namespace convt
