// SPDX-License-Identifier: Apache-2.0
// PTX text into tokens. A word keeps its dots (`ld.global.v4.f32`, `%tid.x`, `.reg`), so that the parser sees an
// instruction's name whole.
#pragma once

#include "tests/support/ptx/types.h"

#include <string_view>
#include <vector>

namespace convt::ptx {

struct Token {
    enum class Kind : std::uint8_t { word, number, string, punctuation, end };
    Kind kind = Kind::end;
    std::string_view text;
    int line = 0;
};

// The tokens view `text`. Ends with one of kind `end`, whose line is the last.
std::vector<Token> tokens_of(std::string_view text);

}  // namespace convt::ptx
