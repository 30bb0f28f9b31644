// SPDX-License-Identifier: Apache-2.0
// The form of a serialised object. All numbers are 64-bit little-endian; texts and lists have their length in front.
//   magic "convtobj", format version,
//   problem, target, features, strategy, schedule, schedule_source, compiler, symbol, packed_extents, transform
//   (growth, roundings, divisor), admitted, compile_ms, admission_ms, code,
//   XXH3-128 of everything before it.
// Any change of this, of a field's meaning or of the entry points' signature raises `object_format_version`, which is
// part of every cache key: versions live side by side in one folder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace convt {

inline constexpr std::uint64_t object_format_version = 3;
// Kernels are 10 to 20 kB; what is larger than this was not written by convt.
inline constexpr std::uint64_t max_object_bytes = std::uint64_t{64} << 20U;

// The format version that `bytes` begin with; none where they do not begin as an object.
std::optional<std::uint64_t> stored_format_version(std::span<const std::byte> bytes) noexcept;

}  // namespace convt
