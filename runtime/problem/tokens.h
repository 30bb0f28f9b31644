// SPDX-License-Identifier: Apache-2.0
// The tokens of a problem's text, in the one order they are read and printed in. A new token is one row here and its
// reader in parse.cpp; the operations of the epilogue are rows of epilogue.h.
#pragma once

#include "convt/problem.h"

#include <span>
#include <string_view>

namespace convt::problem_text {

enum class Token : int {
    rank,
    type,
    batch,
    in_channels,
    out_channels,
    input,
    kernel,
    stride,
    padding,
    output_padding,
    dilation,
    groups,
    padding_mode,
    input_zero,
    layout,
    bias,
    sums,
    epilogue,
    pass,
};

struct TokenRow {
    Token token;
    std::string_view prefix;  // the letters a value follows; empty for tokens that are whole words
    std::string_view meaning;
    bool required;
};
std::span<const TokenRow> tokens() noexcept;

struct LayoutRow {
    std::string_view word;  // empty: the default, not printed
    Layout input;
    Layout output;
};
std::span<const LayoutRow> layouts() noexcept;

struct SumsRow {
    std::string_view word;  // empty: the default, not printed
    Sums sums;
};
std::span<const SumsRow> sums_rows() noexcept;
std::string_view sums_word(Sums sums) noexcept;

struct PassRow {
    std::string_view word;  // empty: the default, not printed
    Pass pass;
};
std::span<const PassRow> passes() noexcept;
std::string_view pass_word(Pass pass) noexcept;

}  // namespace convt::problem_text
