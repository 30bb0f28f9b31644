// SPDX-License-Identifier: Apache-2.0
// Where a block's results lie in shared memory, so that few lanes of a warp meet in a bank.
#pragma once

#include "schedules/gpu/stages.h"

namespace convt {

// Elements from one phase of a row to the next, and rows that a channel takes: at least those of the tile.
struct HeldPitch {
    int columns = 1, rows = 1;
};

// Of a tile that threads (x, channel, y) write, one position, phase and channel at a time, and then read in the order
// of the output: all phases of a row, rows, channels. The pitch with the fewest wavefronts of both, and of these the
// smallest. All of it is whole vectors: Halide 21 takes for granted that what follows in shared memory begins at one.
HeldPitch held_pitch(const GpuTileSizes& sizes, int stride, int scalar_bytes);

}  // namespace convt
