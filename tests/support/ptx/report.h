// SPDX-License-Identifier: Apache-2.0
// What a launch tells beside its results: findings, as a sanitizer's, and counts.
#pragma once

#include "tests/support/ptx/types.h"

#include <map>
#include <string>
#include <vector>

namespace convt::ptx {

struct Dim3 {
    unsigned x = 1;
    unsigned y = 1;
    unsigned z = 1;
    std::uint64_t count() const { return std::uint64_t{x} * y * z; }
    std::uint64_t linear(const Dim3& at) const { return at.x + std::uint64_t{x} * (at.y + std::uint64_t{y} * at.z); }
    Dim3 place(std::uint64_t index) const {
        return {static_cast<unsigned>(index % x), static_cast<unsigned>(index / x % y),
                static_cast<unsigned>(index / x / y)};
    }
    std::string text() const;
};

enum class FindingKind : std::uint8_t {
    out_of_bounds,
    misaligned,
    read_only,
    uninitialised,
    race,
    divergent_barrier,
    inactive_lane,
    trap
};
std::string_view name_of(FindingKind kind);

// The first of its kind at its line, and how often there was another.
struct Finding {
    FindingKind kind = FindingKind::trap;
    int line = 0;
    Dim3 block;
    Dim3 thread;
    std::uint64_t address = 0;
    std::string what;
    std::uint64_t times = 1;
    std::string text() const;
};

// What requests of warps took, and the least that requests for the same bytes can take.
struct Traffic {
    std::uint64_t requests = 0;
    std::uint64_t taken = 0;
    std::uint64_t fewest = 0;
    double ratio() const { return fewest == 0 ? 1.0 : static_cast<double>(taken) / static_cast<double>(fewest); }
};

struct Counts {
    std::uint64_t blocks = 0;
    std::uint64_t warp_instructions = 0;
    std::uint64_t thread_instructions = 0;
    std::map<std::string, std::uint64_t> by_name;  // thread instructions
    Traffic global_loads;                          // 32-byte sectors
    Traffic global_stores;
    Traffic shared_loads;  // wavefronts
    Traffic shared_stores;
    std::uint64_t local_accesses = 0;  // thread instructions that load from or store to local memory
    // Of thread instructions, those that are fma.
    double fma_share() const;
};

struct Report {
    Counts counts;
    std::vector<Finding> findings;

    // Counts one more of a finding that is there; false where there is none of its kind at its line.
    bool again(FindingKind kind, int line);
    std::string text() const;
};

}  // namespace convt::ptx
