// SPDX-License-Identifier: Apache-2.0
// Runs a kernel so that it cannot cheat: every tensor guarded, the output poisoned, what lies around it checked.
#pragma once

#include "convt/kernel.h"
#include "tests/support/oracle.h"

#include <cstdint>
#include <vector>

namespace convt::test {

struct RunOptions {
    int threads = 1;
    std::int64_t gap = 0;     // elements left free behind every row, plane, ... of x and y
    bool guard_after = true;  // fault right behind the tensors; else right before them
    bool unbatched = false;   // x and y without their batch dimension
    bool packed = true;       // pack the weights first; else give them as they are
};

// What a seed makes of them; unbatched only where the batch is 1.
RunOptions random_run_options(const Problem& problem, std::uint64_t seed);

// `call`: the problem that the operands are of, the kernel's or, of an open one, with sizes of the caller's.
// The output, dense in its layout. Code::wrong_result where bytes around a tensor changed, else what pack and run say.
// An access past a guard ends the process by SIGSEGV.
Result<std::vector<std::byte>> run_guarded(const Kernel& kernel, const Problem& call, const Operands& operands,
                                           const RunOptions& options = {});
Result<std::vector<std::byte>> run_guarded(const Kernel& kernel, const Operands& operands,
                                           const RunOptions& options = {});

}  // namespace convt::test
