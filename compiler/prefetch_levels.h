// SPDX-License-Identifier: Apache-2.0
// Into which caches an object's prefetches bring their lines.
#pragma once

#include "convt/status.h"

#include <cstddef>
#include <span>

namespace convt {

// Halide knows one prefetch, which is x86's non-temporal one: lines go around the second-level cache. Here each becomes
// prefetcht0, into all levels; the two differ in three bits of a byte. `object` is an ELF object for x86-64, changed in
// place. Code::compile_failed where its code cannot be read; it may be changed in part then.
Status prefetch_into_all_levels(std::span<std::byte> object);

}  // namespace convt
