// SPDX-License-Identifier: Apache-2.0
// Holds an output against the oracle, and says where they part.
#pragma once

#include "tests/support/oracle.h"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace convt::test {

enum class Match {
    exact,    // equal to the reference rounded to the type, zeros of either sign are equal; or within what the epilogue
              // may be off by where it rounds (exact_error_bound)
    bounded,  // within error_bound
};

// Nothing where every element matches; else the first that does not: its index in the output's own order (n, c, ... or
// n, ..., c), what it is, what it should be and how far off it may be. `transform`: of the kernel's object.
std::optional<std::string> first_mismatch(const Problem& problem, const std::vector<std::byte>& output,
                                          const Reference& reference, Match match,
                                          const TransformFacts& transform = {});

}  // namespace convt::test
