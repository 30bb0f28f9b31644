// SPDX-License-Identifier: Apache-2.0
// A full-size problem's default kernel, executed on a sample of its blocks and held against the definition wherever
// they wrote: what CI does with every problem of cases/models.tsv, and what is held to catch a changed kernel.
#pragma once

#include "convt/halide_compiler.h"
#include "tests/cuda/definition.h"
#include "tests/cuda/gpu_kernel.h"
#include "tests/support/random.h"

#include <set>

namespace convt::test {

// Of a grid made of such loops: every block at the first or last turn of all of them, blocks at the first and at the
// last turn of each with others drawn for the rest, and a few drawn ones. All blocks of a small grid.
std::set<std::uint64_t> sampled_blocks(const std::vector<std::uint64_t>& loops, Random& random);
// The sample for a launch of the output's grid; without loops, all of it. Other launches are executed whole.
BlockSample sample_of(const std::vector<std::uint64_t>& loops, std::uint64_t seed);

// A case with its data, on which all is exact.
struct SampledCase {
    NamedProblem named;
    Plan plan;
    Object object;
    Operands operands;
    std::vector<std::uint64_t> loops;  // the output's blocks; none where it is executed whole
    BlockSample sample;
};
SampledCase sampled_case(const NamedProblem& named, const Target& target, std::uint64_t seed);

struct Verdict {
    std::string wrong;          // the first thing that is, or empty
    std::uint64_t written = 0;  // places of the output
    std::uint64_t compared = 0;
};
// Looks for trouble, for a corner of the output that nobody wrote, and for a value that is not the definition's.
Verdict judge(const SampledCase& sampled, const Definition& definition, const GpuRun& run);

}  // namespace convt::test
