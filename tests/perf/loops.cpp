// SPDX-License-Identifier: Apache-2.0
#include "tests/perf/loops.h"

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <utility>

namespace convt::test {
namespace {

bool starts_with_any(const std::string& text, std::initializer_list<const char*> prefixes) {
    return std::any_of(prefixes.begin(), prefixes.end(), [&](const char* p) { return text.rfind(p, 0) == 0; });
}

bool is_fma(const Instruction& i) {
    return starts_with_any(i.text, {"vfmadd", "vfmsub", "vfnmadd", "vfnmsub", "vdpbf16ps", "vpdpbusd"});
}

bool is_on_stack(const Instruction& i) {
    return i.text.find("(%rsp") != std::string::npos || i.text.find("(%rbp") != std::string::npos;
}

// "jne    1a40 <symbol+0x40>" names its target in hexadecimal; "jmp *%rax" none.
unsigned long jump_target(const std::string& text) {
    if (text.empty() || text[0] != 'j') return 0;
    const std::size_t operand = text.find(' ');
    return operand == std::string::npos ? 0 : std::strtoul(text.c_str() + operand, nullptr, 16);
}

// "0000000000000000 <name>:"
bool read_name(const std::string& line, std::vector<Function>& functions) {
    const std::size_t open = line.find('<');
    if (open == std::string::npos || line.size() < 2 || line.compare(line.size() - 2, 2, ">:") != 0) return false;
    functions.push_back({line.substr(open + 1, line.size() - open - 3), {}});
    return true;
}

// "  1a40:\tvaddps ..." is an instruction, "\t\t\t1a42: R_X86_64_64\tname" a relocation in the one before.
void read_line(const std::string& line, Function& function) {
    const std::size_t relocation = line.find("R_X86_64_");
    if (relocation != std::string::npos) {
        const std::size_t tab = line.find('\t', relocation);
        if (tab != std::string::npos && !function.instructions.empty())
            function.instructions.back().symbol = line.substr(tab + 1);
        return;
    }
    const std::size_t colon = line.find(":\t");
    if (colon == std::string::npos) return;
    Instruction instruction;
    instruction.address = std::strtoul(line.c_str(), nullptr, 16);
    instruction.text = line.substr(colon + 2);
    instruction.jump = jump_target(instruction.text);
    function.instructions.push_back(std::move(instruction));
}

using Range = std::pair<unsigned long, unsigned long>;  // addresses of a loop's first and last instruction

InnerLoop count(const Function& function, const Range& range) {
    InnerLoop loop;
    for (const Instruction& i : function.instructions) {
        if (i.address < range.first || i.address > range.second) continue;
        ++loop.instructions;
        loop.fmas += is_fma(i) ? 1 : 0;
        loop.stack += is_on_stack(i) ? 1 : 0;
    }
    return loop;
}

// Innermost of those that multiply: a loop of prefetches may lie inside.
std::vector<Range> innermost_loops(const Function& function) {
    std::vector<Range> loops;
    for (const Instruction& i : function.instructions) {
        if (i.jump == 0 || i.jump >= i.address) continue;
        if (count(function, {i.jump, i.address}).fmas > 0) loops.emplace_back(i.jump, i.address);
    }
    std::vector<Range> innermost;
    for (const Range& loop : loops) {
        const bool holds_another = std::any_of(loops.begin(), loops.end(), [&](const Range& other) {
            return other != loop && other.first >= loop.first && other.second <= loop.second;
        });
        if (!holds_another) innermost.push_back(loop);
    }
    return innermost;
}

}  // namespace

std::vector<Function> parse_disassembly(const std::string& listing) {
    std::vector<Function> functions;
    std::istringstream lines(listing);
    for (std::string line; std::getline(lines, line);) {
        if (!read_name(line, functions) && !functions.empty()) read_line(line, functions.back());
    }
    return functions;
}

InnerLoop hottest_loop(const std::vector<Function>& functions) {
    InnerLoop best;
    for (const Function& function : functions) {
        for (const Range& range : innermost_loops(function)) {
            const InnerLoop loop = count(function, range);
            if (loop.fmas > best.fmas || (loop.fmas == best.fmas && loop.instructions < best.instructions)) best = loop;
        }
    }
    return best;
}

int allocation_sites(const std::vector<Function>& functions) {
    int sites = 0;
    for (const Function& function : functions) {
        for (const Instruction& i : function.instructions)
            sites += i.symbol.rfind("halide_malloc", 0) == 0 ? 1 : 0;
    }
    return sites;
}

}  // namespace convt::test
