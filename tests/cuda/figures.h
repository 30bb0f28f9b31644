// SPDX-License-Identifier: Apache-2.0
// Tables of figures that were reached and are held: one line a case, in a file beside the tests. A figure that gets
// worse turns the test red, and the line as it is now is printed; CONVT_GPU_FIGURES=write puts it into the file.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace convt::test {

struct Figure {
    std::string column;
    enum class Rule { equal, at_most, at_least } rule = Rule::at_most;
};

class FigureTable {
  public:
    struct Line {
        std::string name, strategy;
        std::vector<double> figures;  // in the order of the columns
    };
    // tests/cuda/<file>; a missing one is an empty table. `word`: what the second column says in a word.
    FigureTable(const std::string& file, std::vector<Figure> columns, std::string word = "strategy");

    // Checks a line against the one of its name, or writes it where that is asked for.
    void hold(const Line& now);
    const std::map<std::string, Line>& lines() const { return lines_; }
    // Geometric mean of a column over the lines where it is not 0.
    double mean(const std::string& column) const;

  private:
    std::string text(const Line& line) const;
    bool keeps(const Line& now, const Line& held) const;
    void write() const;

    std::string path_;
    std::vector<Figure> columns_;
    std::string head_, word_;
    std::map<std::string, Line> lines_;
};

}  // namespace convt::test
