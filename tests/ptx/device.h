// SPDX-License-Identifier: Apache-2.0
// A kernel's text, run on the executor directly, without the driver before it.
#pragma once

#include "tests/support/ptx/loaded_module.h"

#include <cstring>
#include <string>
#include <vector>

namespace convt::ptx {

// The head of every module written here; instructions of the tests need no more than sm_80.
inline const std::string module_head = ".version 7.0\n.target sm_80\n.address_size 64\n";

class Device {
  public:
    explicit Device(const std::string& text) : module_(text, memory) {}

    template <typename T>
    std::uint64_t upload(const std::vector<T>& values) {
        const std::uint64_t address = allocate(values.size() * sizeof(T));
        memory.write(address, values.data(), values.size() * sizeof(T));
        return address;
    }
    std::uint64_t allocate(std::uint64_t bytes) { return memory.allocate(bytes)->address(); }
    template <typename T>
    std::vector<T> download(std::uint64_t address, std::size_t count) {
        std::vector<T> values(count);
        memory.read(values.data(), address, count * sizeof(T));
        return values;
    }

    // Every argument is 8 bytes: an address or a number.
    Report run(const std::string& kernel, const Dim3& grid, const Dim3& block,
               const std::vector<std::uint64_t>& arguments, std::uint64_t dynamic_shared = 0,
               std::uint64_t limit = std::uint64_t{1} << 40U) {
        Launch launch;
        launch.grid = grid;
        launch.block = block;
        launch.dynamic_shared = dynamic_shared;
        launch.limit = limit;
        launch.params.resize(8 * arguments.size());
        std::memcpy(launch.params.data(), arguments.data(), launch.params.size());
        const Program* program = module_.kernel(kernel);
        if (program == nullptr) throw Error(0, kernel);
        return ptx::run(*program, memory, launch);
    }

    Memory memory;

  private:
    LoadedModule module_;
};

}  // namespace convt::ptx
