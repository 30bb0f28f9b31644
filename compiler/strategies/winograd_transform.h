// SPDX-License-Identifier: Apache-2.0
// The transforms of Winograd's minimal filtering on one axis: m outputs y of r taps g over m + r - 1 inputs d as
//   y = A^T ((G g) * (B^T d)),  the product taken element by element,
// with fewer products than m r. The four that are here have entries 0, 1, -1 and, in G, 1/2 only.
#pragma once

#include "schedules/winograd_tile.h"

#include <cstdint>
#include <vector>

namespace convt {

using Matrix = std::vector<std::vector<double>>;

struct WinogradTransform {
    WinogradTile tile;
    Matrix input;   // B^T: products x (m + r - 1)
    Matrix weight;  // G: products x r; its taps in the order in which the inputs run
    Matrix output;  // A^T: m x products

    // Largest sum over a row of |A^T| of row sums of |G| times row sums of |B^T|: how large an output can become, in
    // the intermediate sums, for inputs and weights of magnitude 1. The definition's own is r.
    std::int64_t growth() const;
    // Additions one value passes in B^T, G and A^T together.
    std::int64_t roundings() const;
    // What G divides by.
    std::int64_t divisor() const;
};

// 1 <= taps <= 4.
WinogradTransform winograd_transform(int taps);

}  // namespace convt
