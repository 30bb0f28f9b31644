// SPDX-License-Identifier: Apache-2.0
// Operands into slots of the frame.
#include "tests/support/ptx/decoder.h"
#include "tests/support/ptx/memory.h"

#include <fmt/format.h>
#include <algorithm>
#include <bit>

namespace convt::ptx {
namespace {

// A 64-bit register where an instruction wants a narrower one: cvt and st take its low bits.
std::uint32_t low_word(std::uint64_t value) {
    return static_cast<std::uint32_t>(value);
}
bool inverted(bool value) {
    return !value;
}

std::uint64_t aligned(std::uint64_t at, unsigned align) {
    return (at + align - 1) / align * align;
}

}  // namespace

void Decoder::place_variables() {
    for (const Type type : function_.registers)
        registers_.push_back(fresh(container_bytes(type)));
    for (const Variable& param : function_.params) {
        const std::uint64_t at = aligned(program_.param_bytes, param.align);
        places_[param.name] = at;
        program_.params.push_back({at, param.bytes});
        program_.param_bytes = at + param.bytes;
    }
    std::vector<Variable> variables = module_.variables;
    variables.insert(variables.end(), function_.variables.begin(), function_.variables.end());
    // What has no size of its own lies behind everything else.
    std::stable_partition(variables.begin(), variables.end(),
                          [](const Variable& variable) { return !variable.unsized; });
    for (const Variable& variable : variables) {
        if (variable.space != Space::shared && variable.space != Space::local) continue;
        std::uint64_t& end = variable.space == Space::shared ? program_.shared_bytes : program_.local_bytes;
        const std::uint64_t at = aligned(end, variable.align);
        places_[variable.name] = at;
        end = at + variable.bytes;
    }
}

Operation& Decoder::emit(Execute execute, const std::string& name) {
    Operation operation;
    operation.execute = execute;
    operation.line = current_->line;
    program_.operations.push_back(operation);
    program_.names.push_back(name);
    return program_.operations.back();
}

Slot Decoder::fresh(unsigned bytes) {
    const Slot slot = program_.frame_slots;
    program_.frame_slots += bytes / 4;
    return slot;
}

Slot Decoder::constant(std::uint64_t bits, Type type) {
    const bool wide = container_bytes(type) == 8;
    if (type == Type::pred) bits = bits != 0 ? 1 : 0;
    if (bytes_of(type) < 8 && type != Type::pred) bits &= (std::uint64_t{1} << (8 * bytes_of(type))) - 1;
    const auto [place, added] = constants_.try_emplace({bits, wide}, 0);
    if (added) {
        place->second = fresh(wide ? 8 : 4);
        program_.constants.push_back({place->second, bits, wide});
    }
    return place->second;
}

Slot Decoder::immediate(const Operand& operand, Type type) {
    std::uint64_t bits = operand.bits;
    if (operand.kind == Operand::Kind::real && bytes_of(operand.type) != bytes_of(type)) {
        if (operand.type != Type::f64 || type != Type::f32)
            fail(fmt::format("a real number of another width than {}", current_->name));
        bits = std::bit_cast<std::uint32_t>(static_cast<float>(std::bit_cast<double>(bits)));
    }
    return constant(bits, type);
}

Slot Decoder::named(const Operand& operand, Type type) {
    const auto special = std::find(std::begin(special_names), std::end(special_names), operand.name);
    if (special != std::end(special_names)) {
        if (container_bytes(type) != 4) fail("a 64-bit special register is not known here");
        return static_cast<Slot>(special - std::begin(special_names));
    }
    if (operand.name == "WARP_SZ") return constant(warp_lanes, type);
    if (const auto place = places_.find(operand.name); place != places_.end()) return constant(place->second, type);
    const auto global = addresses_.find(operand.name);
    if (global == addresses_.end()) fail(fmt::format("nothing is named {}", operand.name));
    return constant(global->second, type);
}

Slot Decoder::source(const Operand& operand, Type type) {
    switch (operand.kind) {
        case Operand::Kind::integer:
        case Operand::Kind::real:
            return immediate(operand, type);
        case Operand::Kind::name:
            return named(operand, type);
        case Operand::Kind::reg:
            break;
        default:
            fail(fmt::format("an operand of {} is none that can be read", current_->name));
    }
    if ((operand.type == Type::pred) != (type == Type::pred))
        fail(fmt::format("an operand of {} has the wrong type", current_->name));
    const Slot slot = registers_[operand.reg];
    if (operand.negated || container_bytes(operand.type) > container_bytes(type)) {
        const Slot place = fresh(4);
        Operation& operation =
            emit(operand.negated ? lanewise<&inverted>().execute : lanewise<&low_word>().execute, "");
        operation.s[0] = slot;
        operation.d[0] = place;
        return place;
    }
    if (container_bytes(operand.type) < container_bytes(type))
        fail(fmt::format("an operand of {} is too narrow", current_->name));
    return slot;
}

Slot Decoder::destination(const Operand& operand, Type type) {
    if (operand.kind == Operand::Kind::sink) return slot_sink;
    if (operand.kind != Operand::Kind::reg) fail(fmt::format("the result of {} goes to no register", current_->name));
    if (container_bytes(operand.type) != container_bytes(type) ||
        (operand.type == Type::pred) != (type == Type::pred)) {
        fail(fmt::format("the result of {} has another width than its register", current_->name));
    }
    return registers_[operand.reg];
}

}  // namespace convt::ptx
