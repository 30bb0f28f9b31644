// SPDX-License-Identifier: Apache-2.0
// What a warp's request to memory costs: 32-byte sectors of global memory, wavefronts of shared memory.
#pragma once

#include "tests/support/ptx/lanes.h"
#include "tests/support/ptx/report.h"

#include <array>

namespace convt::ptx {

using Addresses = std::array<std::uint64_t, warp_lanes>;

// Sectors touched; the fewest that hold as many bytes as were asked for, each counted once.
Traffic sectors_of(const Addresses& addresses, Mask lanes, unsigned bytes);
// Shared memory has 32 banks of 4 bytes and serves one word of each bank a wavefront, to as many lanes as want it.
// Requests of 8 bytes a lane are served by halves of a warp, those of 16 by quarters (CUDA C++ Best Practices Guide,
// shared memory; NVIDIA's developer forum on 64- and 128-bit accesses), so the fewest is one for each such part that
// has lanes.
Traffic wavefronts_of(const Addresses& addresses, Mask lanes, unsigned bytes);

}  // namespace convt::ptx
