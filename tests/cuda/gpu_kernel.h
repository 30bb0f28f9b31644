// SPDX-License-Identifier: Apache-2.0
// One kernel for a GPU, compiled to the object that ships, loaded and called with device tensors by convt's own host
// code on the stand-in driver, which executes its PTX, all of it or a sample of its blocks.
#pragma once

#include "convt/halide_compiler.h"
#include "tests/support/oracle.h"
#include "tests/support/ptx/driver.h"

#include <functional>
#include <string>
#include <vector>

namespace convt::test {

// What came of one run.
struct GpuRun {
    std::string failure;                 // what convt or the driver says against it; empty where it ran
    std::vector<std::byte> output;       // dense in its layout
    std::vector<unsigned char> written;  // by element of the output: 1 where the kernel wrote all of its bytes
    std::uint64_t stray_bytes = 0;       // between the output's elements, written
    std::vector<ptx::LaunchRecord> launches;

    // Failure, findings of the executor, stray bytes: what must not be, in words. Empty where all is well.
    std::string trouble() const;
};

// Which blocks of a launch are executed.
using BlockSample = std::function<bool(const ptx::Dim3& grid, const ptx::Dim3& block)>;

// The object of a problem by a strategy's schedule, with PTX alone: cubins are of no use to the stand-in, and ptxas
// takes longer than all else.
Result<Object> gpu_object_of(const Problem& problem, const Target& target, const std::string& strategy,
                             const Schedule& schedule);

// On a fresh device of the object's own architecture. `gap` elements are left free behind every dimension of input and
// output but the innermost, as in a GuardedTensor. A launch that goes on past `limit` warp instructions is given up;
// 0: never.
GpuRun run_on_stand_in(const Object& object, const Operands& operands, std::int64_t gap = 0,
                       const BlockSample& sample = {}, std::uint64_t limit = 0);

// The rows of the target table that are GPUs.
std::vector<Target> gpu_targets();

}  // namespace convt::test
