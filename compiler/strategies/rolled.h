// SPDX-License-Identifier: Apache-2.0
// The algorithm with phases and taps as loops, shared by the strategies that differ from it only in what lies in the
// lanes.
#pragma once

#include "compiler/strategies/strategy.h"
#include "schedules/cpu/stages.h"

namespace convt {

// The register tile: positions in x and y, and channels, which are also one block of packed weights.
struct RolledTile {
    int x, y, channels;
    PhaseLoop phases_x = PhaseLoop::rolled, phases_y = PhaseLoop::rolled;
    bool at_once = false;   // finished tiles go to the output one by one, not in blocks (RolledStages)
    int side = 0;           // neighbouring outputs of a row that are then turned over together, or 0
    bool in_lanes = false;  // positions in x are: what they read in steps is staged step by step, each a dense row
};

// Taps are packed phase after phase, so that a phase streams its own.
RolledStages rolled_stages(Operands& operands, const Target& target, const RolledTile& tile);
Pipeline rolled_pipeline(Operands& operands, const RolledStages& stages);

}  // namespace convt
