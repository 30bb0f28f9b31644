// SPDX-License-Identifier: Apache-2.0
// What the properties are shown on: every strategy with a few problems of every type, and tensors as plain scalars.
#pragma once

#include "tests/support/trial.h"

#include <functional>
#include <vector>

namespace convt::test {

// Scalars in the order of the tensor's memory; a complex element is two.
using Scalars = std::vector<double>;

// Calls visit for every strategy, type and problem (no bias, no epilogue) that go together, with the kernel compiled
// from the default schedule. Fails the test where one does not compile or a strategy gets no problem.
void for_each_subject(const std::function<void(const Trial&, const Kernel&)>& visit);

// The kernel's output; fails the test where the kernel does.
Scalars apply(const Kernel& kernel, const Scalars& x, const Scalars& weights);

// Integers in [-limit, limit] for a tensor of this shape.
Scalars integers(const Problem& problem, const std::vector<std::int64_t>& shape, std::int64_t limit, Random& random);

}  // namespace convt::test
