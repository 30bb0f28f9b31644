// SPDX-License-Identifier: Apache-2.0
// Loads, stores, atomics, and conversions between state spaces.
#include "tests/support/ptx/access.h"
#include "tests/support/ptx/decoder.h"
#include "tests/support/ptx/memory.h"

#include <fmt/format.h>
#include <algorithm>

namespace convt::ptx {
namespace {

std::uint64_t to_shared_window(std::uint64_t at) {
    return at + shared_window;
}
std::uint64_t from_shared_window(std::uint64_t at) {
    return at - shared_window;
}
std::uint64_t to_local_window(std::uint64_t at) {
    return at + local_window;
}
std::uint64_t from_local_window(std::uint64_t at) {
    return at - local_window;
}
std::uint64_t to_param_window(std::uint64_t at) {
    return at + param_window;
}
std::uint64_t from_param_window(std::uint64_t at) {
    return at - param_window;
}

// Order and caching make no difference here: warps run one after the other, on one memory.
constexpr std::string_view hints[] = {"volatile",
                                      "weak",
                                      "relaxed",
                                      "acquire",
                                      "release",
                                      "cta",
                                      "gpu",
                                      "sys",
                                      "ca",
                                      "cg",
                                      "cs",
                                      "lu",
                                      "cv",
                                      "wb",
                                      "wt",
                                      "nc",
                                      "L1::evict_normal",
                                      "L1::evict_first",
                                      "L1::evict_last",
                                      "L1::evict_unchanged",
                                      "L1::no_allocate",
                                      "L2::64B",
                                      "L2::128B",
                                      "L2::256B"};

Space take_space(Form& form) {
    constexpr std::pair<std::string_view, Space> spaces[] = {{"global", Space::global},      {"shared", Space::shared},
                                                             {"shared::cta", Space::shared}, {"local", Space::local},
                                                             {"const", Space::constant},     {"param", Space::param}};
    for (const auto& [name, space] : spaces) {
        if (form.take(name)) return space;
    }
    return Space::generic;
}

}  // namespace

void Decoder::address(const Operand& operand, Operation& operation) {
    if (operand.kind != Operand::Kind::address) fail(fmt::format("{} takes an address", current_->name));
    const Operand& base = operand.parts[0];
    operation.wide_address = base.kind != Operand::Kind::reg || container_bytes(base.type) == 8;
    operation.address = source(base, operation.wide_address ? Type::u64 : Type::u32);
    operation.offset = operand.offset;
}

bool Decoder::memory(const Instruction& instruction) {
    Form form(instruction.name);
    if (form.opcode() == "cvta") return address_conversion(instruction, form);
    if (form.opcode() == "ld" || form.opcode() == "ldu") {
        access(instruction, form, false);
    } else if (form.opcode() == "st") {
        access(instruction, form, true);
    } else if (form.opcode() == "atom" || form.opcode() == "red") {
        atomic(instruction, form, form.opcode() == "atom");
    } else {
        return false;
    }
    return true;
}

void Decoder::access(const Instruction& instruction, Form& form, bool is_store) {
    for (const std::string_view hint : hints)
        form.take(hint);
    const Space space = take_space(form);
    const unsigned elements = form.take("v2") ? 2 : form.take("v4") ? 4 : 1;
    const Type type = form.type();
    if (!form.empty() || type == Type::none || type == Type::pred || instruction.operands.size() != 2) unknown();
    const unsigned bytes = elements * bytes_of(type);
    if (bytes > 16) unknown();
    const Operand& value = instruction.operands[is_store ? 1 : 0];
    std::vector<Operand> parts =
        elements == 1 && value.kind != Operand::Kind::vector ? std::vector{value} : value.parts;
    if (parts.size() != elements) fail(fmt::format("{} moves {} values", instruction.name, elements));
    Operation operation;
    address(instruction.operands[is_store ? 0 : 1], operation);
    for (unsigned i = 0; i < elements; ++i) {
        // A narrow value may lie in a wide register.
        Type place = type;
        if (parts[i].kind == Operand::Kind::reg && !is_store && container_bytes(parts[i].type) == 8) place = Type::u64;
        operation.wide_value = container_bytes(place) == 8;
        (is_store ? operation.s : operation.d)[i] = is_store ? source(parts[i], type) : destination(parts[i], place);
    }
    operation.space = space;
    operation.type = type;
    operation.elements = static_cast<std::uint8_t>(elements);
    Operation& emitted = emit(is_store ? &run_store : &run_load, instruction.name);
    operation.execute = emitted.execute;
    operation.line = emitted.line;
    emitted = operation;
    const bool anywhere = space == Space::generic;
    if (space == Space::shared || anywhere) program_.shared_granule = std::min(program_.shared_granule, bytes);
    if (space == Space::global || anywhere) program_.global_granule = std::min(program_.global_granule, bytes);
}

void Decoder::atomic(const Instruction& instruction, Form& form, bool has_result) {
    for (const std::string_view hint : hints)
        form.take(hint);
    const Space space = take_space(form);
    const std::uint32_t kind = form.take_one_of(atomic_names, 99);
    const Type type = form.type();
    const std::size_t count = (has_result ? 2U : 1U) + (kind == atomic_cas ? 2U : 1U);
    if (kind == 99 || !form.empty() || instruction.operands.size() != count || bytes_of(type) < 4) unknown();
    if (space != Space::global && space != Space::shared && space != Space::generic) unknown();
    Operation operation;
    const std::size_t first = has_result ? 1 : 0;
    address(instruction.operands[first], operation);
    operation.s[0] = source(instruction.operands[first + 1], type);
    if (kind == atomic_cas) operation.s[1] = source(instruction.operands[first + 2], type);
    operation.d[0] = has_result ? destination(instruction.operands[0], type) : slot_sink;
    operation.space = space;
    operation.type = type;
    operation.aux = kind;
    operation.wide_value = container_bytes(type) == 8;
    Operation& emitted = emit(&run_atomic, instruction.name);
    operation.execute = emitted.execute;
    operation.line = emitted.line;
    emitted = operation;
    program_.shared_granule = std::min(program_.shared_granule, bytes_of(type));
    program_.global_granule = std::min(program_.global_granule, bytes_of(type));
}

// Shared, local and parameter memory have windows in the generic space; global and constant memory lie in it as they
// are.
bool Decoder::address_conversion(const Instruction& instruction, Form& form) {
    const bool from_generic = form.take("to");
    const Space space = take_space(form);
    const Type type = form.type();
    if (type != Type::u64 || !form.empty()) unknown();
    Execute execute = nullptr;
    if (space == Space::shared)
        execute = (from_generic ? lanewise<&from_shared_window>() : lanewise<&to_shared_window>()).execute;
    if (space == Space::local)
        execute = (from_generic ? lanewise<&from_local_window>() : lanewise<&to_local_window>()).execute;
    if (space == Space::param)
        execute = (from_generic ? lanewise<&from_param_window>() : lanewise<&to_param_window>()).execute;
    if (execute == nullptr) return false;
    if (instruction.operands.size() != 2) unknown();
    const Slot from = source(instruction.operands[1], type);
    const Slot to = destination(instruction.operands[0], type);
    Operation& operation = emit(execute, instruction.name);
    operation.s[0] = from;
    operation.d[0] = to;
    return true;
}

}  // namespace convt::ptx
