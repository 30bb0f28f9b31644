// SPDX-License-Identifier: Apache-2.0
#include "tests/support/ptx/lexer.h"

#include <fmt/format.h>

namespace convt::ptx {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' || c == '%';
}

class Lexer {
  public:
    explicit Lexer(std::string_view text) : text_(text) {}

    std::vector<Token> run() {
        std::vector<Token> tokens;
        for (skip_blanks(); at_ < text_.size(); skip_blanks())
            tokens.push_back(next());
        tokens.push_back({Token::Kind::end, {}, line_});
        return tokens;
    }

  private:
    char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

    void skip_comment() {
        const int start = line_;
        for (at_ += 2; peek() != '*' || peek(1) != '/'; ++at_) {
            if (at_ >= text_.size()) throw Error(start, "a comment that is not closed");
            if (peek() == '\n') ++line_;
        }
        at_ += 2;
    }

    void skip_blanks() {
        while (at_ < text_.size()) {
            if (peek() == '\n') {
                ++line_;
                ++at_;
            } else if (peek() == ' ' || peek() == '\t' || peek() == '\r') {
                ++at_;
            } else if (peek() == '/' && peek(1) == '/') {
                while (at_ < text_.size() && peek() != '\n')
                    ++at_;
            } else if (peek() == '/' && peek(1) == '*') {
                skip_comment();
            } else {
                return;
            }
        }
    }

    // A word may hold dots, and pairs of colons (`.L1::no_allocate`); one colon alone ends a label.
    std::size_t word_end() const {
        std::size_t end = at_ + 1;
        while (end < text_.size()) {
            const char c = text_[end];
            if (is_letter(c) || is_digit(c) || c == '.') {
                ++end;
            } else if (c == ':' && end + 1 < text_.size() && text_[end + 1] == ':') {
                end += 2;
            } else {
                break;
            }
        }
        return end;
    }

    Token take(Token::Kind kind, std::size_t end) {
        const Token token{kind, text_.substr(at_, end - at_), line_};
        at_ = end;
        return token;
    }

    Token next() {
        const char c = peek();
        if (is_letter(c) || (c == '.' && is_letter(peek(1)))) return take(Token::Kind::word, word_end());
        if (is_digit(c)) {
            std::size_t end = at_;
            while (end < text_.size() && (is_letter(text_[end]) || is_digit(text_[end]) || text_[end] == '.'))
                ++end;
            return take(Token::Kind::number, end);
        }
        if (c == '"') {
            const std::size_t close = text_.find('"', at_ + 1);
            if (close == std::string_view::npos) throw Error(line_, "a string that is not closed");
            return take(Token::Kind::string, close + 1);
        }
        if (std::string_view("{}()[],;:@!+-|<>=").find(c) != std::string_view::npos) {
            return take(Token::Kind::punctuation, at_ + 1);
        }
        throw Error(line_, fmt::format("unexpected character '{}'", c));
    }

    std::string_view text_;
    std::size_t at_ = 0;
    int line_ = 1;
};

}  // namespace

std::vector<Token> tokens_of(std::string_view text) {
    return Lexer(text).run();
}

}  // namespace convt::ptx
