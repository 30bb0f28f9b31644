// SPDX-License-Identifier: Apache-2.0
// Halide's kernels, as the real thing: compiled by Halide for CUDA, its host code calling the stand-in driver. Halide.h
// stays in halide_pipelines.cpp.
#pragma once

#include "tests/support/ptx/driver.h"

#include <string>
#include <vector>

namespace convt::ptx {

struct HalideRun {
    std::string name;
    int capability = 0;
    std::string failure;  // what Halide threw
    std::vector<LaunchRecord> launches;
    std::uint64_t wrong = 0;  // results that are not the host's
    std::uint64_t results = 0;
    double seconds = 0;  // of the run, without compiling
};

// A matrix product of n by n, staged through shared memory, with tiles in registers. T: float, double.
template <typename T>
HalideRun halide_matrix_product(int capability, int n);
// Sums of rows, in two steps with partial sums in shared memory.
HalideRun halide_row_sums(int capability, int width, int height);
// A transposing copy through a padded tile of shared memory.
HalideRun halide_transpose(int capability, int width, int height);
// Functions that become libdevice's code and the hardware's approximations: within a tolerance.
HalideRun halide_functions(int capability, int count);

}  // namespace convt::ptx
