// SPDX-License-Identifier: Apache-2.0
// A table of tuned schedules as text: one row a line, eleven fields separated by tabs, a twelfth, `modelled`, where
// nothing was measured; `#` starts a comment. Reading is strict, for a row that is half right would choose a schedule
// without anyone's having measured it.
#include "convt/tuned.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <iterator>
#include <tuple>

#include <fmt/format.h>

namespace convt {
namespace {

constexpr std::size_t fields = 11;
constexpr std::string_view modelled_mark = "\tmodelled";
constexpr std::string_view header =
    "# problem\tstrategy\tschedule\tmedian_us\tlow_us\thigh_us\tdefault_us\tdate\tversions\tcpu\tmachine\n";

Status invalid(std::string_view field, std::string_view rule) {
    return {Code::invalid_argument, fmt::format("{}: {}", field, rule)};
}

Status read_microseconds(std::string_view field, std::string_view text, double& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    if (!whole || !std::isfinite(value) || std::signbit(value)) return invalid(field, "must be a finite number >= 0");
    return {};
}

bool is_date(std::string_view text) {
    constexpr std::string_view shape = "dddd-dd-dd";
    return std::ranges::equal(text, shape,
                              [](char c, char kind) { return kind == 'd' ? c >= '0' && c <= '9' : c == kind; });
}

Result<TunedRow> parse_row(std::string_view line) {
    std::array<std::string_view, fields> field;
    const bool modelled = line.ends_with(modelled_mark);
    if (modelled) line.remove_suffix(modelled_mark.size());
    const auto tabs = static_cast<std::size_t>(std::ranges::count(line, '\t'));
    if (tabs + 1 != fields) return invalid("fields", fmt::format("{} where {} are expected", tabs + 1, fields));
    for (std::string_view& text : field) {
        text = line.substr(0, line.find('\t'));
        line.remove_prefix(std::min(text.size() + 1, line.size()));
    }
    const auto problem = Problem::parse(field[0]);
    if (!problem.ok()) return invalid("problem", problem.status().message());
    if (problem.value().text() != field[0]) return invalid("problem", "must be canonical: " + problem.value().text());
    if (field[1].empty()) return invalid("strategy", "must not be empty");
    auto schedule = Schedule::parse(field[2]);
    if (!schedule.ok()) return schedule.status();

    TunedRow row;
    row.problem = field[0];
    row.strategy = field[1];
    row.schedule = std::move(schedule).value();
    if (Status status = read_microseconds("median_us", field[3], row.median_us); !status.ok()) return status;
    if (Status status = read_microseconds("low_us", field[4], row.low_us); !status.ok()) return status;
    if (Status status = read_microseconds("high_us", field[5], row.high_us); !status.ok()) return status;
    if (Status status = read_microseconds("default_us", field[6], row.default_us); !status.ok()) return status;
    if (!is_date(field[7])) return invalid("date", "must read YYYY-MM-DD");
    row.date = field[7];
    row.versions = field[8];
    row.cpu = field[9];
    const auto machine = Machine::parse(field[10]);
    if (!machine.ok()) return machine.status();
    row.machine = machine.value();
    row.modelled = modelled;
    return row;
}

// The shortest decimal that reads back to the same double.
std::string number_text(double value) {
    char buffer[32];
    return {buffer, std::to_chars(buffer, buffer + sizeof(buffer), value).ptr};
}

// A CPU's name comes from the machine: nothing in it may end the field.
std::string one_field(std::string text) {
    std::ranges::replace_if(
        text, [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
    return text;
}

// Where a row stands in a table; no two have the same.
std::tuple<const std::string&, std::string, const std::string&, bool> place_of(const TunedRow& row) {
    return {row.problem, row.machine.text(), row.cpu, row.modelled};
}

// Does `a` take the place of `b`? The order is total, so that merging does not depend on who comes first.
bool supersedes(const TunedRow& a, const TunedRow& b) {
    if (a.date != b.date) return a.date > b.date;
    if (a.median_us != b.median_us) return a.median_us < b.median_us;
    const auto rest = [](const TunedRow& row) {
        return std::tuple(row.versions, row.strategy, row.schedule.text(), row.low_us, row.high_us, row.default_us);
    };
    return rest(a) > rest(b);
}

}  // namespace

Result<TunedTable> TunedTable::parse(std::string_view text) {
    TunedTable table;
    for (int number = 1; !text.empty(); ++number) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (line.empty() || line[0] == '#') continue;
        auto row = parse_row(line);
        Status status = row.status();
        if (row.ok() && table.has(row.value())) status = invalid("problem", "is given twice for one machine");
        if (!status.ok()) {
            return {status.code(), fmt::format("tuned table, line {}: {}", number, status.message())};
        }
        table.put(std::move(row).value());
    }
    return table;
}

std::string TunedTable::text() const {
    std::string text(header);
    for (const TunedRow& row : rows_) {
        text += fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}{}\n", row.problem, row.strategy,
                            row.schedule.text(), number_text(row.median_us), number_text(row.low_us),
                            number_text(row.high_us), number_text(row.default_us), row.date, row.versions, row.cpu,
                            row.machine.text(), row.modelled ? modelled_mark : "");
    }
    return text;
}

bool TunedTable::has(const TunedRow& row) const noexcept {
    return std::ranges::any_of(rows_, [&](const TunedRow& one) { return place_of(one) == place_of(row); });
}

std::vector<TunedRow> TunedTable::find(std::string_view problem, const Machine& machine) const {
    std::vector<TunedRow> found;
    std::ranges::copy_if(rows_, std::back_inserter(found), [&](const TunedRow& row) { return row.problem == problem; });
    std::ranges::sort(found, [&](const TunedRow& a, const TunedRow& b) {
        if (a.modelled != b.modelled) return b.modelled;
        const double to_a = distance(a.machine, machine);
        const double to_b = distance(b.machine, machine);
        return to_a != to_b ? to_a < to_b : supersedes(a, b);
    });
    return found;
}

void TunedTable::put(TunedRow row) {
    row.versions = one_field(std::move(row.versions));
    row.cpu = one_field(std::move(row.cpu));
    const auto place = std::ranges::lower_bound(rows_, place_of(row), {}, place_of);
    if (place != rows_.end() && place_of(*place) == place_of(row)) {
        *place = std::move(row);
    } else {
        rows_.insert(place, std::move(row));
    }
}

void TunedTable::merge(const TunedTable& other) {
    for (const TunedRow& row : other.rows_) {
        const auto known =
            std::ranges::find_if(rows_, [&](const TunedRow& one) { return place_of(one) == place_of(row); });
        if (known == rows_.end() || supersedes(row, *known)) put(row);
    }
}

}  // namespace convt
