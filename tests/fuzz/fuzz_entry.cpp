// SPDX-License-Identifier: Apache-2.0
// Cache entries: whatever the bytes, reading them ends with an object that writes the same bytes again, or with a
// reason. Half of the inputs get a checksum that fits, or no fuzzer would ever come behind it.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "convt/object.h"
#include "runtime/object/hash.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace convt;
    const auto input = std::as_bytes(std::span(data, size));
    std::vector<std::byte> bytes(input.begin(), input.end());
    if (size > 0 && (data[size - 1] & 1U) != 0) {
        bytes.pop_back();
        const Hash128 hash = hash_bytes(bytes);
        bytes.insert(bytes.end(), hash.begin(), hash.end());
    }
    const Result<Object> object = Object::deserialize(bytes);
    if (!object.ok()) {
        if (object.status().code() != Code::corrupt || object.status().message().empty()) std::abort();
    } else if (object.value().serialize() != bytes) {
        std::abort();
    } else {
        (void)object.value().info.packed_bytes();
    }
    return 0;
}
