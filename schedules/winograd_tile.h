// SPDX-License-Identifier: Apache-2.0
// The sizes of the transforms of strategy `winograd` (compiler/strategies/winograd_transform.h has their matrices), by
// the taps of a phase: what the model of its schedules needs.
#pragma once

#include <array>
#include <cstdint>

namespace convt {

struct WinogradTile {
    int taps;      // r
    int outputs;   // m neighbouring outputs of a phase, from m + r - 1 inputs
    int products;  // where the definition has m * r
};

// One tap stays as it is. Two: F(3,2). Three: F(2,3). Four: F(3,2) of F(2,2), nested. Tiles above these lose digits:
// the rows of their matrices sum to more than 10 where F(3,2)'s sum to 2 and 3.
inline constexpr std::array<WinogradTile, 4> winograd_tiles{{{1, 1, 1}, {2, 3, 4}, {3, 2, 4}, {4, 6, 12}}};

inline const WinogradTile& winograd_tile(std::int64_t taps) {
    return winograd_tiles[static_cast<std::size_t>(taps - 1)];
}

// In 1D with a stride of whole vectors lanes run over the phases of a channel, not over channels: then a vector of sums
// is a piece of an output row and is stored as it stands. Few channels fill lanes too; where many are last, a piece of
// a row would be scattered (`pixel`: neighbouring channels of the output).
inline constexpr bool winograd_phases_in_lanes(bool image, std::int64_t stride, std::int64_t lanes,
                                               std::int64_t pixel) {
    return !image && stride % lanes == 0 && pixel * 2 < lanes;
}

}  // namespace convt
