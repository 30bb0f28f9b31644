// SPDX-License-Identifier: Apache-2.0
// The schedule as a value and its text: `name=value` joined by `,`. Which knobs mean something is decided elsewhere.
#include "convt/schedule.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace convt {
namespace {

bool is_knob_name(std::string_view name) {
    const auto lower = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
    return !name.empty() && lower(name[0]) &&
           std::ranges::all_of(name, [&](char c) { return lower(c) || (c >= '0' && c <= '9'); });
}

Status refuse(std::string_view knob, std::size_t column, std::string_view rule) {
    std::string shown(knob.substr(0, 60));
    std::ranges::replace_if(
        shown, [](char c) { return c < ' ' || c > '~'; }, '?');
    return {Code::invalid_argument, fmt::format("schedule: knob `{}` at column {}: {}", shown, column, rule)};
}

// Digits as `text` would print them: one value has one text.
bool read_value(std::string_view digits, int& value) {
    if (digits.empty() || digits[0] == '-' || (digits.size() > 1 && digits[0] == '0')) return false;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc() && end == digits.data() + digits.size();
}

}  // namespace

Result<Schedule> Schedule::parse(std::string_view text) {
    Schedule schedule;
    for (std::size_t start = 0; !text.empty() && start <= text.size();) {
        const std::size_t end = std::min(text.find(',', start), text.size());
        const std::string_view knob = text.substr(start, end - start);
        const std::size_t column = start + 1;
        const std::string_view name = knob.substr(0, knob.find('='));
        if (!is_knob_name(name) || name.size() == knob.size()) return refuse(knob, column, "must read name=value");
        if (schedule.has(name)) return refuse(knob, column, "is given twice");
        int value = 0;
        if (!read_value(knob.substr(name.size() + 1), value)) {
            return refuse(knob, column, "the value must be a decimal number from 0 to 2147483647");
        }
        schedule.set(name, value);
        start = end + 1;
    }
    return schedule;
}

std::string Schedule::text() const {
    std::string text;
    for (const auto& [name, value] : knobs_)
        text += fmt::format("{}{}={}", text.empty() ? "" : ",", name, value);
    return text;
}

int Schedule::get(std::string_view name) const noexcept {
    for (const auto& [knob, value] : knobs_) {
        if (knob == name) return value;
    }
    return 0;
}

bool Schedule::has(std::string_view name) const noexcept {
    return std::ranges::any_of(knobs_, [name](const auto& knob) { return knob.first == name; });
}

void Schedule::set(std::string_view name, int value) {
    for (auto& [knob, old] : knobs_) {
        if (knob == name) {
            old = value;
            return;
        }
    }
    knobs_.emplace_back(name, value);
}

}  // namespace convt
