// SPDX-License-Identifier: Apache-2.0
#include "tools/tune/duration.h"

#include <fmt/format.h>

#include <charconv>

namespace convt::tune {

namespace {

struct Unit {
    std::string_view name;
    double seconds;
};
constexpr Unit units[] = {{"ms", 1e-3}, {"s", 1.0}, {"m", 60.0}, {"h", 3600.0}};
constexpr double longest = 1000.0 * 3600.0;

}  // namespace

Result<double> parse_duration(std::string_view text) {
    long count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    const std::string_view rest = text.substr(static_cast<std::size_t>(end - text.data()));
    if (error == std::errc() && count > 0)
        for (const Unit& unit : units)
            if (rest == unit.name && static_cast<double>(count) * unit.seconds <= longest)
                return static_cast<double>(count) * unit.seconds;
    return Status(Code::invalid_argument,
                  fmt::format("'{}' is no time: write a whole number above 0 with ms, s, m or h, at most 1000h", text));
}

}  // namespace convt::tune
