// SPDX-License-Identifier: Apache-2.0
// A module in a device's memory: its variables have addresses, all its kernels are decoded, so that what is not known
// shows at loading.
#pragma once

#include "tests/support/ptx/launch.h"

namespace convt::ptx {

class LoadedModule {
  public:
    // Throws Error. `memory` must outlive it.
    LoadedModule(std::string_view text, Memory& memory);
    ~LoadedModule();
    LoadedModule(const LoadedModule&) = delete;
    LoadedModule& operator=(const LoadedModule&) = delete;

    // nullptr where there is none of that name.
    const Program* kernel(const std::string& name) const;
    const std::map<std::string, Program>& kernels() const { return kernels_; }
    // 75 of sm_75.
    int capability() const { return capability_; }
    // The address and size of a .global or .const variable; nullptr where there is none.
    const Allocation* variable(const std::string& name) const;

  private:
    void place(const Variable& variable);

    Memory& memory_;
    std::map<std::string, std::uint64_t> addresses_;
    std::map<std::string, Program> kernels_;
    int capability_ = 0;
};

// The bytes of a launch's arguments, from pointers to them as cuLaunchKernel takes them.
std::vector<std::byte> pack_params(const Program& program, const void* const* arguments);

}  // namespace convt::ptx
