// SPDX-License-Identifier: Apache-2.0
// Calls of open problems, for those who are given an input.
#pragma once

#include "convt/problem.h"

#include <cstdint>
#include <span>

namespace convt {

// Problem::closed with the sizes of x: its shape with the batch or, where the problem's batch is 1 or open, without.
Result<Problem> closed_by_input(const Problem& problem, std::span<const std::int64_t> shape);

}  // namespace convt
