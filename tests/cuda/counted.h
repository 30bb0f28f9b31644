// SPDX-License-Identifier: Apache-2.0
// What a full-size kernel's blocks cost, counted by the executor: what the model of its time is fed with, and held
// against.
#pragma once

#include "schedules/gpu_time.h"
#include "tests/cuda/sampled.h"

namespace convt::test {

// Blocks inside of the grid: two neighbours in the middle of every loop, at all turns of short ones, which may be
// phases.
BlockSample inner_blocks(const std::vector<std::uint64_t>& loops);

// The launch of the output's grid: counts of an average inner block; `registers` of a thread are the assembler's.
GpuLaunch counted_launch(const SampledCase& sampled, double registers);

}  // namespace convt::test
