// SPDX-License-Identifier: Apache-2.0
// Random trials of the strategies for GPUs, and what is asked of one. Its text replays it:
//   CONVT_REPLAY='<text>' build/bin/convt_test_cuda 'replay of a GPU trial'
#pragma once

#include "tests/cuda/gpu_kernel.h"
#include "tests/support/trial.h"

#include <map>

namespace convt::test {

// The `index`-th of the run's seed. Strategies take turns and targets are drawn, so that each has its share. Throws
// std::runtime_error where a strategy takes none of 2000 problems.
Trial random_gpu_trial(std::uint64_t index);

// Runs all blocks of the trial on integer data, with gaps between the rows of some: exact, and, executed from PTX,
// every place written, nothing between them, no finding. A message ends with the trial's text.
enum class GpuApi { cuda, opencl };
Status check_on(GpuApi api, const Trial& trial);

// How often each strategy, rank, type and target comes among the first `count` trials.
std::map<std::string, std::uint64_t> shares_of(std::uint64_t count);

}  // namespace convt::test
