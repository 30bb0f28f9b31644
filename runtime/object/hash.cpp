// SPDX-License-Identifier: Apache-2.0
// The only file that sees xxhash.h, inlined, so that a host needs no libxxhash.
#define XXH_INLINE_ALL
#include "runtime/object/hash.h"

#include <xxhash.h>

#include "runtime/object/bytes.h"

namespace convt {

Hash128 hash_bytes(std::span<const std::byte> bytes) noexcept {
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes.data(), bytes.size()));
    Hash128 hash;
    for (std::size_t i = 0; i < hash.size(); ++i)
        hash[i] = std::byte{canonical.digest[i]};
    return hash;
}

std::string hash_fields(std::initializer_list<std::string_view> fields) {
    ByteWriter writer;
    for (const std::string_view field : fields)
        writer.text(field);
    std::string hex;
    for (const std::byte byte : hash_bytes(writer.bytes())) {
        hex += "0123456789abcdef"[std::to_integer<unsigned>(byte >> 4)];
        hex += "0123456789abcdef"[std::to_integer<unsigned>(byte & std::byte{15})];
    }
    return hex;
}

}  // namespace convt
