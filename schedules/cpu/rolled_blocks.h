// SPDX-License-Identifier: Apache-2.0
// What the schedules of rolled phases share: blocks of the output, the staged input, and the ways from finished tiles
// to the output.
#pragma once

#include "schedules/cpu/stages.h"

namespace convt {

// Blocks of yb positions in y and zb in z (times the strides: rows and slices) and of `channels` channels; `staged` and
// `padded` live in them.
struct RolledBlocks {
    Halide::Var zt{"zt"}, zi{"zi"}, yt{"yt"}, yi{"yi"}, ct{"ct"}, ci{"ci"};
};
RolledBlocks block_output(RolledStages& stages, int channels, const Schedule& schedule);

// The padded rows, where a block starts.
void stage_input(RolledStages& stages);

// One by one, whatever the order of the output.
void copy_elements(RolledStages& stages, const RolledBlocks& blocks);
void copy_turned(RolledStages& stages, const RolledBlocks& blocks, const Schedule& schedule);
void copy_channels_last(RolledStages& stages, const RolledBlocks& blocks, const Schedule& schedule);

// While a block's tiles are computed, the input rows of the next are fetched.
void prefetch_next_block(RolledStages& stages, const RolledBlocks& blocks, const Schedule& schedule);

}  // namespace convt
