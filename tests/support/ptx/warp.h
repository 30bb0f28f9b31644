// SPDX-License-Identifier: Apache-2.0
// The decoded form: an operation is a function and the places of its operands in a warp's frame. A frame holds, 128
// bytes a slot, everything an operand can be: registers, special registers and constants, so that functions need not
// know which.
#pragma once

#include "tests/support/ptx/lanes.h"

#include <array>
#include <vector>

namespace convt::ptx {

// An index of 128-byte blocks in the frame; a 64-bit register takes two.
using Slot = std::uint32_t;
constexpr Slot no_slot = 0xFFFFFFFFU;

struct alignas(64) LaneBlock {
    std::byte bytes[128];
};

class Block;
struct Operation;

// Where divergent lanes wait. The top entry runs; at `meet` it ends and the one below goes on there.
struct Branch {
    std::uint32_t at = 0;
    std::uint32_t meet = 0;
    Mask lanes = 0;
};

struct Warp {
    std::vector<LaneBlock> frame;
    std::vector<Branch> stack;
    Block* block = nullptr;
    unsigned index = 0;  // within its block
    Mask exited = 0;

    std::byte* at(Slot slot) { return frame[slot].bytes; }
};

using Execute = void (*)(Warp& warp, const Operation& operation, Mask lanes);

struct Operation {
    enum class Flow : std::uint8_t { next, branch, leave, barrier, trap };
    Execute execute = nullptr;
    std::array<Slot, 4> d{no_slot, no_slot, no_slot, no_slot};
    std::array<Slot, 4> s{no_slot, no_slot, no_slot, no_slot};
    Slot address = no_slot;  // of loads, stores and atomics
    Slot guard = no_slot;
    bool guard_negated = false;
    Flow flow = Flow::next;
    std::uint32_t target = 0;  // of a branch
    std::uint32_t meet = 0;    // where the two ways of a branch meet again
    std::uint32_t index = 0;   // its own
    std::uint32_t aux = 0;     // what the function makes of it: rounding, comparison, ...
    int line = 0;
    // Of loads, stores and atomics alone.
    Space space = Space::generic;
    Type type = Type::none;
    std::uint8_t elements = 1;
    bool wide_address = true;
    bool wide_value = false;
    std::int64_t offset = 0;
};

template <typename T>
void put_lanes(Warp& warp, Slot slot, Mask lanes, const T (&values)[warp_lanes]) {
    std::byte* to = warp.at(slot);
    if (lanes == all_lanes) {
        for (unsigned i = 0; i < warp_lanes; ++i)
            put_lane<T>(to, i, values[i]);
        return;
    }
    for (unsigned i = 0; i < warp_lanes; ++i) {
        if ((lanes >> i & 1U) != 0) put_lane<T>(to, i, values[i]);
    }
}

inline Mask mask_of(Warp& warp, Slot predicate) {
    Mask mask = 0;
    const std::byte* lanes = warp.at(predicate);
    for (unsigned i = 0; i < warp_lanes; ++i)
        mask |= static_cast<Mask>(get_lane<bool>(lanes, i)) << i;
    return mask;
}

}  // namespace convt::ptx
