// SPDX-License-Identifier: Apache-2.0
// The definition at one place of the output, for problems too large for the oracle: real types and integer data, whose
// sums are exact in any order.
#pragma once

#include "runtime/problem/epilogue.h"
#include "tests/support/oracle.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace convt::test {

class Definition {
  public:
    Definition(const Problem& problem, const Operands& operands);

    // Of the output's `element`, counted in its own layout: what it is, and in `own` what a kernel may be off by.
    EpilogueValue at(std::size_t element) const;
    // The same element's index: n, c, z, y, x.
    std::array<std::int64_t, 5> place(std::size_t element) const;
    std::size_t elements() const;
    // Products that meet there.
    std::int64_t products(std::size_t element) const;

  private:
    struct Tap {
        std::int64_t input = 0, kernel = 0;
    };
    std::vector<Tap> taps(int axis, std::int64_t output) const;

    const Problem problem_;
    const std::array<Axis, 3> axes_;
    std::int64_t in_channels_, out_channels_;  // of a group
    std::vector<float> x_;                     // n z y x g ci: sums run over what lies side by side
    std::vector<float> weights_;               // kz ky kx g co ci
    std::vector<double> bias_;
    std::vector<std::vector<double>> epilogue_;
};

}  // namespace convt::test
