// SPDX-License-Identifier: Apache-2.0
// The stages of a pipeline as a strategy hands them to its schedule: Funcs, their variables and the facts a schedule
// needs. A strategy builds one of these (compiler/strategies), a function here applies a schedule to it; neither does
// the other's work.
#pragma once

#include "convt/schedule.h"
#include "schedules/cpu/halide.h"

#include <array>
#include <vector>

namespace convt {

// Facts of the problem and target that every schedule needs. `lanes`: scalars in a vector.
struct ScheduleFacts {
    int lanes = 16;
    int stride_x = 1, stride_y = 1, stride_z = 1;
    int step_y = 1;                  // rows of the input from position to position
    int phases_x = 1, phases_y = 1;  // that have an output
    int taps_x = 1, taps_y = 1;      // of a phase, at most

    int in_channels = 1, out_channels = 1;  // of one group
    int width = 1;                          // output extent in x; as all extents here the nominal one where it is open
    bool open_width = false;
    int input_width = 1, input_height = 1;
    int reach_y = 0;  // rows of the input below the first that an output's position reaches
    int height = 1, depth = 1;
    int groups = 1, batch = 1;
    bool input_channels_last = false, output_channels_last = false;
    bool complex = false;
    bool ordered = false;            // loops over taps and channels run in the problem's order of sums
    bool reads_like_output = false;  // the epilogue has an operand of the output's shape
};

// The output over [part] x y z c g n.
struct OutputStage {
    Halide::Func func;
    Halide::Var part{"part"}, x{"x"}, y{"y"}, z{"z"}, c{"c"}, g{"g"}, n{"n"};
    std::array<Halide::Var, 6> vars() const { return {x, y, z, c, g, n}; }
    std::vector<Halide::Expr> place() const { return {x, y, z, c, g, n}; }
};

// Rows with their zeros. Whole ones are filled, then copied over `columns`; blocks of rows have no columns.
struct PaddedRows {
    Halide::Func func;
    Halide::RDom columns;
};

// Width lanes: `func`(q, j, r, t, z, c, g, n) holds all phases j of x for a tile of positions q in rows r of the row
// tile t; its update runs over (j, u, r, ci, place of y, mz).
struct WidthSum {
    Halide::Func func;
    Halide::RDom taps;
};
struct WidthStages {
    ScheduleFacts facts;
    PaddedRows padded;  // not defined where the input is read in place
    // `turned`(xi, k, xs, y, z, g, n): what `padded` is copied from where it is defined, turned_side columns of
    // turned_channels input channels a square.
    Halide::Func turned;
    int turned_side = 8, turned_channels = 0;
    std::vector<WidthSum> sums;  // each sum_rows rows of a tile of tile_rows
    Halide::ImageParam input;
    int tile_rows = 1, sum_rows = 1;
    OutputStage output;
    Halide::Var q{"q"}, j{"j"}, r{"r"}, t{"t"}, z{"z"}, c{"c"}, g{"g"}, n{"n"};
    Halide::Var xi{"xi"}, xs{"xs"}, k{"k"}, y{"y"};
};

// What becomes of the phases of an axis: a loop; all in the register tile; or a copy of the inner loop each. Where they
// are known when compiling, so are their taps, which are then unrolled, and those outside the input fold away.
enum class PhaseLoop { rolled, in_tile, copies };

// Rolled phases: `sum`(c, qx, qy, jx, jy, qz, jz, g, n) holds a tile of positions; `staged` holds finished elements,
// from which the output is interleaved. The update of `sum` runs over (ci, mx, my, mz) and, of
// dot products, the channels r of one. Where tiles go to the output
// `at_once`, an axis whose phases are rolled, one position a tile, has qy = output row and jy = 0 (qz and jz always),
// so that one row can be asked for alone. Where then the output's rows have to be made of vectors of channels,
// `turned`(xi, c, xs, qy, jy, qz, jz, g, n) holds the same in the output's order, `side` neighbours xi of a channel
// side by side.
struct RolledStages {
    ScheduleFacts facts;
    Halide::Func padded, sum, staged, turned;
    bool at_once = false;
    int side = 0;
    int dot = 1;  // input channels that an instruction multiplies and sums: `padded` has them last, and ci counts these
    bool single_rows = false;  // qy is the output row
    Halide::ImageParam input, weights;
    OutputStage output;
    Halide::Var xi{"xi"}, xs{"xs"};
    Halide::Var c{"c"}, qx{"qx"}, qy{"qy"}, jx{"jx"}, jy{"jy"}, qz{"qz"}, jz{"jz"}, g{"g"}, n{"n"};
    Halide::RDom taps;
    // Where a dot product's inputs are moved away from zero, a second update of `sum` over (-, mx, my, mz) takes that
    // out again: defined then.
    Halide::Func weight_sums;
    Halide::RDom zero_taps;
    PhaseLoop phases_x = PhaseLoop::rolled, phases_y = PhaseLoop::rolled;
    int position_tiles = 1;          // in x and y: how often the weights of a phase are read
    bool broadcast_input = false;    // lanes run over channels of the output: an input element is read alone
    int inside_x = 0, inside_y = 0;  // the input's extent where no tap leaves it, else 0
};

// Phase lanes: `sum`(l, qx, qy, h, z, c, g, n) holds a vector of phases l for a tile of positions and one block h of
// input channels; its update runs over (mx, my, mz, ci). The output is written by an update over `places`, in the order
// (lane, vector, position, tile of positions, row, block of input channels, tile of lanes, block of rows).
struct PhaseStages {
    ScheduleFacts facts;
    Halide::Func padded, sum, held;
    Halide::ImageParam weights;
    OutputStage output;
    Halide::Var l{"l"}, qx{"qx"}, qy{"qy"}, h{"h"}, z{"z"}, c{"c"}, g{"g"}, n{"n"};
    Halide::RDom taps, places;
    int row_blocks = 1;  // how often the last of `places` runs
    bool unroll_x_taps = false;
    bool hold = false;  // the output reads `held`, a copy of `sum` in memory, one by one
};

// Group lanes: `sum`(g, j, q, y, z, n) holds all phases j of x for a tile of positions q; its update runs over (input
// offset in x, my, mz).
struct GroupStages {
    ScheduleFacts facts;
    Halide::Func padded, sum;
    OutputStage output;
    Halide::Var g{"g"}, j{"j"}, q{"q"}, y{"y"}, z{"z"}, n{"n"};
    Halide::RDom taps;
};

// A padding mode's fold: updates of `wide`, the output of a strategy before cropping, each over `border`, positions of
// one axis (0 to 2: x, y, z); then the output.
struct FoldBorder {
    int axis;
    Halide::RDom positions;
};
struct FoldStages {
    ScheduleFacts facts;
    Halide::Func wide;
    std::vector<FoldBorder> borders;
    int first_update = 0;  // of the borders' among those of `wide`
    OutputStage output;
};

// The knob par: 1 runs images, groups, slices or row blocks on several threads, 2 channel blocks. Every sum stays on
// one thread. Inside a task a parallel loop runs on its thread alone, so one loop is chosen: `loops`, outermost first.
struct ParallelLoop {
    Halide::VarOrRVar variable;
    int count;
};
Halide::VarOrRVar busiest(const std::vector<ParallelLoop>& loops);
void parallelize(OutputStage& output, const std::vector<ParallelLoop>& loops, const Halide::Var& channels, int par);

// Prefetches the packed weights in the innermost loops that read them as vectors, where no cache near by holds them.
void prefetch_weights(OutputStage& output, const Halide::ImageParam& weights);

// Blocks of `positions` input rows, of which each is staged at once; `tiles`: the loops inside of a block, innermost
// first.
struct RowBlocks {
    ParallelLoop block;
    int positions;
    std::vector<ParallelLoop> tiles;
    Halide::Var group, image;
};
// Prefetches the rows that the next block stages.
void prefetch_rows(OutputStage& output, const ScheduleFacts& facts, const Halide::ImageParam& input,
                   const RowBlocks& blocks);

void schedule_width_lanes(WidthStages& stages, const Schedule& schedule);
void schedule_channel_lanes(RolledStages& stages, const Schedule& schedule);
void schedule_phase_lanes(PhaseStages& stages, const Schedule& schedule);
void schedule_group_lanes(GroupStages& stages, const Schedule& schedule);
void schedule_general(RolledStages& stages, const Schedule& schedule);
void schedule_fold(FoldStages& stages, const Schedule& schedule);

}  // namespace convt
