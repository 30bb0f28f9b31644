// SPDX-License-Identifier: Apache-2.0
// A problem's canonical text: one number per axis, a token left out only where all its axes have the default.
#include "runtime/problem/epilogue.h"
#include "runtime/problem/padding_mode.h"
#include "runtime/problem/tokens.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace convt {
namespace {

using namespace problem_text;

// `numbers` returns the text of one axis.
template <typename Numbers>
std::string joined(std::span<const Axis> axes, Numbers numbers) {
    std::string text;
    for (const Axis& axis : axes) {
        if (!text.empty()) text += 'x';
        text += numbers(axis);
    }
    return text;
}

std::string per_axis(std::span<const Axis> axes, std::int64_t Axis::*field) {
    return joined(axes, [field](const Axis& axis) { return fmt::to_string(axis.*field); });
}

std::string input_text(const Axis& axis) {
    if (!axis.is_open()) return fmt::to_string(axis.input);
    const auto& [lowest, highest, multiple] = axis.open;
    const std::string range = highest == 0 ? "?" : fmt::format("{}..{}", lowest, highest);
    return multiple == 1 ? range : fmt::format("{}*{}", range, multiple);
}

std::string padding_text(std::span<const Axis> axes) {
    return joined(axes, [](const Axis& axis) {
        return axis.pad_low == axis.pad_high ? fmt::to_string(axis.pad_low)
                                             : fmt::format("{}:{}", axis.pad_low, axis.pad_high);
    });
}

// The shortest decimal that reads back to the same f32; std::to_chars knows no locale.
std::string real_text(float value) {
    char buffer[32];
    const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value).ptr;
    return {buffer, end};
}

std::string epilogue_text(const std::vector<EpilogueOp>& ops) {
    std::string text;
    for (const EpilogueOp& op : ops) {
        const EpilogueRow* row = find_epilogue_row(op.kind);
        if (row == nullptr) continue;
        if (!text.empty()) text += '_';
        text += row->name;
        for (int i = 0; i < row->values; ++i) {
            if (i > 0) text += ':';
            text += real_text(op.values[static_cast<std::size_t>(i)]);
        }
    }
    return text;
}

std::string layout_text(const Problem& problem) {
    for (const LayoutRow& row : layouts()) {
        if (row.input == problem.input_layout && row.output == problem.output_layout) return std::string(row.word);
    }
    return {};
}

// Empty where the token has its default.
std::string token_text(const Problem& problem, const TokenRow& row) {
    const std::span axes(problem.axes.data(), static_cast<std::size_t>(std::clamp(problem.rank, 1, 3)));
    const auto prefixed = [&row](const std::string& value) { return std::string(row.prefix) + value; };
    const auto unless = [&](std::int64_t Axis::*field) {
        const bool is_default =
            std::ranges::all_of(axes, [&](const Axis& axis) { return axis.*field == Axis{}.*field; });
        return is_default ? std::string() : prefixed(per_axis(axes, field));
    };
    switch (row.token) {
        case Token::rank:
            return prefixed(fmt::format("{}d", problem.rank));
        case Token::type:
            return problem.types().name;
        case Token::batch:
            if (problem.open_batch) return prefixed("?");
            return problem.batch == 1 ? "" : prefixed(fmt::to_string(problem.batch));
        case Token::in_channels:
            return prefixed(fmt::to_string(problem.in_channels));
        case Token::out_channels:
            return prefixed(fmt::to_string(problem.out_channels));
        case Token::input:
            return prefixed(joined(axes, input_text));
        case Token::kernel:
            return prefixed(per_axis(axes, &Axis::kernel));
        case Token::stride:
            return unless(&Axis::stride);
        case Token::padding:
            return std::ranges::all_of(axes, [](const Axis& axis) { return axis.pad_low == 0 && axis.pad_high == 0; })
                       ? ""
                       : prefixed(padding_text(axes));
        case Token::output_padding:
            return unless(&Axis::output_padding);
        case Token::dilation:
            return unless(&Axis::dilation);
        case Token::groups:
            return problem.groups == 1 ? "" : prefixed(fmt::to_string(problem.groups));
        case Token::padding_mode:
            return std::string(padding_mode_row(problem.padding_mode).word);
        case Token::input_zero:
            return problem.input_zero == 0 ? "" : prefixed(fmt::to_string(problem.input_zero));
        case Token::layout:
            return layout_text(problem);
        case Token::bias:
            return problem.bias ? "bias" : "";
        case Token::sums:
            return std::string(sums_word(problem.sums));
        case Token::epilogue:
            return epilogue_text(problem.epilogue);
        case Token::pass:
            return std::string(pass_word(problem.pass));
    }
    return {};
}

}  // namespace

std::string Problem::text() const {
    std::string text;
    for (const TokenRow& row : tokens()) {
        const std::string token = token_text(*this, row);
        if (token.empty()) continue;
        if (!text.empty()) text += '_';
        text += token;
    }
    return text;
}

}  // namespace convt
