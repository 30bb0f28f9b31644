// SPDX-License-Identifier: Apache-2.0
// What NVIDIA's assembler and disassembler say of a kernel's PTX.
#pragma once

#include "tests/support/ptx/report.h"

#include <string>

namespace convt::test {

// The innermost loop with the most fused multiply-adds, straight-line parts and all; no loop: the whole kernel.
struct SassLoop {
    int instructions = 0;
    int fmas = 0;  // FFMA, DFMA
};
// `listing`: what `nvdisasm -c` prints.
SassLoop hottest_sass_loop(const std::string& listing);

struct Assembly {
    int registers = 0;     // of a thread, the most of any kernel
    int spill_bytes = 0;   // stores and loads, all kernels
    int stack_bytes = 0;   // local memory of a thread
    int shared_bytes = 0;  // static
    SassLoop loop;
};
// Assembles for `capability` (80 for 8.0) with at most `max_registers`. Throws std::runtime_error with what the program
// says.
Assembly assembled(const std::string& ptx, int capability, int max_registers);

// Warps that a multiprocessor can hold at once, of those it has room for: the share that a kernel of such blocks gets.
double occupancy(int capability, int registers, std::uint64_t shared_bytes, std::uint64_t threads);

}  // namespace convt::test
