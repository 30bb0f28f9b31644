// SPDX-License-Identifier: Apache-2.0
// One launch of a kernel: its grid, its arguments, and which of its blocks are executed.
#pragma once

#include "tests/support/ptx/memory.h"
#include "tests/support/ptx/program.h"
#include "tests/support/ptx/report.h"

#include <functional>

namespace convt::ptx {

struct Launch {
    Dim3 grid;
    Dim3 block;
    std::uint64_t dynamic_shared = 0;
    std::vector<std::byte> params;  // laid out as Program::params says
    // Which blocks are executed; empty: all.
    std::function<bool(const Dim3& block)> sample;
    // Instructions of warps after which a launch is given up: a wrong loop must end.
    std::uint64_t limit = std::uint64_t{1} << 40U;
};

// Throws Error where the launch goes on past its limit, or does not fit the kernel.
Report run(const Program& program, Memory& memory, const Launch& launch);

// What blocks of a launch share.
struct LaunchState {
    const Program& program;
    Memory& memory;
    const Launch& launch;
    std::uint32_t number = 0;  // no two launches have the same
    std::uint64_t left = 0;    // of the limit
    struct Executed {
        std::uint64_t warps = 0;
        std::uint64_t threads = 0;
        Traffic global;
        Traffic shared;
    };
    std::vector<Executed> executed;  // by operation
    std::vector<Allocation*> hints;  // by operation: where it went last
    Report report;
};

}  // namespace convt::ptx
