// SPDX-License-Identifier: Apache-2.0
// The inner loops that the machine's limits are measured with, one set for every vector width. Call those that this
// CPU can execute.
#pragma once

#include <cstdint>

namespace convt::cli {

constexpr int multiply_add_chains = 12;
constexpr std::int64_t line_bytes = 64;

template <int vector_bytes>
struct VectorLoops {
    // `steps` multiply-adds in each lane of each chain. `start` is 1; unknown to the compiler.
    static float multiply_add(float start, std::int64_t steps) noexcept;
    static double multiply_add(double start, std::int64_t steps) noexcept;
    // Reads and writes so many lines once, in turns; `past_caches` writes with non-temporal stores.
    static std::int64_t read_write(const void* from, std::int64_t read_lines, void* to, std::int64_t written_lines,
                                   bool past_caches) noexcept;
};

}  // namespace convt::cli
