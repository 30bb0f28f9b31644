// SPDX-License-Identifier: Apache-2.0
// Puts an object's machine code into this process. Knows ELF and symbols; what the code computes and how it is called
// is the business of runtime/kernel.
#pragma once

#include "convt/status.h"

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace convt {

// The code of one object, mapped as long as this lives. Loading and unloading are thread-safe and may be interrupted by
// fork in another thread; the child can load and unload.
class LoadedCode {
  public:
    // Entry points of Halide's argv convention: returns 0, or an error code of Halide's.
    using Entry = int (*)(void** args);

    // Code::corrupt where the bytes are no relocatable ELF file for this machine, name a symbol that kernels may not
    // import, or lack an entry point.
    static Result<std::unique_ptr<LoadedCode>> load(std::span<const std::byte> elf, const std::string& symbol);
    ~LoadedCode();
    LoadedCode(const LoadedCode&) = delete;
    LoadedCode& operator=(const LoadedCode&) = delete;

    Entry run() const noexcept { return run_; }
    Entry pack() const noexcept { return pack_; }
    std::size_t bytes() const noexcept { return bytes_; }  // pages mapped

  private:
    LoadedCode(void* dylib, Entry run_entry, Entry pack_entry, std::size_t bytes) noexcept
        : dylib_(dylib), run_(run_entry), pack_(pack_entry), bytes_(bytes) {}
    void* dylib_;  // llvm::orc::JITDylib
    Entry run_;
    Entry pack_;
    std::size_t bytes_;
};

}  // namespace convt
