// SPDX-License-Identifier: Apache-2.0
// The tables of tokens.h.
#include "runtime/problem/tokens.h"

#include <algorithm>
#include <iterator>

namespace convt::problem_text {
namespace {

constexpr TokenRow token_rows[] = {
    {Token::rank, "convt", "rank", true},
    {Token::type, "", "element type", true},
    {Token::batch, "n", "batch", false},
    {Token::in_channels, "ci", "input channels", true},
    {Token::out_channels, "co", "output channels", true},
    {Token::input, "i", "input extents", true},
    {Token::kernel, "k", "kernel", true},
    {Token::stride, "s", "stride", false},
    {Token::padding, "p", "padding", false},
    {Token::output_padding, "op", "output padding", false},
    {Token::dilation, "d", "dilation", false},
    {Token::groups, "g", "groups", false},
    {Token::padding_mode, "", "padding mode", false},
    {Token::input_zero, "z", "zero point", false},
    {Token::layout, "", "layout", false},
    {Token::bias, "", "bias", false},
    {Token::sums, "", "order of sums", false},
    {Token::epilogue, "", "epilogue", false},
    {Token::pass, "", "pass", false},
};

constexpr LayoutRow layout_rows[] = {
    {"", Layout::channels_first, Layout::channels_first},
    {"nhwc", Layout::channels_last, Layout::channels_last},
    {"nchw2nhwc", Layout::channels_first, Layout::channels_last},
    {"nhwc2nchw", Layout::channels_last, Layout::channels_first},
};

constexpr SumsRow sums_table[] = {{"", Sums::any}, {"direct", Sums::direct}, {"ordered", Sums::ordered}};
constexpr PassRow pass_rows[] = {
    {"", Pass::forward},
    {"gradinput", Pass::grad_input},
};

// Empty for a value that the table does not have.
template <typename Rows, typename Row, typename Value>
std::string_view word_of(const Rows& rows, Value Row::*field, Value value) noexcept {
    const auto* row = std::ranges::find(rows, value, field);
    return row == std::end(rows) ? std::string_view() : row->word;
}

}  // namespace

std::span<const TokenRow> tokens() noexcept {
    return token_rows;
}
std::span<const LayoutRow> layouts() noexcept {
    return layout_rows;
}
std::span<const PassRow> passes() noexcept {
    return pass_rows;
}
std::string_view pass_word(Pass pass) noexcept {
    return word_of(pass_rows, &PassRow::pass, pass);
}

std::span<const SumsRow> sums_rows() noexcept {
    return sums_table;
}
std::string_view sums_word(Sums sums) noexcept {
    return word_of(sums_table, &SumsRow::sums, sums);
}

}  // namespace convt::problem_text
