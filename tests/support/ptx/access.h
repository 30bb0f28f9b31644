// SPDX-License-Identifier: Apache-2.0
// Operations on memory. Each lane's address is checked against the state space it lies in, and becomes a place in the
// host's memory.
#pragma once

#include "tests/support/ptx/warp.h"

#include <string_view>

namespace convt::ptx {

void run_load(Warp& warp, const Operation& operation, Mask lanes);
void run_store(Warp& warp, const Operation& operation, Mask lanes);
void run_atomic(Warp& warp, const Operation& operation, Mask lanes);

// Operation::aux of atomics, by this order.
constexpr std::string_view atomic_names[] = {"add", "min", "max", "and", "or", "xor", "exch", "cas"};
constexpr std::uint32_t atomic_cas = 7;

}  // namespace convt::ptx
