// SPDX-License-Identifier: Apache-2.0
// A place among the tokens, and the few moves that both halves of the parser make.
#pragma once

#include "tests/support/ptx/lexer.h"

#include <fmt/format.h>

namespace convt::ptx {

class Cursor {
  public:
    explicit Cursor(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

    const Token& peek(std::size_t ahead = 0) const {
        return tokens_[at_ + ahead < tokens_.size() ? at_ + ahead : tokens_.size() - 1];
    }
    bool is(std::string_view text) const { return peek().text == text && peek().kind != Token::Kind::string; }
    bool at_end() const { return peek().kind == Token::Kind::end; }
    Token next() {
        if (at_end()) throw Error(peek().line, "the text ends here, too early");
        return tokens_[at_++];
    }
    bool take(std::string_view text) {
        if (!is(text)) return false;
        ++at_;
        return true;
    }
    void expect(std::string_view text) {
        if (!take(text)) fail(fmt::format("expected '{}'", text));
    }
    std::string word(const char* what) {
        if (peek().kind != Token::Kind::word) fail(fmt::format("expected {}", what));
        return std::string(next().text);
    }
    [[noreturn]] void fail(const std::string& what) const {
        throw Error(peek().line, fmt::format("{}, found {}", what, at_end() ? "the end of the text" : peek().text));
    }
    int line() const { return peek().line; }

    // An integer literal, with its sign.
    std::int64_t integer();

  private:
    std::vector<Token> tokens_;
    std::size_t at_ = 0;
};

// `text` without sign: decimal, 0x, 0 (octal), 0b; a U at the end. Throws Error at `line`.
std::uint64_t integer_literal(std::string_view text, int line);

}  // namespace convt::ptx
