// SPDX-License-Identifier: Apache-2.0
#include "tests/support/ptx/loaded_module.h"

#include <fmt/format.h>
#include <charconv>
#include <cstring>

namespace convt::ptx {
namespace {

int capability_of(const std::string& target) {
    int capability = 0;
    const std::size_t start = target.find("sm_");
    if (start == std::string::npos) throw Error(0, fmt::format("no target sm_NN in '{}'", target));
    const char* digits = target.data() + start + 3;
    std::from_chars(digits, target.data() + target.size(), capability);
    return capability;
}

}  // namespace

LoadedModule::LoadedModule(std::string_view text, Memory& memory) : memory_(memory) {
    const Module module = parse(text);
    capability_ = capability_of(module.target);
    for (const Variable& variable : module.variables)
        place(variable);
    for (const Function& function : module.functions) {
        for (const Variable& variable : function.variables)
            place(variable);
    }
    for (const Function& function : module.functions) {
        if (function.entry) kernels_.emplace(function.name, decode(module, function, addresses_));
    }
}

LoadedModule::~LoadedModule() {
    for (const auto& [name, address] : addresses_)
        memory_.free(address);
}

void LoadedModule::place(const Variable& variable) {
    if (variable.space != Space::global && variable.space != Space::constant) return;
    if (variable.declared_only) throw Error(variable.line, variable.name + " is declared here and defined nowhere");
    Allocation* allocation = memory_.allocate(variable.bytes);
    if (allocation == nullptr) throw Error(variable.line, fmt::format("no device memory for {}", variable.name));
    addresses_[variable.name] = allocation->address();
    // What has no initial value is zero.
    std::vector<std::byte> initial = variable.initial;
    initial.resize(variable.bytes);
    memory_.write(allocation->address(), initial.data(), initial.size());
    allocation->constant = variable.space == Space::constant;
}

const Program* LoadedModule::kernel(const std::string& name) const {
    const auto found = kernels_.find(name);
    return found == kernels_.end() ? nullptr : &found->second;
}

const Allocation* LoadedModule::variable(const std::string& name) const {
    const auto found = addresses_.find(name);
    return found == addresses_.end() ? nullptr : memory_.find(found->second);
}

std::vector<std::byte> pack_params(const Program& program, const void* const* arguments) {
    std::vector<std::byte> bytes(program.param_bytes);
    for (std::size_t i = 0; i < program.params.size(); ++i) {
        std::memcpy(bytes.data() + program.params[i].offset, arguments[i], program.params[i].bytes);
    }
    return bytes;
}

}  // namespace convt::ptx
