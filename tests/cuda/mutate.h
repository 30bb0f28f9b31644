// SPDX-License-Identifier: Apache-2.0
// PTX with one instruction changed, as a wrong compiler might: operands swapped, another operation, another constant,
// no instruction at all, the opposite predicate. A change is as long as what it replaces, so that it fits into an
// object.
#pragma once

#include "tests/support/random.h"

#include <optional>
#include <string>

namespace convt::test {

struct Mutant {
    std::string ptx;
    std::string what;  // line, before, after
};
// Nothing where the instruction and the change that were drawn do not go together.
std::optional<Mutant> mutated(const std::string& ptx, Random& random);

}  // namespace convt::test
