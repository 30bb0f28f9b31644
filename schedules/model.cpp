// SPDX-License-Identifier: Apache-2.0
// The analytic model: cycles of one core for a schedule. It counts what the register tile does per input channel and
// tap (two FMAs and two loads a cycle, four cycles of FMA latency: the width of every x86-64-v3 and v4 core met), lanes
// and tiles that hang over the edge, stores, and the copy with zeros. Caches enter through the size of a row block
// only. It ranks; it does not predict times.
#include "schedules/model.h"

#include <algorithm>
#include <cmath>

namespace convt {
namespace {

constexpr double loads_per_cycle = 2;
constexpr double fmas_per_cycle = 2;
constexpr double fma_latency = 4;
constexpr double stream_bytes_per_cycle = 24;  // from a second- or third-level cache
constexpr double scalar_store = 1.5;           // cycles for one element of a vector stored with a stride

double tiles(double extent, double tile) {
    return std::ceil(extent / tile);
}

TileCost cost_of(const ModelFacts& f, double fmas, double loads, double accumulators, double held, double chain) {
    const double arithmetic = fmas * f.parts * f.parts / fmas_per_cycle;
    return {accumulators * f.parts + held, fmas * f.parts * f.parts,
            std::max({arithmetic, loads * f.parts / loads_per_cycle, chain * fma_latency}) + 0.5};
}

double row_work(const ModelFacts& f) {
    return f.batch * f.groups * f.output(1) * f.taps[1] * f.output(2) * f.taps[2] * f.in_channels;
}

double width_cycles(const ModelFacts& f, const Schedule& s, const TileCost& tile) {
    const double tx = s.get("tx"), tc = s.get("tc");
    const double tiles_x = tiles(f.positions[0], tx * f.lanes), tiles_c = tiles(f.out_channels, tc);
    const double rows = f.batch * f.groups * f.output(1) * f.output(2);
    const double stores = rows * tiles_x * tiles_c * (tx * tc * f.stride(0) * f.parts * 2 + 20);
    return row_work(f) * tiles_x * tiles_c * tile.cycles + stores;
}

double rolled_tiles(const ModelFacts& f) {
    return f.batch * f.groups * f.stride(0) * f.taps[0] * f.stride(1) * f.taps[1] * f.output(2) * f.taps[2] *
           f.in_channels;
}

double scattered_outputs(const ModelFacts& f) {
    return f.batch * f.groups * f.out_channels * f.output(0) * f.output(1) * f.output(2) * f.parts * scalar_store;
}

double channel_cycles(const ModelFacts& f, const Schedule& s, const TileCost& tile) {
    const double channels = s.get("cv") * f.lanes;
    const double in_tiles =
        tiles(f.positions[0], s.get("qx")) * tiles(f.positions[1], s.get("qy")) * tiles(f.out_channels, channels);
    const double outputs = scattered_outputs(f);
    // Weights are read again for every tile of positions; half of that hides behind arithmetic.
    const double weights =
        f.groups * f.out_channels * f.in_channels * f.kernel(0) * f.kernel(1) * f.kernel(2) * f.parts * f.scalar_bytes;
    const double passes = f.batch * tiles(f.positions[0], s.get("qx")) * tiles(f.positions[1], s.get("qy")) *
                          f.output(2) * f.taps[2] / f.kernel(2);
    const double streaming = 0.5 * weights * passes / stream_bytes_per_cycle;
    const double copies =
        f.batch * f.groups * f.in_channels * f.input(0) * f.input(1) * f.input(2) * f.parts * scalar_store;
    const double flat = 1 + 0.01 * s.get("qy");  // positions of a row lie in one cache line, rows do not
    return streaming + rolled_tiles(f) * in_tiles * tile.cycles * flat +
           (f.channels_last_output > 0 ? outputs / f.lanes * 2 : outputs) + copies;
}

double general_cycles(const ModelFacts& f, const Schedule& s, const TileCost& tile) {
    const double in_tiles =
        tiles(f.positions[0], s.get("tx") * f.lanes) * f.positions[1] * tiles(f.out_channels, s.get("tc"));
    return rolled_tiles(f) * in_tiles * tile.cycles + 2 * scattered_outputs(f);
}

}  // namespace

std::array<Axis, 3> axes_xyz(const Problem& problem) {
    std::array<Axis, 3> axes{};
    for (int a = 0; a < problem.rank; ++a) {
        Axis& axis = axes[static_cast<std::size_t>(a)];
        axis = problem.axes[static_cast<std::size_t>(problem.rank - 1 - a)];
        if (axis.input == 1) axis.stride = axis.dilation * (axis.kernel - 1) + 1;
    }
    return axes;
}

ModelFacts::ModelFacts(const Problem& problem, const Target& target)
    : axes(axes_xyz(problem)),
      lanes(static_cast<double>(target.info().vector_bytes) / element_type_info(problem.type).scalar_bytes),
      registers(target.info().vector_registers),
      parts(element_type_info(problem.type).parts),
      in_channels(static_cast<double>(problem.in_channels / problem.groups)),
      out_channels(static_cast<double>(problem.out_channels / problem.groups)),
      groups(static_cast<double>(problem.groups)),
      batch(static_cast<double>(problem.batch)),
      positions{},
      taps{},
      scalar_bytes(element_type_info(problem.type).scalar_bytes),
      channels_last_output(problem.output_layout == Layout::channels_last ? 1 : 0) {
    for (int a = 0; a < 3; ++a) {
        positions[static_cast<std::size_t>(a)] = tiles(output(a), stride(a));
        taps[static_cast<std::size_t>(a)] = kernel(a) / std::min(stride(a), output(a));
    }
}

TileCost tile_cost(std::string_view strategy, const ModelFacts& f, const Schedule& s) {
    if (strategy == "width_lanes") {
        const double tx = s.get("tx"), tc = s.get("tc"), kernel = f.kernel(0), stride = f.stride(0);
        const double offsets = tiles(f.kernel(0) * static_cast<double>(f.axes[0].dilation), stride);
        return cost_of(f, kernel * tx * tc, tx * offsets + kernel * tc, stride * tx * tc, tx + 1,
                       tiles(kernel, stride));
    }
    if (strategy == "channel_lanes") {
        const double cv = s.get("cv"), q = s.get("qx") * s.get("qy");
        return cost_of(f, cv * q, cv + q, cv * q, cv + 1, 1);
    }
    const double tx = s.get("tx"), tc = s.get("tc");
    return cost_of(f, tx * tc, tx + tc, tx * tc, tx + 1, 1);
}

double estimate_cycles(std::string_view strategy, const Problem& problem, const Target& target,
                       const Schedule& schedule) {
    const ModelFacts facts(problem, target);
    const TileCost tile = tile_cost(strategy, facts, schedule);
    if (strategy == "width_lanes") return width_cycles(facts, schedule, tile);
    if (strategy == "channel_lanes") return channel_cycles(facts, schedule, tile);
    return general_cycles(facts, schedule, tile);
}

}  // namespace convt
