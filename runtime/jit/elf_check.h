// SPDX-License-Identifier: Apache-2.0
// Whether bytes are an ELF file that JITLink may be given: it trusts offsets and sizes more than a damaged file
// deserves.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace convt {

// Empty for a relocatable file for this machine whose sections, symbols and relocations lie where they must; else what
// is wrong.
std::string refuse_elf(std::span<const std::byte> elf);

}  // namespace convt
