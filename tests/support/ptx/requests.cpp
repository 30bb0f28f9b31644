// SPDX-License-Identifier: Apache-2.0
#include "tests/support/ptx/requests.h"

#include <algorithm>

namespace convt::ptx {
namespace {

// Distinct words of one part of a warp in the bank that has most of them.
std::uint64_t worst_bank(const Addresses& addresses, Mask lanes, unsigned bytes) {
    std::array<std::uint64_t, warp_lanes> words;
    unsigned count = 0;
    for (unsigned i = 0; i < warp_lanes; ++i) {
        if ((lanes >> i & 1U) == 0) continue;
        for (unsigned at = 0; at < bytes; at += 4)
            words[count++] = (addresses[i] + at) / 4;
    }
    std::sort(words.begin(), words.begin() + count);
    const auto end = std::unique(words.begin(), words.begin() + count);
    std::array<std::uint8_t, 32> held{};
    for (auto word = words.begin(); word != end; ++word)
        ++held[*word % 32];
    return *std::max_element(held.begin(), held.end());
}

}  // namespace

Traffic sectors_of(const Addresses& addresses, Mask lanes, unsigned bytes) {
    std::array<std::uint64_t, warp_lanes> sorted;
    unsigned count = 0;
    for (unsigned i = 0; i < warp_lanes; ++i) {
        if ((lanes >> i & 1U) != 0) sorted[count++] = addresses[i];
    }
    if (!std::is_sorted(sorted.begin(), sorted.begin() + count)) std::sort(sorted.begin(), sorted.begin() + count);
    std::uint64_t sectors = 0;
    std::uint64_t distinct = 0;
    std::uint64_t next_sector = 0;  // the first that is not counted
    std::uint64_t next_byte = 0;
    for (unsigned i = 0; i < count; ++i) {
        const std::uint64_t end = sorted[i] + bytes;
        const std::uint64_t first = std::max(sorted[i] / 32, next_sector);
        const std::uint64_t after = (end + 31) / 32;
        if (after > first) sectors += after - first;
        next_sector = std::max(next_sector, after);
        distinct += end > next_byte ? end - std::max(sorted[i], next_byte) : 0;
        next_byte = std::max(next_byte, end);
    }
    return {1, sectors, (distinct + 31) / 32};
}

Traffic wavefronts_of(const Addresses& addresses, Mask lanes, unsigned bytes) {
    const unsigned width = bytes <= 4 ? 32 : bytes == 8 ? 16 : 8;
    Traffic traffic{1, 0, 0};
    for (unsigned first = 0; first < warp_lanes; first += width) {
        const Mask part = lanes & (width == 32 ? all_lanes : ((Mask{1} << width) - 1) << first);
        if (part == 0) continue;
        traffic.taken += worst_bank(addresses, part, bytes);
        traffic.fewest += 1;
    }
    return traffic;
}

}  // namespace convt::ptx
