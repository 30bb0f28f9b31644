// SPDX-License-Identifier: Apache-2.0
// Winograd: a tile of cv vectors of channels times ti by tb transforms, bands of rb rows of register tiles. In 1D all
// transforms lie along the band.
#include "schedules/model.h"
#include "schedules/winograd_tile.h"

#include <algorithm>

namespace convt {
namespace {

// What a band's transformed inputs, and the weights that all bands read, may take to stay in the second-level cache.
constexpr double band_bytes = 640.0 * 1024.0;
// Bytes a core reads in a cycle, ahead of need, from the last-level cache, of which this much is its own, and from
// memory.
constexpr double last_cache_bytes = 20.0 * 1024.0 * 1024.0;
constexpr double last_cache_rate = 40;
constexpr double memory_rate = 12;
// Transformed inputs are not read ahead.
constexpr double input_rate = 20;
constexpr double first_level_bytes = 32.0 * 1024.0;
// Cycles for one element of the output that is turned from channels in lanes to places in lanes.
constexpr double turned_element = 0.5;
// Outputs above leave the second-level cache.
constexpr double far_output_bytes = 1024.0 * 1024.0;

// Tiles on one axis: flat positions (phase_table.h) over outputs of a tile.
struct TiledAxis {
    TiledAxis(const ModelFacts& f, int a)
        : tile(winograd_tile(static_cast<std::int64_t>(f.kernel(a) / f.stride(a)))),
          stride(f.stride(a)),
          count(tiles(tiles(f.output(a) + static_cast<double>(f.axes[static_cast<std::size_t>(a)].pad_low %
                                                              f.axes[static_cast<std::size_t>(a)].stride),
                            f.stride(a)),
                      tile.outputs)) {}
    WinogradTile tile;
    double stride;
    double count;
};

struct Tiling {
    explicit Tiling(const ModelFacts& f)
        : image(f.axes[1].output() > 1 || f.axes[1].kernel > 1), inner(f, image ? 0 : 1), band(f, image ? 1 : 0) {}
    bool image;  // two axes; else the only one is the band's
    TiledAxis inner, band;
    double products() const { return inner.tile.products * band.tile.products; }
    double outputs() const { return inner.tile.outputs * band.tile.outputs; }
};

// Channels that lanes run over, and phases that they do not.
struct Lanes {
    Lanes(const ModelFacts& f, const Tiling& t)
        : over_phases(winograd_phases_in_lanes(t.image, static_cast<std::int64_t>(t.band.stride),
                                               static_cast<std::int64_t>(f.lanes),
                                               f.output_channels_last ? static_cast<std::int64_t>(f.out_channels) : 1)),
          channels(over_phases ? f.out_channels * t.band.stride : f.out_channels),
          phases(over_phases ? 1 : t.inner.stride * t.band.stride) {}
    bool over_phases;
    double channels, phases;
};

std::vector<Knob> knobs(const ModelFacts& f) {
    const Tiling t(f);
    const auto tile_sizes = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};
    return {{"cv", up_to({1, 2, 3, 4}, tiles(Lanes(f, t).channels, f.lanes)), "vectors of channels in a register tile"},
            {"ti", up_to(tile_sizes, t.inner.count), "tiles of a row in a register tile"},
            {"tb", up_to(tile_sizes, t.band.count), "rows of tiles in a register tile"},
            {"rb", up_to({1, 2, 3, 4, 5, 6, 7, 8, 11, 16}, t.band.count), "rows of register tiles in a band"}};
}

TileCost tile(const ModelFacts& f, const Schedule& s) {
    const double cv = s.get("cv"), t = s.get("ti") * s.get("tb");
    return tile_cost(f, cv * t, cv + t, cv * t, cv + 1, 1);
}

// Where lanes run over phases too a tile has a part of a channel.
double channels(const ModelFacts& f, const Schedule& s) {
    return s.get("cv") * f.lanes * f.out_channels / Lanes(f, Tiling(f)).channels;
}

double bands(const ModelFacts& f, const Schedule& s) {
    return tiles(Tiling(f).band.count, s.get("tb") * s.get("rb"));
}

// Reading the transformed weights once a band, from where they are.
double weight_cycles(const ModelFacts& f, double bytes, double band_count) {
    if (bytes <= band_bytes * f.second_cache) return 0;
    const bool in_last = bytes <= last_cache_bytes * std::min(f.last_cache, 1.0);
    return band_count * bytes / ((in_last ? last_cache_rate : memory_rate) * f.far_rate);
}

// B^T d of all tiles for one group. Loads are `outputs` apart, in vectors of tiles as many as there are up to the
// lanes.
double input_cycles(const ModelFacts& f, const Tiling& t, const Schedule& s, double band_count) {
    const double band_tiles = s.get("tb") * s.get("rb");
    if (!t.image) {
        const double vectors = tiles(band_tiles, f.lanes) * band_count;
        return vectors * f.in_channels * t.products() * (4 + t.band.tile.outputs);
    }
    const double along = tiles(t.inner.count, s.get("ti")) * s.get("ti");
    const double rows = band_tiles * t.band.tile.outputs + t.band.tile.taps - 1;
    return band_count * f.in_channels *
           (tiles(along, f.lanes) * (rows * (6 * t.inner.tile.products + 8) + band_tiles * 3 * t.products()) +
            30 * rows);
}

double output_cycles(const ModelFacts& f, const Lanes& lanes) {
    const double elements = f.batch * f.groups * f.out_channels * f.output(0) * f.output(1);
    const bool far = elements * f.scalar_bytes > far_output_bytes * f.second_cache;
    return elements * (lanes.over_phases || f.output_channels_last ? 3 / f.lanes : turned_element) /
           (far ? f.far_rate : 1);
}

double cycles(const ModelFacts& f, const Schedule& s) {
    const Tiling t(f);
    const Lanes lanes(f, t);
    const double cv = s.get("cv"), tile_count = s.get("ti") * s.get("tb");
    const double band_count = bands(f, s), row_tiles = tiles(t.inner.count, s.get("ti"));
    const double band_tiles = row_tiles * s.get("rb");
    const double tile_lanes = cv * f.lanes, blocks = tiles(lanes.channels, tile_lanes);
    // Inputs of one row of tiles lie in one cache line, rows do not.
    const double spread = t.image ? 1 + 0.02 * (s.get("tb") - 1) : 1;
    // Storing a product, and for an output its share of the transform back.
    const double back = cv * tile_count * (5 * t.products() + 4 * t.outputs());
    // Weights of one element of the transform are read for every register tile.
    const double element = f.in_channels * tile_lanes * f.scalar_bytes;
    const double wait = (element <= first_level_bytes ? 0.1 : 0.4) * cv - 0.3;
    const double sums = band_count * band_tiles * blocks * lanes.phases *
                        (t.products() * (f.in_channels * (tile(f, s).cycles * spread + wait) + 25) + back);
    const double inputs = band_tiles * tile_count * f.in_channels * t.products() * f.scalar_bytes;
    const double products = band_tiles * tile_count * tile_lanes * t.products() * f.scalar_bytes;
    const double overflow = std::clamp(2 * (inputs + products - band_bytes * f.second_cache), 0.0, inputs) / input_rate;
    const double weights = blocks * element * t.products() * lanes.phases;
    return f.batch * f.groups *
               (sums + input_cycles(f, t, s, band_count) + band_count * blocks * lanes.phases * overflow +
                weight_cycles(f, weights, band_count)) +
           output_cycles(f, lanes);
}

// The input always.
bool fetches(const ModelFacts&) {
    return true;
}

}  // namespace

const ScheduleSpace winograd_space{"winograd", knobs,           tile,  cycles, channels,
                                   false,      row_block_bytes, bands, false,  fetches};

}  // namespace convt
