// SPDX-License-Identifier: Apache-2.0
// The stages of strategy `winograd`. Tiles lie on two axes: `inner` (x of an image, nothing in 1D) and `band` (y of an
// image, x in 1D), whose tiles are computed in bands of rb, one after the other.
#pragma once

#include "schedules/cpu/stages.h"

namespace convt {

struct WinogradStages {
    ScheduleFacts facts;
    bool has_inner = true;  // a second axis
    int inner_tiles = 1;    // tiles of the inner axis, whole register tiles
    int inner_products = 1, products = 1;
    bool phases_in_lanes = false;  // c: phases of channels; no scratch
    int piece = 1;                 // neighbouring channels in the scratch
    int band_tiles = 1;            // tiles of the band axis in one band
    int bands = 1;                 // of an open axis the nominal count
    bool open_bands = false;       // it is open: the last band ends with the row
    Halide::ImageParam input, packed;
    // padded input; `half`: transformed along the inner axis; `transformed`: along both; `sum`: over channels, for a
    // register tile; `product`: its finished sums; `scratch`: outputs, flat (phase_table.h), channels innermost.
    PaddedRows padded;
    Halide::Func half, transformed, sum, product, back, scratch;
    OutputStage output;
    Halide::Var c{"c"}, ti{"ti"}, tb{"tb"}, row{"row"}, k{"k"}, e{"e"}, ei{"ei"}, phase{"phase"}, fi{"fi"}, fb{"fb"},
        vector{"vector"}, ji{"ji"}, jb{"jb"}, band{"band"}, g{"g"}, n{"n"};
    Halide::RDom channels;  // k of the sum
    Halide::RDom places;    // of scratch: outputs of a tile ji, jb; tile in the register tile; phase; register tile
    // Of the output of an image: row in the band, band. In 1D: place in a vector of row_vector, vector in the band,
    // band; or, with phases in lanes: lane, output of a tile, vector of channels, tile in the band, their block, band.
    // With channels last: outputs of a tile ji, jb; tile ti, tb in the band; phase of inner and band; band.
    Halide::RDom rows;
    int row_vector = 1;
    Halide::Expr wide;  // of an open row: it holds a vector. Not defined where that is known
};

void schedule_winograd(WinogradStages& stages, const Schedule& schedule);

}  // namespace convt
