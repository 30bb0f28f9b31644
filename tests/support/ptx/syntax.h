// SPDX-License-Identifier: Apache-2.0
// A PTX module as it is written: declarations, and instructions by name with their operands. What an instruction means
// is decided in decode.cpp; registers alone are resolved here, because their names have scopes.
#pragma once

#include "tests/support/ptx/types.h"

#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace convt::ptx {

struct Operand {
    enum class Kind : std::uint8_t {
        reg,
        integer,  // bits: two's complement
        real,     // bits of an f32 or f64, see type
        name,     // a variable, label, function or special register
        vector,   // {a, b}: parts
        address,  // [a + offset]: parts[0] is a register, a name or an integer
        pair,     // p|q: parts
        sink      // _
    };
    Kind kind = Kind::sink;
    Type type = Type::none;
    bool negated = false;  // !p
    unsigned reg = 0;      // index into Function::registers
    std::uint64_t bits = 0;
    std::int64_t offset = 0;
    std::string name;
    std::vector<Operand> parts;
};

struct Instruction {
    int line = 0;
    std::string name;
    int guard = -1;  // a register, or -1
    bool guard_negated = false;
    std::vector<Operand> operands;
};

struct Variable {
    int line = 0;
    std::string name;
    Space space = Space::global;
    unsigned align = 1;
    std::uint64_t bytes = 0;
    bool unsized = false;  // `extern .shared name[]`: as many bytes as the launch says
    bool declared_only = false;
    std::vector<std::byte> initial;  // as long as `bytes`, or empty
};

struct Function {
    int line = 0;
    std::string name;
    bool entry = false;
    std::vector<Variable> params;
    std::vector<Type> registers;
    std::vector<Variable> variables;
    std::vector<Instruction> body;
    std::map<std::string, std::size_t> labels;       // index into body
    std::map<std::string, std::vector<int>> limits;  // .maxntid, .reqntid, .minnctapersm, .maxnreg
};

struct Module {
    std::string version;
    std::string target;
    std::vector<Variable> variables;
    std::vector<Function> functions;

    const Function* find(std::string_view name) const {
        for (const Function& function : functions) {
            if (function.name == name) return &function;
        }
        return nullptr;
    }
};

// Throws Error.
Module parse(std::string_view text);

}  // namespace convt::ptx
