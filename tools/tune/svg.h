// SPDX-License-Identifier: Apache-2.0
// Just enough to draw plots as SVG text: escaped, self-contained, the same inside a page and in a file of its own.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace convt::tune {

// For text and attributes of SVG and HTML; control characters become blanks.
std::string escape(std::string_view text);

// A colour for the i-th of several things, told apart by people who see fewer colours too; repeats after eight.
const char* colour(std::size_t i);

// From values to positions, linear or logarithmic.
class Scale {
  public:
    // `low` < `high`, above 0 where logarithmic; what is not is widened.
    Scale(double low, double high, double from, double to, bool logarithmic);
    double operator()(double value) const;
    // Round values inside, at least one: 1, 2 or 5 times a power of ten.
    std::vector<double> ticks() const;

  private:
    double low_, high_, from_, to_;
    bool logarithmic_;
};

// A number as people write it: three digits, no exponent.
std::string short_number(double value);

struct Plot {
    double width = 800.0;
    double height = 360.0;
    // The part inside the axes.
    double left = 70.0, right = 560.0, top = 34.0, bottom = 310.0;
};

class Svg {
  public:
    Svg(const Plot& plot, std::string_view title);

    void line(double x1, double y1, double x2, double y2, std::string_view style);
    void path(const std::vector<std::pair<double, double>>& points, std::string_view style);
    // `tip` shows where the pointer rests.
    void circle(double x, double y, double radius, std::string_view style, std::string_view tip);
    void rectangle(double x, double y, double width, double height, std::string_view style);
    void text(double x, double y, std::string_view text, std::string_view anchor = "start");
    // Both axes with ticks, grid lines and names.
    void axes(const Scale& x, std::string_view x_name, const Scale& y, std::string_view y_name);

    std::string str() const;

  private:
    Plot plot_;
    std::string body_;
};

}  // namespace convt::tune
