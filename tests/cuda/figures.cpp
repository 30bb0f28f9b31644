// SPDX-License-Identifier: Apache-2.0
#include "tests/cuda/figures.h"

#include <fmt/format.h>
#include <catch2/catch_test_macros.hpp>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

namespace convt::test {
namespace {

// Figures are written with three decimals.
constexpr double rounding = 0.001;

bool writing() {
    const char* wish = std::getenv("CONVT_GPU_FIGURES");
    return wish != nullptr && std::string(wish) == "write";
}

}  // namespace

FigureTable::FigureTable(const std::string& file, std::vector<Figure> columns, std::string word)
    : path_(std::string(CONVT_TEST_FIGURES) + "/" + file), columns_(std::move(columns)), word_(std::move(word)) {
    std::ifstream in(path_);
    for (std::string text; std::getline(in, text);) {
        if (text.empty() || text[0] == '#') {
            if (!text.starts_with("# name")) head_ += text + "\n";
            continue;
        }
        std::istringstream fields(text);
        Line line;
        fields >> line.name >> line.strategy;
        for (double figure = 0; fields >> figure;)
            line.figures.push_back(figure);
        lines_[line.name] = line;
    }
}

bool FigureTable::keeps(const Line& now, const Line& held) const {
    if (held.figures.size() != columns_.size()) return false;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        const double over = now.figures[i] - held.figures[i];
        if (columns_[i].rule != Figure::Rule::at_least && over > rounding) return false;
        if (columns_[i].rule != Figure::Rule::at_most && over < -rounding) return false;
    }
    return true;
}

void FigureTable::hold(const Line& now) {
    REQUIRE(now.figures.size() == columns_.size());
    const auto held = lines_.find(now.name);
    if (writing()) {
        lines_[now.name] = now;
        write();
        return;
    }
    const bool kept = held != lines_.end() && keeps(now, held->second);
    if (!kept) {
        std::cout << path_ << " holds: " << (held == lines_.end() ? "nothing" : text(held->second))
                  << "\n  it is now: " << text(now) << std::endl;
    }
    INFO(now.name);
    CHECK(kept);
}

double FigureTable::mean(const std::string& column) const {
    std::size_t at = 0;
    while (columns_[at].column != column)
        ++at;
    double sum = 0;
    int count = 0;
    for (const auto& [name, line] : lines_) {
        if (line.figures[at] <= 0) continue;
        sum += std::log(line.figures[at]);
        ++count;
    }
    return count == 0 ? 1.0 : std::exp(sum / count);
}

std::string FigureTable::text(const Line& line) const {
    std::string text = line.name + "\t" + line.strategy;
    for (const double figure : line.figures)
        text += figure == std::round(figure) ? fmt::format("\t{:.0f}", figure) : fmt::format("\t{:.3f}", figure);
    return text;
}

void FigureTable::write() const {
    std::ofstream out(path_);
    out << head_ << "# name\t" << word_;
    for (const Figure& column : columns_)
        out << '\t' << column.column;
    out << '\n';
    for (const auto& [name, line] : lines_)
        out << text(line) << '\n';
}

}  // namespace convt::test
