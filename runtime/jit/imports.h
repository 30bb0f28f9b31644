// SPDX-License-Identifier: Apache-2.0
// What a kernel may import: the closed list of functions that the loader resolves. Nothing else of the process is
// visible to a kernel.
#pragma once

#include <cstdint>
#include <span>

namespace convt {

struct Import {
    const char* name;
    std::uintptr_t address;
};
std::span<const Import> kernel_imports() noexcept;

}  // namespace convt
