// SPDX-License-Identifier: Apache-2.0
#include "tests/cuda/mutate.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>
#include <vector>

namespace convt::test {
namespace {

using Change = bool (*)(std::string& line, Random& random);

// Operands of a line as [begin, end), those in brackets or braces whole.
std::vector<std::pair<std::size_t, std::size_t>> operands_of(const std::string& line) {
    std::vector<std::pair<std::size_t, std::size_t>> list;
    const std::size_t first = line.find_last_of('\t');
    const std::size_t end = line.find(';');
    if (first == std::string::npos || end == std::string::npos) return list;
    std::size_t from = first + 1;
    int depth = 0;
    for (std::size_t i = from; i <= end; ++i) {
        depth += line[i] == '[' || line[i] == '{' ? 1 : line[i] == ']' || line[i] == '}' ? -1 : 0;
        if (depth != 0 || (line[i] != ',' && i != end)) continue;
        list.emplace_back(from, i);
        from = line.find_first_not_of(' ', i + 1);
    }
    return list;
}

bool swap_operands(std::string& line, Random& random) {
    const auto list = operands_of(line);
    if (list.size() < 3) return false;
    const std::size_t one = static_cast<std::size_t>(random.between(1, static_cast<std::int64_t>(list.size()) - 2));
    const auto [a, a_end] = list[one];
    const auto [b, b_end] = list[one + 1];
    if (line[a] != '%' || line[b] != '%') return false;
    line = line.substr(0, a) + line.substr(b, b_end - b) + line.substr(a_end, b - a_end) + line.substr(a, a_end - a) +
           line.substr(b_end);
    return true;
}

bool other_operation(std::string& line, Random&) {
    static constexpr std::array<std::pair<const char*, const char*>, 12> pairs{{{"\tadd.", "\tsub."},
                                                                                {"\tsub.", "\tadd."},
                                                                                {"\tmin.", "\tmax."},
                                                                                {"\tmax.", "\tmin."},
                                                                                {"\tand.", "\txor."},
                                                                                {"\tshl.b", "\tshr.u"},
                                                                                {".lt.", ".le."},
                                                                                {".le.", ".lt."},
                                                                                {".gt.", ".ge."},
                                                                                {".ge.", ".gt."},
                                                                                {".eq.", ".ne."},
                                                                                {".ne.", ".eq."}}};
    for (const auto& [from, to] : pairs) {
        const std::size_t at = line.find(from);
        if (at == std::string::npos) continue;
        line.replace(at, std::string(to).size(), to);
        return true;
    }
    return false;
}

// A digit of a decimal number, and never the 0 before an x or f.
bool other_constant(std::string& line, Random& random) {
    std::vector<std::size_t> digits;
    for (const auto& [from, to] : operands_of(line)) {
        for (std::size_t i = from; i < to; ++i) {
            if (std::isdigit(static_cast<unsigned char>(line[i])) == 0) continue;
            std::size_t begin = i;
            while (begin > from && std::isalnum(static_cast<unsigned char>(line[begin - 1])) != 0)
                --begin;
            const char before = begin > 0 ? line[begin - 1] : ' ';
            const bool number = std::isdigit(static_cast<unsigned char>(line[begin])) != 0;
            if (number && before != '%' && before != '_' && before != '$' && line[begin + 1] != 'f' &&
                line[begin + 1] != 'd' && line[begin + 1] != 'x')
                digits.push_back(i);
        }
    }
    if (digits.empty()) return false;
    char& digit = line[random.pick(digits)];
    digit = static_cast<char>('1' + (digit - '0') % 9);
    return true;
}

bool drop(std::string& line, Random&) {
    if (line.find("ret;") != std::string::npos) return false;
    std::fill(line.begin(), line.end(), ' ');
    return true;
}

bool other_predicate(std::string& line, Random&) {
    if (line.starts_with("\t@%p")) {
        line.replace(0, 4, "@!%p");
        return true;
    }
    if (!line.starts_with("\t@!%p")) return false;
    line.replace(0, 5, "\t@ %p");
    return true;
}

}  // namespace

std::optional<Mutant> mutated(const std::string& ptx, Random& random) {
    static constexpr std::array<Change, 5> changes{swap_operands, other_operation, other_constant, drop,
                                                   other_predicate};
    std::vector<std::pair<std::size_t, std::size_t>> lines;  // instructions: begin, length
    int number = 1;
    std::vector<int> numbers;
    for (std::size_t from = 0; from < ptx.size(); ++number) {
        const std::size_t end = std::min(ptx.find('\n', from), ptx.size());
        const std::string_view line(ptx.data() + from, end - from);
        if (line.starts_with('\t') && line.ends_with(';') && !line.starts_with("\t.")) {
            lines.emplace_back(from, end - from);
            numbers.push_back(number);
        }
        from = end + 1;
    }
    const auto drawn = static_cast<std::size_t>(random.between(0, static_cast<std::int64_t>(lines.size()) - 1));
    const auto [from, length] = lines[drawn];
    const std::string before = ptx.substr(from, length);
    std::string after = before;
    if (!random.pick(changes)(after, random) || after == before || after.size() != before.size()) return std::nullopt;
    Mutant mutant{ptx, fmt::format("line {}: {} -> {}", numbers[drawn], before, after)};
    mutant.ptx.replace(from, length, after);
    return mutant;
}

}  // namespace convt::test
