// SPDX-License-Identifier: Apache-2.0
// What the blocks of a kernel's grid are made of, from the schedule of the output that they compute.
#pragma once

#include "convt/problem.h"
#include "convt/schedule.h"
#include "convt/target.h"

#include <cstdint>
#include <string>
#include <vector>

namespace convt::test {

// Extents of the loops fused into those over blocks, innermost first; loops of one turn are left out. None where other
// kernels prepare what all blocks read. Throws std::runtime_error where an extent is not known: the schedule's factors
// and the output's bounds are constants.
std::vector<std::uint64_t> block_loops(const Problem& problem, const Target& target, const std::string& strategy,
                                       const Schedule& schedule);

}  // namespace convt::test
