// SPDX-License-Identifier: Apache-2.0
// What the files that decode share: places for operands in the frame, and operations in the order they come.
#pragma once

#include "tests/support/ptx/lanewise.h"
#include "tests/support/ptx/program.h"

namespace convt::ptx {

class Decoder {
  public:
    Decoder(const Module& module, const Function& function, const std::map<std::string, std::uint64_t>& addresses);
    Program run();

  private:
    // decode.cpp
    void instruction(const Instruction& instruction);
    bool control(const Instruction& instruction);
    bool vector_move(const Instruction& instruction);
    void by_choice(const Instruction& instruction);
    // decode_operands.cpp
    Slot source(const Operand& operand, Type type);
    Slot immediate(const Operand& operand, Type type);
    Slot named(const Operand& operand, Type type);
    Slot destination(const Operand& operand, Type type);
    Slot constant(std::uint64_t bits, Type type);
    Slot fresh(unsigned bytes);
    Operation& emit(Execute execute, const std::string& name);
    void place_variables();
    // decode_memory.cpp: true where the instruction was one of memory.
    bool memory(const Instruction& instruction);
    void access(const Instruction& instruction, Form& form, bool is_store);
    void atomic(const Instruction& instruction, Form& form, bool has_result);
    bool address_conversion(const Instruction& instruction, Form& form);
    void address(const Operand& operand, Operation& operation);
    [[noreturn]] void unknown() const;
    [[noreturn]] void fail(const std::string& what) const;

    const Module& module_;
    const Function& function_;
    const std::map<std::string, std::uint64_t>& addresses_;
    Program program_;
    const Instruction* current_ = nullptr;
    std::vector<Slot> registers_;
    std::map<std::pair<std::uint64_t, bool>, Slot> constants_;
    std::map<std::string, std::uint64_t> places_;  // of variables and parameters, in their own state space
};

}  // namespace convt::ptx
