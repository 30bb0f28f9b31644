// SPDX-License-Identifier: Apache-2.0
// A problem file: a line a problem, `name<TAB>problem[<TAB>note]`. The names become parts of C function names.
#include "convt/problem.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace convt {
namespace {

bool is_name(std::string_view name) {
    const auto letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; };
    return !name.empty() && letter(name[0]) &&
           std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

std::string_view take_until(std::string_view& rest, char separator) {
    const std::size_t end = std::min(rest.find(separator), rest.size());
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return part;
}

Result<NamedProblem> parse_line(std::string_view line) {
    if (line.find('\t') == std::string_view::npos) {
        return {Code::invalid_problem, "expected a name, a tab and a problem"};
    }
    const std::string_view name = take_until(line, '\t');
    if (!is_name(name)) {
        return {Code::invalid_problem, fmt::format("name `{}`: must match [A-Za-z_][A-Za-z0-9_]*", name)};
    }
    auto problem = Problem::parse(take_until(line, '\t'));
    if (!problem.ok()) return problem.status();
    return NamedProblem{std::string(name), std::move(problem).value(), std::string(line)};
}

}  // namespace

Result<std::vector<NamedProblem>> parse_problem_file(std::string_view text) {
    std::vector<NamedProblem> problems;
    std::set<std::string, std::less<>> names;
    for (int number = 1; !text.empty(); ++number) {
        std::string_view line = take_until(text, '\n');
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty() || line[0] == '#') continue;
        auto problem = parse_line(line);
        const auto at_line = [number](Code code, std::string_view why) {
            return Status(code, fmt::format("line {}: {}", number, why));
        };
        if (!problem.ok()) return at_line(problem.status().code(), problem.status().message());
        if (!names.insert(problem.value().name).second) {
            return at_line(Code::invalid_problem, fmt::format("name `{}`: is given twice", problem.value().name));
        }
        problems.push_back(std::move(problem).value());
    }
    return problems;
}

}  // namespace convt
