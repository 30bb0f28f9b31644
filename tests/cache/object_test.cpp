// SPDX-License-Identifier: Apache-2.0
// Objects as bytes: what `serialize` wrote is read back whole, anything else is refused with a reason.
#include "convt/object.h"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "runtime/object/bytes.h"
#include "runtime/object/format.h"
#include "runtime/object/hash.h"
#include "tests/support/fake_compiler.h"

namespace {

using namespace convt;
using Bytes = std::vector<std::byte>;

Object sample() {
    Object object = test::fake_object(test::fake_problem(5), Target::host());
    object.info.features = 0x8000000000000005U;
    object.info.schedule = "tx=2,tc=8";
    object.info.packed_extents = {16, 4, 9};
    object.info.transform = {36, 10, 4};
    object.info.compile_ms = 123.25;
    object.info.admission_ms = 0.5;
    return object;
}

// The same bytes with a checksum that fits: for what only the reader of fields can find.
Bytes with_checksum(Bytes bytes) {
    bytes.erase(bytes.end() - sizeof(Hash128), bytes.end());
    const Hash128 hash = hash_bytes(bytes);
    bytes.insert(bytes.end(), hash.begin(), hash.end());
    return bytes;
}

bool is_corrupt(const Bytes& bytes) {
    const Result<Object> object = Object::deserialize(bytes);
    return object.status().code() == Code::corrupt && !object.status().message().empty();
}

}  // namespace

TEST_CASE("an object reads back as it was written, to the same bytes") {
    const Object object = sample();
    const Bytes bytes = object.serialize();
    const Result<Object> read = Object::deserialize(bytes);
    REQUIRE(read.ok());
    const ObjectInfo& info = read.value().info;
    CHECK(info.problem == object.info.problem);
    CHECK(info.target == object.info.target);
    CHECK(info.features == object.info.features);
    CHECK(info.strategy == "fake");
    CHECK(info.schedule == "tx=2,tc=8");
    CHECK(info.schedule_source == "default");
    CHECK(info.compiler == "fake 1");
    CHECK(info.symbol == "convt_fake");
    CHECK(info.packed_extents == std::vector<std::int64_t>{16, 4, 9});
    CHECK(info.transform == TransformFacts{36, 10, 4});
    CHECK(info.admitted);
    CHECK(info.compile_ms == 123.25);
    CHECK(info.admission_ms == 0.5);
    CHECK(read.value().code == object.code);
    CHECK(read.value().serialize() == bytes);
}

TEST_CASE("the form on disk is fixed: other bytes need another format version") {
    Object object = sample();
    object.info.target = "x86-64-v3";
    object.code = {std::byte{1}, std::byte{2}};
    const Bytes bytes = object.serialize();
    const std::string hash = hash_fields({std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size())});
    CHECK(object_format_version == 3);
    CHECK(hash == "86880b4f612cf6bc9ef821dced52a10d");
}

TEST_CASE("an object with a byte changed is refused") {
    const Bytes bytes = sample().serialize();
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        for (const unsigned flip : {0x01U, 0x80U, 0xffU}) {
            Bytes changed = bytes;
            changed[i] ^= std::byte(flip);
            INFO("byte " << i << " ^ " << flip);
            REQUIRE(is_corrupt(changed));
        }
    }
}

TEST_CASE("an object cut or continued is refused") {
    const Bytes bytes = sample().serialize();
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        INFO(size << " of " << bytes.size() << " bytes");
        REQUIRE(is_corrupt(Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size))));
    }
    Bytes longer = bytes;
    longer.push_back(std::byte{0});
    CHECK(is_corrupt(longer));
    CHECK(is_corrupt(with_checksum(longer)));
}

TEST_CASE("no number is believed, whatever the checksum says") {
    const Bytes bytes = sample().serialize();
    int refused = 0;
    for (std::size_t i = 16; i + sizeof(Hash128) + 8 <= bytes.size(); ++i) {
        for (const unsigned fill : {0xffU, 0x02U}) {
            Bytes changed = bytes;
            std::fill_n(changed.begin() + static_cast<std::ptrdiff_t>(i), 8, std::byte(fill));
            changed = with_checksum(changed);
            const Result<Object> object = Object::deserialize(changed);
            INFO("bytes from " << i << " on are " << fill);
            if (object.ok()) REQUIRE(object.value().serialize() == changed);
            refused += object.ok() ? 0 : 1;
        }
    }
    CHECK(refused > 128);  // every byte that reaches into one of the lengths; the rest is text and code
}

TEST_CASE("fields that no compiler gives are refused") {
    const std::vector<std::function<void(ObjectInfo&)>> faults = {
        [](ObjectInfo& info) { info.problem += '\t'; },
        [](ObjectInfo& info) { info.target += '\n'; },
        [](ObjectInfo& info) { info.strategy += '\0'; },
        [](ObjectInfo& info) { info.schedule += '\x7f'; },
        [](ObjectInfo& info) { info.compiler += '\r'; },
        [](ObjectInfo& info) { info.compiler.assign(70'000, 'x'); },
        [](ObjectInfo& info) { info.symbol.clear(); },
        [](ObjectInfo& info) { info.symbol += "-"; },
        [](ObjectInfo& info) {
            info.packed_extents = {4, 0};
        },
        [](ObjectInfo& info) { info.packed_extents = {-1}; },
        [](ObjectInfo& info) { info.transform.growth = 0; },
        [](ObjectInfo& info) { info.transform.divisor = -4; },
        [](ObjectInfo& info) { info.packed_extents.assign(17, 1); },
        [](ObjectInfo& info) { info.compile_ms = std::numeric_limits<double>::quiet_NaN(); },
        [](ObjectInfo& info) { info.admission_ms = std::numeric_limits<double>::infinity(); },
        [](ObjectInfo& info) { info.compile_ms = -1; },
    };
    for (std::size_t i = 0; i < faults.size(); ++i) {
        Object object = sample();
        faults[i](object.info);
        INFO("fault " << i);
        CHECK(is_corrupt(object.serialize()));
    }
}

TEST_CASE("another format version is named") {
    Bytes bytes = sample().serialize();
    bytes[8] = std::byte{4};
    const Result<Object> read = Object::deserialize(with_checksum(bytes));
    CHECK(read.status().code() == Code::corrupt);
    CHECK(read.status().message().find("format version 4") != std::string::npos);
    CHECK(stored_format_version(bytes) == 4);
    CHECK_FALSE(stored_format_version(Bytes(15, std::byte{'c'})));
}

TEST_CASE("packed bytes follow from the extents, in checked arithmetic") {
    ObjectInfo info = sample().info;
    CHECK(info.packed_bytes() == 16 * 4 * 9 * 4);
    info.packed_extents = {std::int64_t{1} << 40, std::int64_t{1} << 40};
    CHECK(info.packed_bytes() == 0);
    info.packed_extents = {1};
    info.packed_type = ElementType::u8;
    CHECK(info.packed_bytes() == 1);
}

TEST_CASE("fields of a hash do not run together") {
    CHECK(hash_fields({"ab", "c"}) != hash_fields({"a", "bc"}));
    CHECK(hash_fields({"ab", "c"}) != hash_fields({"abc"}));
    CHECK(hash_fields({"ab", ""}) != hash_fields({"ab"}));
    // XXH3_128bits of no bytes, as xxhsum -H2 prints it.
    CHECK(hash_fields({}) == "99aa06d3014798d86001c324468d497f");
}
