// SPDX-License-Identifier: Apache-2.0
#include "tests/support/ptx/cursor.h"

#include <fmt/format.h>
#include <charconv>

namespace convt::ptx {

std::uint64_t integer_literal(std::string_view text, int line) {
    const std::string_view whole = text;
    if (!text.empty() && text.back() == 'U') text.remove_suffix(1);
    int base = 10;
    if (text.size() > 1 && text[0] == '0') {
        const bool hexadecimal = text[1] == 'x' || text[1] == 'X';
        const bool binary = text[1] == 'b' || text[1] == 'B';
        base = hexadecimal ? 16 : binary ? 2 : 8;
        text.remove_prefix(hexadecimal || binary ? 2 : 1);
    }
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc() || end != text.data() + text.size()) {
        throw Error(line, fmt::format("'{}' is no integer", whole));
    }
    return value;
}

std::int64_t Cursor::integer() {
    const bool negative = take("-");
    if (peek().kind != Token::Kind::number) fail("expected an integer");
    const Token token = next();
    const std::uint64_t value = integer_literal(token.text, token.line);
    return static_cast<std::int64_t>(negative ? 0 - value : value);
}

}  // namespace convt::ptx
