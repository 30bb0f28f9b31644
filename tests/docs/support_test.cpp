// SPDX-License-Identifier: Apache-2.0
// The table of README that says what is supported where, made from the tables of the code: types, padding modes,
// operations of the epilogue and ordered sums by architecture, each with the strategies that take it. Where it differs
// the test fails; CONVT_SUPPORT_TABLE=write convt_test_docs writes it anew.
#include "convt/halide_compiler.h"
#include "runtime/problem/epilogue.h"
#include "runtime/problem/padding_mode.h"
#include "runtime/problem/tokens.h"
#include "tools/aot/request.h"

#include <catch2/catch_test_macros.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>

namespace convt::test {
namespace {

const std::string begin_mark = "<!-- what is supported where: written by tests/docs/support_test.cpp -->\n";
const std::string end_mark = "<!-- end -->\n";

// What a row of the code's tables adds to a problem's text.
struct Feature {
    std::string name;
    std::string type;
    std::string token;  // empty: the type alone
    bool open_input = false;
};

std::vector<Feature> features() {
    std::vector<Feature> list;
    for (const ProblemTypeInfo& row : problem_types())
        list.push_back({row.name, row.name, ""});
    for (const PaddingModeRow& row : padding_modes())
        if (!row.word.empty()) list.push_back({std::string(row.word), "f32", fmt::format("_{}", row.word)});
    constexpr const char* numbers[] = {"", "0.5", "0:6"};
    for (const EpilogueRow& row : epilogue_rows())
        list.push_back({std::string(row.name), "f32", fmt::format("_{}{}", row.name, numbers[row.values])});
    list.push_back({"ordered", "f32", "_ordered"});
    list.push_back({"n?", "f32_n?", ""});
    list.push_back({"i?", "f32", "", true});
    for (const problem_text::PassRow& row : problem_text::passes())
        if (!row.word.empty()) list.push_back({std::string(row.word), "f32", fmt::format("_{}", row.word)});
    return list;
}

// Problems such that each strategy takes one of them.
constexpr const char* bodies[] = {"convt2d_{}_ci64_co64_i32_k4_s2_p1", "convt1d_{}_ci8_co16_i64_k64_s32_p16",
                                  "convt1d_{}_ci64_co64_i32_k4_s2_p1_g64_nhwc"};

std::string problem_text(const char* body, const Feature& feature) {
    std::string text = fmt::format(fmt::runtime(body), feature.type);
    // A padding mode stands before the layout.
    const std::size_t layout = feature.token.starts_with("_pm") ? text.find("_nhwc") : std::string::npos;
    text.insert(std::min(layout, text.size()), feature.token);
    if (!feature.open_input) return text;
    const std::size_t input = text.find("_i") + 2;
    return fmt::format("{}?{}", text.substr(0, input), text.substr(text.find('_', input)));
}

// The strategies of the target that take the feature.
std::string cell(const Feature& feature, const Target& target) {
    const std::vector<std::string> names = strategy_names(target);
    std::vector<std::string> taken;
    for (const std::string& name : names) {
        const auto takes = [&](const char* body) {
            const Result<Problem> problem = Problem::parse(problem_text(body, feature));
            return problem.ok() && refusal(name, problem.value(), target).empty();
        };
        if (std::ranges::any_of(bodies, takes)) taken.push_back(fmt::format("`{}`", name));
    }
    if (taken.empty()) return "no";
    return taken.size() == names.size() ? "every strategy" : fmt::format("{}", fmt::join(taken, ", "));
}

// An architecture and its rows of the target table, which differ in no strategy.
struct Column {
    Target target;
    std::vector<std::string> names;
};

std::vector<Column> columns() {
    std::vector<Column> list;
    for (const TargetInfo& row : targets()) {
        const Target target = Target::parse(row.name).value();
        if (list.empty() || std::string_view(list.back().target.info().arch) != row.arch) list.push_back({target, {}});
        list.back().names.push_back(fmt::format("`{}`", row.name));
    }
    return list;
}

// What is made of a target's code here: what an archive takes is what a host loads and convt-tune ranks, too.
std::string uses(const Target& target) {
    return aot::archive_targets({target.text()}).ok() ? "ahead of time, at run time, tuning" : "code alone";
}

std::string support_table() {
    const std::vector<Column> archs = columns();
    std::string table = "| |", rule = "| --- |";
    for (const Column& column : archs) {
        table += fmt::format(" {}: {} |", fmt::join(column.names, " "), uses(column.target));
        rule += " --- |";
    }
    table += '\n' + rule + '\n';
    // Neighbours that are taken alike share a line.
    std::string names, cells;
    const auto end_line = [&] {
        if (!names.empty()) table += fmt::format("| {} |{}\n", names, cells);
        names.clear();
    };
    for (const Feature& feature : features()) {
        std::string own;
        for (const Column& column : archs)
            own += fmt::format(" {} |", cell(feature, column.target));
        if (own != cells) end_line();
        names += fmt::format("{}`{}`", names.empty() ? "" : " ", feature.name);
        cells = own;
    }
    end_line();
    return table;
}

std::string read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

TEST_CASE("README says what is supported where") {
    std::string readme = read(CONVT_TEST_README);
    const std::size_t begin = readme.find(begin_mark);
    const std::size_t end = readme.find(end_mark);
    REQUIRE(begin != std::string::npos);
    REQUIRE(end != std::string::npos);
    const std::size_t from = begin + begin_mark.size();
    const std::string table = support_table();
    if (const char* write = std::getenv("CONVT_SUPPORT_TABLE");
        write != nullptr && std::string_view(write) == "write") {
        readme.replace(from, end - from, table);
        std::ofstream(CONVT_TEST_README, std::ios::binary) << readme;
    } else {
        INFO("CONVT_SUPPORT_TABLE=write convt_test_docs writes it anew");
        CHECK(readme.substr(from, end - from) == table);
    }
}

TEST_CASE("every strategy takes one of the problems behind the table") {
    for (const TargetInfo& row : targets())
        CHECK(cell({"", "f32", ""}, Target::parse(row.name).value()) == "every strategy");
}

}  // namespace convt::test
