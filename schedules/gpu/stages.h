// SPDX-License-Identifier: Apache-2.0
// The stages of a GPU's pipeline as a strategy hands them to its schedule.
#pragma once

#include "schedules/cpu/stages.h"

namespace convt {

// GPU general: `sum`(x, y, z, c, g, n) holds output places; its update runs over (mx, my, mz, ci).
struct GpuGeneralStages {
    ScheduleFacts facts;
    Halide::Func sum;
    OutputStage output;
    Halide::Var x{"x"}, y{"y"}, z{"z"}, c{"c"}, g{"g"}, n{"n"};
    Halide::RDom taps;
};

// What a block of GPU tiles is: tx x ty x tc threads, each with rx x ry positions and rc output channels in registers;
// `chunk` input channels are staged at a time.
struct GpuTileSizes {
    GpuTileSizes() = default;
    explicit GpuTileSizes(const Schedule& schedule)
        : tx(schedule.get("tx")),
          ty(schedule.get("ty")),
          tc(schedule.get("tc")),
          rx(schedule.get("rx")),
          ry(schedule.get("ry")),
          rc(schedule.get("rc")),
          chunk(schedule.get("ci")),
          slices(schedule.get("ks")) {}
    int tx = 1, ty = 1, tc = 1, rx = 1, ry = 1, rc = 1, chunk = 1;
    int slices = 1;  // of the input channels, a block each; a second kernel adds them
    int vector = 1;  // scalars of 16 bytes that divide rc
    int threads() const { return tx * ty * tc; }
    int positions_x() const { return tx * rx; }
    int positions_y() const { return ty * ry; }
    int channels() const { return tc * rc; }
    // Channel i of thread t of the block: vectors of neighbouring threads lie side by side, so that they meet in no
    // bank.
    Halide::Expr channel(const Halide::Expr& t, const Halide::Expr& i) const {
        return (i / vector * tc + t) * vector + i % vector;
    }
};

// GPU tiles: `sum`(i, jx, ux, uy, vx, vy, t, block) holds channel t rc + i at position (ux tx + vx, uy ty + vy) of a
// block (bx, by, jy, z, cb, g, n, k), where threads are (vx, vy, t); its update runs over (jx, input offset, channel of
// the chunk, my, mz, chunk). `input` and `weights` are staged for one chunk and tap of y and z; `taken` are
// a thread's weights of one input channel, all taps of x; `held` is `sum` in
// order, from which an update over `places` writes the output: (x in the tile, y in the tile, t, i, bx, by, jy, cb).
struct GpuTileStages {
    ScheduleFacts facts;
    GpuTileSizes sizes;
    Halide::Func input, weights, taken, sum, held;
    Halide::Func slices;  // the output's places of every slice k, where there are several
    OutputStage output;
    Halide::Func& written() { return slices.defined() ? slices : output.func; }  // what `places` writes
    int columns = 1, run = 1;   // of the staged input; of the packed weights
    int kernel = 1;             // of x
    int unrolled_channels = 1;  // of the chunk's, in the loop that multiplies
    int scalar_bytes = 4;
    Halide::Var lx{"lx"}, ly{"ly"}, lc{"lc"}, lw{"lw"}, kx{"kx"}, my{"my"}, mz{"mz"}, chunk{"chunk"};
    Halide::Var i{"i"}, jx{"jx"}, ux{"ux"}, uy{"uy"}, vx{"vx"}, vy{"vy"}, t{"t"}, qx{"qx"}, qy{"qy"};
    Halide::Var bx{"bx"}, by{"by"}, jy{"jy"}, z{"z"}, cb{"cb"}, g{"g"}, n{"n"}, k{"k"};
    Halide::RDom taps, places;
};

// GPU phases: `sum`(i, l, k, q, c, y, z, b, g, n) holds phase (b, i, l) of x at position q, over slice k of the input
// channels; its update runs over (mx, ci, my, mz). `held` is the same in shared memory. The output is an update over
// `places`: l, i, position, channel in the block; then their blocks.
struct GpuPhaseStages {
    ScheduleFacts facts;
    Halide::Func sum{"sum"}, held{"held"}, weights;
    bool hold_weights = false;  // an iteration's in registers: where x alone has taps, so that their number is fixed
    OutputStage output;
    Halide::Var i{"i"}, l{"l"}, k{"k"}, q{"q"}, c{"c"}, y{"y"}, z{"z"}, b{"b"}, g{"g"}, n{"n"};
    Halide::RDom taps, places;
};

// The blocks of an update in one dimension, as fuse_blocks does for a Func.
Halide::VarOrRVar fuse_update_blocks(Halide::Stage stage, const std::vector<Halide::VarOrRVar>& order);

// Blocks in one dimension, the only one that may exceed 65535: `order`, innermost first, is fused into it.
Halide::Var fuse_blocks(Halide::Func func, const std::vector<Halide::Var>& order);

void schedule_gpu_general(GpuGeneralStages& stages, const Schedule& schedule);
void schedule_gpu_tiles(GpuTileStages& stages, const Schedule& schedule);
void schedule_gpu_phases(GpuPhaseStages& stages, const Schedule& schedule);

}  // namespace convt
