// SPDX-License-Identifier: Apache-2.0
// Random problems over the whole rule space, small enough that a thousand of them are checked in a minute or two.
#pragma once

#include "convt/problem.h"
#include "tests/support/random.h"

#include <cstdint>
#include <vector>

namespace convt::test {

// Limits on one random problem.
struct SizeLimit {
    std::int64_t multiply_adds = 1'000'000;
    std::int64_t output_elements = 200'000;
};

// A valid problem within the limit. Every rank, type, layout pair, grouping, padding and epilogue has its share; unit
// and prime extents, strides above the kernel and dilated kernels longer than the input are frequent.
Problem random_problem(Random& random, const SizeLimit& limit = {});

// The problem, forward, with its batch or some of its extents left open in one of the ways there are.
Problem opened(Random& random, const Problem& problem);

// Problems of calls that an open problem takes: the smallest, which is all tail, and others of sizes up to a few
// register tiles, primes among them. A closed problem's is itself.
std::vector<Problem> calls(Random& random, const Problem& problem);

// Smaller problems made from `problem` by halving or clearing one thing each, most drastic first; all valid. Replacing
// a failing problem by the first of them that fails too, again and again, leaves a small one.
std::vector<Problem> simpler(const Problem& problem);

}  // namespace convt::test
