// SPDX-License-Identifier: Apache-2.0
// What can be counted in a kernel's machine code without running it, so that a slow-down shows on any machine.
#pragma once

#include <string>
#include <vector>

namespace convt::test {

struct Instruction {
    unsigned long address = 0;
    std::string text;        // mnemonic and operands
    unsigned long jump = 0;  // target of a direct jump within the function, else 0
    std::string symbol;      // what a relocation in it names, or empty
};

struct Function {
    std::string name;
    std::vector<Instruction> instructions;
};

// Reads what `objdump -d -r -w --no-show-raw-insn` prints (AT&T syntax).
std::vector<Function> parse_disassembly(const std::string& listing);

struct InnerLoop {
    int instructions = 0;
    int fmas = 0;   // dot products too
    int stack = 0;  // instructions with an operand on the stack: spilled registers
};

// The innermost loop (a backward jump with no other inside) that has the most FMA instructions; the shortest of equals.
InnerLoop hottest_loop(const std::vector<Function>& functions);

// Places that ask for memory.
int allocation_sites(const std::vector<Function>& functions);

}  // namespace convt::test
