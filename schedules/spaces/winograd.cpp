// SPDX-License-Identifier: Apache-2.0
// Winograd: a tile of cv vectors of channels times ti by tb transforms, bands of rb rows of register tiles. In 1D all
// transforms lie along the band.
#include "schedules/model.h"
#include "schedules/winograd_tile.h"

#include <algorithm>

namespace convt {
namespace {

// A band's transformed inputs stay in the second-level cache beside the weights that stream through it.
constexpr double band_bytes = 640.0 * 1024.0;
// Bytes a core reads in a cycle from the last-level cache, of which this much is its own, and from memory.
constexpr double last_cache_bytes = 20.0 * 1024.0 * 1024.0;
constexpr double last_cache_rate = 30;
constexpr double memory_rate = 8;

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
    double phases() const { return inner.stride * band.stride; }
};

std::vector<Knob> knobs(const ModelFacts& f) {
    const Tiling t(f);
    const auto tile_sizes = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};
    return {{"cv", up_to({1, 2, 3, 4}, tiles(f.out_channels, f.lanes)), "vectors of channels in a register tile"},
            {"ti", up_to(tile_sizes, t.inner.count), "tiles of a row in a register tile"},
            {"tb", up_to(tile_sizes, t.band.count), "rows of tiles in a register tile"},
            {"rb", up_to({1, 2, 3, 4, 5, 6, 7, 8, 11, 16}, t.band.count), "rows of register tiles in a band"}};
}

TileCost tile(const ModelFacts& f, const Schedule& s) {
    const double cv = s.get("cv"), t = s.get("ti") * s.get("tb");
    return tile_cost(f, cv * t, cv + t, cv * t, cv + 1, 1);
}

double channels(const ModelFacts& f, const Schedule& s) {
    return s.get("cv") * f.lanes;
}

double bands(const ModelFacts& f, const Schedule& s) {
    return tiles(Tiling(f).band.count, s.get("tb") * s.get("rb"));
}

// Reading the transformed weights, once a band, from where they are: they are up to four times the weights.
double weight_cycles(const ModelFacts& f, const Tiling& t, double band_count) {
    const double bytes = f.groups * f.in_channels * tiles(f.out_channels, f.lanes) * f.lanes * t.products() *
                         t.phases() * f.scalar_bytes;
    if (bytes <= band_bytes * f.second_cache) return 0;
    return bytes <= last_cache_bytes * f.last_cache ? f.batch * band_count * bytes / last_cache_rate
                                                    : f.batch * band_count * bytes / memory_rate;
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
    return tiles(along, f.lanes) * band_count * f.in_channels *
           (rows * (6 * t.inner.tile.products + 8) + band_tiles * 3 * t.products());
}

double cycles(const ModelFacts& f, const Schedule& s) {
    const Tiling t(f);
    const double cv = s.get("cv"), tile_count = s.get("ti") * s.get("tb");
    const double band_count = bands(f, s), row_tiles = tiles(t.inner.count, s.get("ti"));
    const double register_tiles = band_count * s.get("rb") * row_tiles;
    // Inputs of one row of tiles lie in one cache line, rows do not.
    const double spread = t.image ? 1 + 0.02 * (s.get("tb") - 1) : 1;
    const double back = cv * tile_count * (t.products() + t.outputs()) * 1.2;
    const double sums =
        register_tiles * tiles(f.out_channels, channels(f, s)) * t.phases() *
        (t.products() * (f.in_channels * (tile(f, s).cycles * spread + 0.4 * cv) + cv * tile_count + 10) + back);
    const double held = row_tiles * tile_count * s.get("rb") * f.in_channels * t.products() * f.scalar_bytes;
    const double overflow = held > band_bytes * f.second_cache ? 1.3 : 1;
    // In 1D every copied element is tested for lying inside the output.
    const double first = element_copies(f) * (t.image ? 1 : 2);
    const double copies = f.output_channels_last ? element_copies(f) / f.lanes * 2 : first;
    return f.batch * f.groups * (sums * overflow + input_cycles(f, t, s, band_count)) +
           weight_cycles(f, t, band_count) + copies;
}

}  // namespace

const ScheduleSpace winograd_space{"winograd", knobs, tile, cycles, channels, false, row_block_bytes, bands};

}  // namespace convt
