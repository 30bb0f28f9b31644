// SPDX-License-Identifier: Apache-2.0
// NVIDIA's assembler, where there is one: PTX to a cubin. Kernels run without: the driver assembles their PTX then.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace convt {

// $CONVT_PTXAS, or, where it is not set, the one that was there when convt was built, or the one in $PATH; empty: none
// (CONVT_PTXAS set to nothing asks for that). Looked up at every call.
std::string find_ptxas();

// A cubin, and what ptxas told of it: registers, spills.
struct Assembled {
    std::vector<std::byte> cubin;
    std::string told;
};
// For devices of `capability` (80 for 8.0), threads limited to `max_registers` (0: none). None where ptxas fails: it
// may be too old for the capability, and PTX does without.
std::optional<Assembled> assemble(const std::string& ptxas, std::string_view ptx, int capability, int max_registers);

}  // namespace convt
