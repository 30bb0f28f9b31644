// SPDX-License-Identifier: Apache-2.0
// Objects to bytes and back (form: format.h). Reading decides what is an object: whole, undamaged, every field within
// its limits, nothing behind it. Whether the code links and runs is found out by Kernel::load and admission.
#include "convt/object.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "runtime/object/bytes.h"
#include "runtime/object/format.h"
#include "runtime/object/hash.h"

namespace convt {
namespace {

constexpr std::string_view magic = "convtobj";
constexpr std::uint64_t max_text_bytes = 1U << 16U;
constexpr std::uint64_t max_packed_rank = 16;
constexpr std::int64_t max_transform_fact = 1 << 20;

Status corrupt(std::string reason) {
    return Status(Code::corrupt, "object: " + std::move(reason));
}

// Empty, or why `info` is not what a compiler gives.
std::string fault(const ObjectInfo& info) {
    const auto printable = [](std::string_view text) {
        return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
    };
    const auto in_symbol = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    };
    for (const std::string* text :
         {&info.problem, &info.target, &info.strategy, &info.schedule, &info.schedule_source, &info.compiler}) {
        if (!printable(*text)) return "a text holds control characters";
    }
    if (info.symbol.empty() || !std::ranges::all_of(info.symbol, in_symbol)) return "symbol is not an identifier";
    if (std::ranges::any_of(info.packed_extents, [](std::int64_t extent) { return extent < 1; }))
        return "packed_extents holds an extent below 1";
    for (const std::int64_t fact : {info.transform.growth, info.transform.roundings, info.transform.divisor}) {
        if (fact < 0 || fact > max_transform_fact || (fact == 0) != (info.transform.growth == 0))
            return "transform holds a number out of range";
    }
    for (const double time : {info.compile_ms, info.admission_ms}) {
        if (!std::isfinite(time) || time < 0) return "a time is not a finite number of at least 0";
    }
    return {};
}

ObjectInfo read_info(ByteReader& reader) {
    ObjectInfo info;
    info.problem = reader.text(max_text_bytes);
    info.target = reader.text(max_text_bytes);
    info.features = reader.u64();
    info.strategy = reader.text(max_text_bytes);
    info.schedule = reader.text(max_text_bytes);
    info.schedule_source = reader.text(max_text_bytes);
    info.compiler = reader.text(max_text_bytes);
    info.symbol = reader.text(max_text_bytes);
    const std::uint64_t rank = reader.u64();
    if (rank > max_packed_rank) reader.fail();
    for (std::uint64_t i = 0; i < rank && !reader.failed(); ++i)
        info.packed_extents.push_back(static_cast<std::int64_t>(reader.u64()));
    const std::uint64_t type = reader.u64();
    if (type >= element_types().size()) reader.fail();
    info.packed_type = static_cast<ElementType>(type);
    for (std::int64_t* fact : {&info.transform.growth, &info.transform.roundings, &info.transform.divisor})
        *fact = static_cast<std::int64_t>(reader.u64());
    const std::uint64_t admitted = reader.u64();
    if (admitted > 1) reader.fail();
    info.admitted = admitted == 1;
    info.compile_ms = reader.f64();
    info.admission_ms = reader.f64();
    return info;
}

}  // namespace

std::optional<std::uint64_t> stored_format_version(std::span<const std::byte> bytes) noexcept {
    ByteReader reader(bytes);
    const std::span<const std::byte> begin = reader.raw(magic.size());
    const std::uint64_t version = reader.u64();
    if (reader.failed() || std::memcmp(begin.data(), magic.data(), magic.size()) != 0) return std::nullopt;
    return version;
}

std::vector<std::byte> Object::serialize() const {
    ByteWriter writer;
    writer.raw(std::as_bytes(std::span(magic)));
    writer.u64(object_format_version);
    writer.text(info.problem);
    writer.text(info.target);
    writer.u64(info.features);
    writer.text(info.strategy);
    writer.text(info.schedule);
    writer.text(info.schedule_source);
    writer.text(info.compiler);
    writer.text(info.symbol);
    writer.u64(info.packed_extents.size());
    for (const std::int64_t extent : info.packed_extents)
        writer.u64(static_cast<std::uint64_t>(extent));
    writer.u64(static_cast<std::uint64_t>(info.packed_type));
    for (const std::int64_t fact : {info.transform.growth, info.transform.roundings, info.transform.divisor})
        writer.u64(static_cast<std::uint64_t>(fact));
    writer.u64(info.admitted ? 1 : 0);
    writer.f64(info.compile_ms);
    writer.f64(info.admission_ms);
    writer.u64(code.size());
    writer.raw(code);
    writer.raw(hash_bytes(writer.bytes()));
    return writer.take();
}

Result<Object> Object::deserialize(std::span<const std::byte> bytes) {
    if (bytes.size() > max_object_bytes)
        return corrupt(fmt::format("{} bytes are more than any object has", bytes.size()));
    const std::optional<std::uint64_t> version = stored_format_version(bytes);
    if (!version) return corrupt("does not begin with the magic number and a format version");
    if (*version != object_format_version)
        return corrupt(fmt::format("format version {}, this convt reads {}", *version, object_format_version));
    if (bytes.size() < sizeof(Hash128)) return corrupt("too short for a checksum");
    const std::span<const std::byte> body = bytes.first(bytes.size() - sizeof(Hash128));
    if (!std::ranges::equal(hash_bytes(body), bytes.last(sizeof(Hash128))))
        return corrupt("the checksum does not match");

    ByteReader reader(body.subspan(magic.size() + sizeof(std::uint64_t)));
    Object object;
    object.info = read_info(reader);
    const std::span<const std::byte> code = reader.sized(max_object_bytes);
    if (reader.failed()) return corrupt("a field is cut short or over its limit");
    if (reader.left() != 0) return corrupt(fmt::format("{} bytes behind the code", reader.left()));
    if (std::string reason = fault(object.info); !reason.empty()) return corrupt(std::move(reason));
    object.code.assign(code.begin(), code.end());
    return object;
}

std::int64_t ObjectInfo::packed_bytes() const {
    std::int64_t bytes = element_type_info(packed_type).scalar_bytes;
    for (const std::int64_t extent : packed_extents) {
        if (extent < 1 || __builtin_mul_overflow(bytes, extent, &bytes)) return 0;
    }
    return bytes;
}

}  // namespace convt
