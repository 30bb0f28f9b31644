// SPDX-License-Identifier: Apache-2.0
// The header is a Python dictionary with exactly the keys descr, fortran_order and shape; the small parser below reads
// that and nothing else of Python.
#include "tools/common/npy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>

namespace convt::cli {

namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr std::size_t preamble = 8;         // magic and version
constexpr std::size_t max_dimensions = 32;  // NumPy 1's own limit
constexpr std::size_t data_alignment = 64;  // of the data inside a file; NumPy's own

struct Header {
    std::string descr;
    bool fortran_order = false;
    std::vector<std::int64_t> shape;
};

Status corrupt(const std::string& message) {
    return {Code::corrupt, "not a .npy file: " + message};
}

// Reads the dictionary from left to right; every member returns false where the text is something else.
class HeaderParser {
  public:
    explicit HeaderParser(std::string_view text) : rest_(text) {}

    bool parse(Header& header) {
        std::array<bool, 3> seen{};
        if (!take('{')) return false;
        while (!take('}')) {
            std::string key;
            if (!string(key) || !take(':') || !value(key, header, seen)) return false;
            if (!take(',') && !ahead('}')) return false;
        }
        skip_blanks();
        return rest_.empty() && seen == std::array{true, true, true};
    }

  private:
    bool value(const std::string& key, Header& header, std::array<bool, 3>& seen) {
        const auto once = [&seen](std::size_t i) { return !std::exchange(seen[i], true); };
        if (key == "descr") return once(0) && description(header.descr);
        if (key == "fortran_order") return once(1) && boolean(header.fortran_order);
        return key == "shape" && once(2) && tuple(header.shape);
    }

    // Structured types are lists; they are carried along as text for the message that refuses them.
    bool description(std::string& out) {
        if (!ahead('[')) return string(out);
        const std::size_t end = rest_.find(']');
        if (end == std::string_view::npos) return false;
        out = rest_.substr(0, end + 1);
        rest_.remove_prefix(end + 1);
        return true;
    }

    bool string(std::string& out) {
        skip_blanks();
        if (rest_.empty() || (rest_[0] != '\'' && rest_[0] != '"')) return false;
        const std::size_t end = rest_.find(rest_[0], 1);
        if (end == std::string_view::npos) return false;
        out = rest_.substr(1, end - 1);
        rest_.remove_prefix(end + 1);
        return true;
    }

    bool boolean(bool& out) {
        out = word("True");
        return out || word("False");
    }

    bool tuple(std::vector<std::int64_t>& out) {
        if (!take('(')) return false;
        while (!take(')')) {
            std::int64_t extent = 0;
            if (!number(extent) || out.size() == max_dimensions) return false;
            out.push_back(extent);
            if (!take(',') && !(ahead(')') && out.size() > 1)) return false;
        }
        return true;
    }

    bool number(std::int64_t& out) {
        skip_blanks();
        const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), out);
        if (error != std::errc() || out < 0) return false;
        rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
        return true;
    }

    bool word(std::string_view expected) {
        skip_blanks();
        if (!rest_.starts_with(expected)) return false;
        rest_.remove_prefix(expected.size());
        return true;
    }

    bool take(char c) { return word(std::string_view(&c, 1)); }
    bool ahead(char c) {
        skip_blanks();
        return rest_.starts_with(c);
    }
    void skip_blanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size())); }

    std::string_view rest_;
};

struct Description {
    ElementType type;
    std::string_view text;
};
// The first of a type is the one written. NumPy has no bfloat16: it goes as unsigned numbers of 16 bits, and what
// ml_dtypes.bfloat16 is saved as, void of two bytes, is read too.
constexpr Description descriptions[] = {
    {ElementType::f32, "<f4"}, {ElementType::f64, "<f8"},  {ElementType::c64, "<c8"},  {ElementType::c128, "<c16"},
    {ElementType::f16, "<f2"}, {ElementType::bf16, "<u2"}, {ElementType::bf16, "<V2"}, {ElementType::bf16, "|V2"},
    {ElementType::u8, "|u1"},  {ElementType::s8, "|i1"},   {ElementType::s32, "<i4"},
};

Result<ElementType> element_type(const std::string& descr) {
    for (const Description& d : descriptions)
        if (d.text == descr) return d.type;
    const char* what = descr.starts_with('>') ? "big-endian numbers" : "its element type";
    std::string known;
    for (const Description& d : descriptions)
        known += fmt::format("{}'{}' ({})", known.empty() ? "" : ", ", d.text, element_type_info(d.type).name);
    return Status(Code::unsupported,
                  fmt::format("{} cannot be read: descr is '{}', must be one of {}", what, descr, known));
}

std::optional<std::size_t> byte_count(const std::vector<std::int64_t>& shape, ElementType type) {
    auto bytes = static_cast<std::int64_t>(element_type_info(type).bytes());
    for (const std::int64_t extent : shape)
        if (__builtin_mul_overflow(bytes, extent, &bytes)) return {};
    return static_cast<std::size_t>(bytes);
}

// Elements in Fortran order, put in C order: the last index runs fastest in `out`.
std::vector<std::byte> transpose(std::string_view data, const std::vector<std::int64_t>& shape, std::size_t size) {
    std::vector<std::byte> out(data.size());
    std::vector<std::size_t> strides;
    std::size_t stride = size;
    for (const std::int64_t extent : shape) {
        strides.push_back(stride);
        stride *= static_cast<std::size_t>(extent);
    }
    std::vector<std::int64_t> index(shape.size(), 0);
    std::size_t from = 0;
    for (std::size_t to = 0; to < out.size(); to += size) {
        std::memcpy(out.data() + to, data.data() + from, size);
        for (std::size_t d = shape.size(); d-- > 0;) {
            from += strides[d];
            if (++index[d] < shape[d]) break;
            from -= strides[d] * static_cast<std::size_t>(shape[d]);
            index[d] = 0;
        }
    }
    return out;
}

// The bytes of the header's dictionary, and of the data behind it.
Result<std::pair<std::string_view, std::string_view>> split(std::string_view bytes) {
    if (bytes.size() < preamble || !bytes.starts_with(magic)) return corrupt("it does not begin with \\x93NUMPY");
    const auto at = [bytes](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(bytes[i])); };
    const std::size_t major = at(6);
    if (major < 1 || major > 3 || at(7) != 0) {
        return Status(Code::unsupported,
                      fmt::format(".npy version {}.{} cannot be read: 1.0, 2.0 and 3.0 can", major, at(7)));
    }
    const std::size_t length_bytes = major == 1 ? 2 : 4;
    if (bytes.size() < preamble + length_bytes) return corrupt("it ends inside the header");
    std::size_t length = 0;
    for (std::size_t i = 0; i < length_bytes; ++i)
        length |= at(preamble + i) << (8 * i);
    const std::size_t begin = preamble + length_bytes;
    if (length > bytes.size() - begin) return corrupt("it ends inside the header");
    return std::pair(bytes.substr(begin, length), bytes.substr(begin + length));
}

}  // namespace

Result<Array> parse_npy(std::string_view bytes) {
    const auto parts = split(bytes);
    if (!parts.ok()) return parts.status();
    const auto [text, data] = parts.value();
    Header header;
    if (!HeaderParser(text).parse(header)) {
        return corrupt("its header must be a dictionary of descr, fortran_order and shape");
    }
    const Result<ElementType> type = element_type(header.descr);
    if (!type.ok()) return type.status();
    const std::optional<std::size_t> expected = byte_count(header.shape, type.value());
    if (expected != data.size()) {
        return corrupt(fmt::format("shape {} of '{}' does not take the {} bytes it has", shape_text(header.shape),
                                   header.descr, data.size()));
    }
    Array array{type.value(), header.shape, {}};
    if (header.fortran_order) {
        array.data = transpose(data, header.shape, static_cast<std::size_t>(element_type_info(array.type).bytes()));
    } else {
        const auto* begin = reinterpret_cast<const std::byte*>(data.data());
        array.data.assign(begin, begin + data.size());
    }
    return array;
}

std::string format_npy(ElementType type, const std::vector<std::int64_t>& shape, std::span<const std::byte> data) {
    const auto* row = std::ranges::find(descriptions, type, &Description::type);
    std::string header =
        fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': {}, }}", row->text, shape_text(shape));
    const std::size_t begin = preamble + 2;
    const std::size_t end = (begin + header.size() + data_alignment) / data_alignment * data_alignment;
    header.resize(end - begin - 1, ' ');
    header += '\n';
    std::string bytes(magic);
    bytes += {'\x01', '\x00', static_cast<char>(header.size() & 0xFFU), static_cast<char>(header.size() >> 8U)};
    bytes += header;
    bytes.append(reinterpret_cast<const char*>(data.data()), data.size());
    return bytes;
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
    return fmt::format("({}{})", fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
}

}  // namespace convt::cli
