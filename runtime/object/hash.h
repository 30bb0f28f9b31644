// SPDX-License-Identifier: Apache-2.0
// The one hash of convt: 128 bits of XXH3, for names of cache entries and for the checksum inside an object. It guards
// against damage and chance, not against an attacker; who may write to the cache is a matter of its folder's owner.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace convt {

using Hash128 = std::array<std::byte, 16>;  // in the canonical, big-endian order of bytes

Hash128 hash_bytes(std::span<const std::byte> bytes) noexcept;
// Of fields with their lengths in front, so that no two lists of fields run together. Lower-case hexadecimal digits.
std::string hash_fields(std::initializer_list<std::string_view> fields);

}  // namespace convt
