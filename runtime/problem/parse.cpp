// SPDX-License-Identifier: Apache-2.0
// Reads a problem's text. What is decided here is the grammar: tokens joined by `_`, in the order of the table, each at
// most once, decimal digits without sign or leading zero. Whether the values make sense is left to Problem::validate.
#include "runtime/problem/epilogue.h"
#include "runtime/problem/padding_mode.h"
#include "runtime/problem/tokens.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

namespace convt {
namespace {

using namespace problem_text;

struct Word {
    std::string_view text;
    std::size_t column;  // of its first character, from 1
};

// Bytes that are not printable would garble the message, and a hostile token may be megabytes long.
std::string shown(std::string_view text) {
    constexpr std::size_t limit = 60;
    std::string safe(text.substr(0, limit));
    std::ranges::replace_if(
        safe, [](char c) { return c < ' ' || c > '~'; }, '?');
    return text.size() > limit ? safe + "..." : safe;
}

Status refuse(const Word& word, std::string_view rule) {
    return {Code::invalid_problem, fmt::format("token `{}` at column {}: {}", shown(word.text), word.column, rule)};
}

// The part before the first `separator`, which is taken off `rest` together with it.
std::string_view next_part(std::string_view& rest, char separator) {
    const std::size_t end = std::min(rest.find(separator), rest.size());
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return part;
}

std::size_t count_parts(std::string_view text, char separator) {
    return static_cast<std::size_t>(std::ranges::count(text, separator)) + 1;
}

std::string_view leading_letters(std::string_view text) {
    const auto end = std::ranges::find_if(text, [](char c) { return c < 'a' || c > 'z'; });
    return text.substr(0, static_cast<std::size_t>(end - text.begin()));
}

const EpilogueRow* epilogue_row(std::string_view word) {
    const std::string_view letters = leading_letters(word);
    const auto found = std::ranges::find_if(
        epilogue_rows(), [&](const EpilogueRow& row) { return (row.values > 0 ? letters : word) == row.name; });
    return found == epilogue_rows().end() ? nullptr : &*found;
}

bool is_word_of(Token token, std::string_view word) {
    // What is empty in a table is its default, which no word says.
    const auto in = [word](const auto& rows) {
        return !word.empty() && std::ranges::any_of(rows, [word](const auto& row) { return word == row.word; });
    };
    switch (token) {
        case Token::type:
            return std::ranges::any_of(problem_types(), [&](const auto& row) { return word == row.name; });
        case Token::padding_mode:
            return in(padding_modes());
        case Token::layout:
            return in(layouts());
        case Token::bias:
            return word == "bias";
        case Token::sums:
            return in(sums_rows());
        case Token::epilogue:
            return epilogue_row(word) != nullptr;
        case Token::pass:
            return in(passes());
        default:
            return false;
    }
}

const TokenRow* find_row(std::string_view word) {
    const std::string_view letters = leading_letters(word);
    for (const TokenRow& row : tokens()) {
        if (row.prefix.empty() ? is_word_of(row.token, word) : letters == row.prefix) return &row;
    }
    return nullptr;
}

class Parser {
  public:
    Result<Problem> parse(std::string_view text) {
        std::string_view rest = text;
        for (std::size_t i = count_parts(text, '_'); i > 0; --i) {
            const auto column = static_cast<std::size_t>(rest.data() - text.data()) + 1;
            if (Status status = read({next_part(rest, '_'), column}); !status.ok()) return status;
        }
        if (Status status = require_up_to(tokens().size(), {"", text.size() + 1}); !status.ok()) return status;
        return problem_;
    }

  private:
    Status read(const Word& word) {
        const TokenRow* row = find_row(word.text);
        if (row == nullptr && next_ == static_cast<std::size_t>(Token::type)) {
            std::string names;
            for (const ProblemTypeInfo& type : problem_types())
                names += fmt::format(" {}", type.name);
            return refuse(word, "not an element type; there are" + names);
        }
        if (row == nullptr) return refuse(word, "unknown token");
        const auto index = static_cast<std::size_t>(row - tokens().data());
        if (index + 1 == next_ && row->token != Token::epilogue) {
            return refuse(word, fmt::format("the {} is given twice", row->meaning));
        }
        if (index + 1 < next_) {
            return refuse(word, fmt::format("out of order: the {} must stand before the {}", row->meaning,
                                            tokens()[next_ - 1].meaning));
        }
        if (Status status = require_up_to(index, word); !status.ok()) return status;
        next_ = index + 1;
        return read_value(*row, word);
    }

    // Every row before `end` that has not been read may be left out.
    Status require_up_to(std::size_t end, const Word& where) {
        for (std::size_t i = next_; i < end; ++i) {
            const TokenRow& row = tokens()[i];
            if (!row.required) continue;
            return {Code::invalid_problem,
                    where.text.empty()
                        ? fmt::format("column {}: the text ends before the {}", where.column, row.meaning)
                        : fmt::format("token `{}` at column {}: the {} must stand before it", shown(where.text),
                                      where.column, row.meaning)};
        }
        return {};
    }

    Status read_value(const TokenRow& row, const Word& word) {
        const std::string_view value = word.text.substr(row.prefix.size());
        switch (row.token) {
            case Token::rank:
                return read_rank(word, value);
            case Token::type:
                return read_type(word);
            case Token::batch:
                problem_.open_batch = value == "?";
                return problem_.open_batch ? Status() : read_number(word, value, problem_.batch);
            case Token::in_channels:
                return read_number(word, value, problem_.in_channels);
            case Token::out_channels:
                return read_number(word, value, problem_.out_channels);
            case Token::input:
                return read_input(word, value);
            case Token::kernel:
                return read_axes(word, value, &Axis::kernel);
            case Token::stride:
                return read_axes(word, value, &Axis::stride);
            case Token::padding:
                return read_padding(word, value);
            case Token::output_padding:
                return read_axes(word, value, &Axis::output_padding);
            case Token::dilation:
                return read_axes(word, value, &Axis::dilation);
            case Token::groups:
                return read_number(word, value, problem_.groups);
            case Token::padding_mode:
                problem_.padding_mode = std::ranges::find(padding_modes(), word.text, &PaddingModeRow::word)->mode;
                return {};
            case Token::input_zero:
                return read_zero(word, value);
            case Token::layout:
                return read_layout(word);
            case Token::bias:
                problem_.bias = true;
                return {};
            case Token::sums:
                problem_.sums = std::ranges::find(sums_rows(), word.text, &SumsRow::word)->sums;
                return {};
            case Token::epilogue:
                return read_epilogue(word);
            case Token::pass:
                problem_.pass = std::ranges::find(passes(), word.text, &PassRow::word)->pass;
                return {};
        }
        return refuse(word, "unknown token");
    }

    Status read_number(const Word& word, std::string_view digits, std::int64_t& number) {
        const bool decimal =
            !digits.empty() && std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
        if (!decimal) return refuse(word, "expected decimal digits");
        if (digits.size() > 1 && digits[0] == '0') return refuse(word, "a number has no leading zero");
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
        if (error != std::errc()) return refuse(word, "the number does not fit 64 bits");
        return {};
    }

    // The one number with a sign.
    Status read_zero(const Word& word, std::string_view value) {
        if (!value.starts_with('-')) return read_number(word, value, problem_.input_zero);
        Status status = read_number(word, value.substr(1), problem_.input_zero);
        if (status.ok() && problem_.input_zero == 0) return refuse(word, "zero has no sign");
        problem_.input_zero = -problem_.input_zero;
        return status;
    }

    Status read_rank(const Word& word, std::string_view value) {
        if (value != "1d" && value != "2d" && value != "3d") return refuse(word, "the rank must be 1d, 2d or 3d");
        problem_.rank = value[0] - '0';
        return {};
    }

    Status read_type(const Word& word) {
        problem_.type = std::ranges::find(problem_types(), word.text, &ProblemTypeInfo::name)->type;
        return {};
    }

    Status read_layout(const Word& word) {
        const auto row = std::ranges::find(layouts(), word.text, &LayoutRow::word);
        problem_.input_layout = row->input;
        problem_.output_layout = row->output;
        return {};
    }

    // One value for all axes, or one an axis; `read_one` reads the text of one.
    template <typename ReadOne>
    Status for_each_axis(const Word& word, std::string_view value, ReadOne read_one) {
        const std::size_t parts = count_parts(value, 'x');
        const auto rank = static_cast<std::size_t>(problem_.rank);
        if (parts != 1 && parts != rank) {
            return refuse(word, fmt::format("{} values for {} axes: give one an axis, or one for all", parts, rank));
        }
        std::string_view rest = value;
        for (std::size_t i = 0; i < rank; ++i) {
            if (parts == 1) rest = value;
            if (Status status = read_one(next_part(rest, 'x'), problem_.axes[i]); !status.ok()) return status;
        }
        return {};
    }

    Status read_axes(const Word& word, std::string_view value, std::int64_t Axis::*field) {
        return for_each_axis(word, value,
                             [&](std::string_view part, Axis& axis) { return read_number(word, part, axis.*field); });
    }

    Status read_input(const Word& word, std::string_view value) {
        return for_each_axis(word, value, [&](std::string_view part, Axis& axis) {
            std::string_view multiple = part;
            const std::string_view extent = next_part(multiple, '*');
            const bool has_multiple = extent.size() != part.size();
            const std::size_t dots = extent.find("..");
            if (extent != "?" && dots == std::string_view::npos)
                return has_multiple ? refuse(word, "a multiple is of open extents alone, as in ?*8")
                                    : read_number(word, extent, axis.input);
            OpenExtent open;
            if (has_multiple)
                if (Status status = read_number(word, multiple, open.multiple); !status.ok()) return status;
            open.lowest = open.multiple;
            if (extent != "?") {
                if (Status status = read_number(word, extent.substr(0, dots), open.lowest); !status.ok()) return status;
                if (Status status = read_number(word, extent.substr(dots + 2), open.highest); !status.ok())
                    return status;
            }
            if (open.lowest < 1 || open.multiple < 1 || (extent != "?" && open.highest < 1))
                return refuse(word, "the bounds of an open extent and its multiple are at least 1");
            problem_.open_input(static_cast<int>(&axis - problem_.axes.data()), open);
            return Status();
        });
    }

    Status read_padding(const Word& word, std::string_view value) {
        return for_each_axis(word, value, [&](std::string_view part, Axis& axis) {
            std::string_view high = part;
            const std::string_view low = next_part(high, ':');
            if (Status status = read_number(word, low, axis.pad_low); !status.ok()) return status;
            return read_number(word, low.size() == part.size() ? low : high, axis.pad_high);
        });
    }

    Status read_epilogue(const Word& word) {
        const EpilogueRow& row = *epilogue_row(word.text);
        EpilogueOp op{row.kind, {}};
        std::string_view rest = word.text.substr(row.name.size());
        if (row.values > 0 && count_parts(rest, ':') != static_cast<std::size_t>(row.values))
            return refuse(word, fmt::format("{} needs {}", row.name,
                                            row.values == 1 ? "a decimal number" : "two decimal numbers, low:high"));
        for (int i = 0; i < row.values; ++i) {
            if (Status status = read_real(word, row, next_part(rest, ':'), op.values[static_cast<std::size_t>(i)]);
                !status.ok())
                return status;
        }
        problem_.epilogue.push_back(op);
        return {};
    }

    Status read_real(const Word& word, const EpilogueRow& row, std::string_view text, float& value) {
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error == std::errc::invalid_argument || end != text.data() + text.size())
            return refuse(word, fmt::format("{} needs a decimal number", row.name));
        if (error != std::errc() || !std::isfinite(value)) return refuse(word, "the number does not fit an f32");
        return {};
    }

    Problem problem_;
    std::size_t next_ = 0;  // the first row that may still be read
};

}  // namespace

Result<Problem> Problem::parse(std::string_view text) {
    Result<Problem> problem = Parser().parse(text);
    if (!problem.ok()) return problem;
    if (Status status = problem.value().validate(); !status.ok()) return status;
    return problem;
}

}  // namespace convt
