// SPDX-License-Identifier: Apache-2.0
// From instructions by name to operations: control flow here, memory in decode_memory.cpp, all others by the families'
// tables.
#include "tests/support/ptx/decoder.h"

#include <fmt/format.h>
#include <algorithm>

namespace convt::ptx {
namespace {

std::vector<Family> all_families() {
    std::vector<Family> all;
    for (const auto& families : {integer_families, bit_families, carry_families, float_families, approximate_families,
                                 compare_families, convert_families, warp_families}) {
        const std::vector<Family> some = families();
        all.insert(all.end(), some.begin(), some.end());
    }
    return all;
}

Choice choose(const std::string& name) {
    static const std::vector<Family> families = all_families();
    const Form form(name);
    for (const Family& family : families) {
        if (family.opcode != form.opcode()) continue;
        Form copy = form;
        const Choice choice = family.choose(copy);
        if (choice.execute != nullptr && copy.empty()) return choice;
    }
    return {};
}

// The parts of a 64- or 32-bit register, lowest first.
void run_unpack(Warp& warp, const Operation& operation, Mask lanes) {
    for (unsigned part = 0; part < operation.elements; ++part) {
        const unsigned bits = operation.aux;
        for (unsigned i = 0; i < warp_lanes; ++i) {
            if ((lanes >> i & 1U) == 0) continue;
            const std::uint64_t whole = operation.wide_value ? get_lane<std::uint64_t>(warp.at(operation.s[0]), i)
                                                             : get_lane<std::uint32_t>(warp.at(operation.s[0]), i);
            const std::uint64_t mask = (std::uint64_t{1} << bits) - 1;
            put_lane(warp.at(operation.d[part]), i, static_cast<std::uint32_t>(whole >> (bits * part) & mask));
        }
    }
}
void run_pack(Warp& warp, const Operation& operation, Mask lanes) {
    for (unsigned i = 0; i < warp_lanes; ++i) {
        if ((lanes >> i & 1U) == 0) continue;
        std::uint64_t whole = 0;
        for (unsigned part = 0; part < operation.elements; ++part) {
            const std::uint64_t mask = (std::uint64_t{1} << operation.aux) - 1;
            whole |= (get_lane<std::uint32_t>(warp.at(operation.s[part]), i) & mask) << (operation.aux * part);
        }
        if (operation.wide_value) {
            put_lane(warp.at(operation.d[0]), i, whole);
        } else {
            put_lane(warp.at(operation.d[0]), i, static_cast<std::uint32_t>(whole));
        }
    }
}

constexpr std::string_view fences[] = {"membar", "fence"};

}  // namespace

Decoder::Decoder(const Module& module, const Function& function, const std::map<std::string, std::uint64_t>& addresses)
    : module_(module), function_(function), addresses_(addresses) {}

void Decoder::fail(const std::string& what) const {
    throw Error(current_ != nullptr ? current_->line : function_.line, what);
}
void Decoder::unknown() const {
    fail(fmt::format("instruction {} is not known here", current_->name));
}

Program Decoder::run() {
    program_.name = function_.name;
    program_.limits = function_.limits;
    place_variables();
    std::vector<std::uint32_t> starts;
    for (const Instruction& instruction : function_.body) {
        starts.push_back(static_cast<std::uint32_t>(program_.operations.size()));
        current_ = &instruction;
        this->instruction(instruction);
    }
    starts.push_back(static_cast<std::uint32_t>(program_.operations.size()));
    for (std::uint32_t i = 0; i < program_.operations.size(); ++i) {
        Operation& operation = program_.operations[i];
        operation.index = i;
        if (operation.flow == Operation::Flow::branch) operation.target = starts[operation.target];
    }
    find_meeting_points(program_);
    return std::move(program_);
}

void Decoder::instruction(const Instruction& instruction) {
    if (!control(instruction) && !memory(instruction) && !vector_move(instruction)) by_choice(instruction);
    if (instruction.guard < 0) return;
    const auto guard = static_cast<unsigned>(instruction.guard);
    if (function_.registers[guard] != Type::pred)
        fail(fmt::format("the guard of {} is no predicate", instruction.name));
    program_.operations.back().guard = registers_[guard];
    program_.operations.back().guard_negated = instruction.guard_negated;
}

bool Decoder::control(const Instruction& instruction) {
    Form form(instruction.name);
    const std::string& opcode = form.opcode();
    if (opcode == "bra") {
        form.take("uni");
        if (!form.empty() || instruction.operands.size() != 1) unknown();
        const auto label = function_.labels.find(instruction.operands[0].name);
        if (label == function_.labels.end()) fail(fmt::format("no label {}", instruction.operands[0].name));
        Operation& operation = emit(nullptr, instruction.name);
        operation.flow = Operation::Flow::branch;
        operation.target = static_cast<std::uint32_t>(label->second);
    } else if (opcode == "ret" || opcode == "exit") {
        form.take("uni");
        if (!form.empty()) unknown();
        emit(nullptr, instruction.name).flow = Operation::Flow::leave;
    } else if (opcode == "trap") {
        emit(nullptr, instruction.name).flow = Operation::Flow::trap;
    } else if (opcode == "bar" || opcode == "barrier") {
        form.take("cta");
        const bool sync = form.take("sync");
        form.take("aligned");
        // Other barriers than the block's, and barriers for some of its warps, are not known here.
        const bool whole = instruction.operands.size() == 1 && instruction.operands[0].kind == Operand::Kind::integer &&
                           instruction.operands[0].bits == 0;
        if (!sync || !form.empty() || !whole) unknown();
        emit(nullptr, instruction.name).flow = Operation::Flow::barrier;
    } else if (std::find(std::begin(fences), std::end(fences), opcode) != std::end(fences)) {
        // Memory is consistent here at every instruction.
        emit([](Warp&, const Operation&, Mask) {}, instruction.name);
    } else {
        return false;
    }
    return true;
}

bool Decoder::vector_move(const Instruction& instruction) {
    Form form(instruction.name);
    if (form.opcode() != "mov" || instruction.operands.size() != 2) return false;
    const bool unpacks = instruction.operands[0].kind == Operand::Kind::vector;
    if (!unpacks && instruction.operands[1].kind != Operand::Kind::vector) return false;
    const Type type = form.type();
    const std::vector<Operand>& parts = instruction.operands[unpacks ? 0 : 1].parts;
    const std::size_t count = parts.size();
    if (!form.empty() || (count != 2 && count != 4) || type == Type::none) unknown();
    const auto bits = static_cast<unsigned>(8 * bytes_of(type) / count);
    const Type part = bits == 32 ? Type::u32 : bits == 16 ? Type::u16 : bits == 8 ? Type::u8 : Type::none;
    if (part == Type::none) unknown();
    std::array<Slot, 4> slots{};
    for (std::size_t i = 0; i < count; ++i)
        slots[i] = unpacks ? destination(parts[i], part) : source(parts[i], part);
    const Slot whole = unpacks ? source(instruction.operands[1], type) : destination(instruction.operands[0], type);
    Operation& operation = emit(unpacks ? &run_unpack : &run_pack, instruction.name);
    operation.elements = static_cast<std::uint8_t>(count);
    operation.aux = bits;
    operation.wide_value = container_bytes(type) == 8;
    (unpacks ? operation.d : operation.s) = slots;
    (unpacks ? operation.s : operation.d)[0] = whole;
    return true;
}

void Decoder::by_choice(const Instruction& instruction) {
    const Choice choice = choose(instruction.name);
    if (choice.execute == nullptr) unknown();
    std::vector<Operand> operands = instruction.operands;
    if (!operands.empty() && operands[0].kind == Operand::Kind::pair) {
        const std::vector<Operand> both = operands[0].parts;
        operands.erase(operands.begin());
        operands.insert(operands.begin(), both.begin(), both.end());
    } else if (choice.d.size() == 2) {
        operands.insert(operands.begin() + 1, Operand{});  // the second result is not wanted
    }
    if (operands.size() != choice.d.size() + choice.s.size()) {
        fail(fmt::format("{} takes {} operands", instruction.name, choice.d.size() + choice.s.size()));
    }
    Operation operation;
    for (std::size_t i = 0; i < choice.s.size(); ++i) {
        operation.s[i] = source(operands[choice.d.size() + i], choice.s[i]);
    }
    for (std::size_t i = 0; i < choice.d.size(); ++i)
        operation.d[i] = destination(operands[i], choice.d[i]);
    Operation& emitted = emit(choice.execute, instruction.name);
    emitted.s = operation.s;
    emitted.d = operation.d;
    emitted.aux = choice.aux;
    // A comparison without a combination reads a predicate all the same.
    for (std::size_t i = choice.s.size(); i < emitted.s.size(); ++i)
        emitted.s[i] = slot_zero;
    if (emitted.d[1] == no_slot) emitted.d[1] = slot_sink;
    if (choice.reads_carry) emitted.s[choice.s.size()] = slot_carry;
    if (choice.writes_carry) emitted.d[1] = slot_carry;
}

Program decode(const Module& module, const Function& function, const std::map<std::string, std::uint64_t>& addresses) {
    return Decoder(module, function, addresses).run();
}

}  // namespace convt::ptx
