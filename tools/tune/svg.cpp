// SPDX-License-Identifier: Apache-2.0
#include "tools/tune/svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace convt::tune {

namespace {

// Okabe and Ito, Color Universal Design, 2008.
constexpr std::array<const char*, 8> palette = {"#0072b2", "#e69f00", "#009e73", "#cc79a7",
                                                "#56b4e9", "#d55e00", "#8c7a00", "#555555"};

}  // namespace

std::string escape(std::string_view text) {
    std::string result;
    for (const char c : text) {
        switch (c) {
            case '&':
                result += "&amp;";
                break;
            case '<':
                result += "&lt;";
                break;
            case '>':
                result += "&gt;";
                break;
            case '"':
                result += "&quot;";
                break;
            default:
                result += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
        }
    }
    return result;
}

const char* colour(std::size_t i) {
    return palette[i % palette.size()];
}

Scale::Scale(double low, double high, double from, double to, bool logarithmic)
    : low_(low), high_(high), from_(from), to_(to), logarithmic_(logarithmic) {
    if (logarithmic_) low_ = std::max(low_, 1e-12);
    if (high_ <= low_) high_ = logarithmic_ ? low_ * 2.0 : low_ + 1.0;
}

double Scale::operator()(double value) const {
    const double share = logarithmic_ ? std::log(std::max(value, 1e-12) / low_) / std::log(high_ / low_)
                                      : (value - low_) / (high_ - low_);
    return from_ + (to_ - from_) * share;
}

std::vector<double> Scale::ticks() const {
    std::vector<double> result;
    if (logarithmic_) {
        for (double power = std::pow(10.0, std::floor(std::log10(low_))); power <= high_; power *= 10.0)
            for (const double digit : {1.0, 2.0, 5.0})
                if (power * digit >= low_ && power * digit <= high_) result.push_back(power * digit);
        if (result.size() >= 2) return result;
        result.clear();  // less than half a decade: as on a linear scale
    }
    const double rough = (high_ - low_) / 5.0;
    const double power = std::pow(10.0, std::floor(std::log10(rough)));
    const double step = power * (rough / power < 1.5   ? 1.0
                                 : rough / power < 3.5 ? 2.0
                                 : rough / power < 7.5 ? 5.0
                                                       : 10.0);
    for (double value = std::ceil(low_ / step) * step; value <= high_ + 1e-9 * step; value += step)
        result.push_back(value);
    return result;
}

std::string short_number(double value) {
    const double size = std::abs(value);
    return fmt::format("{:.{}f}", value,
                       size >= 100.0 || value == std::round(value) ? 0
                       : size >= 10.0                              ? 1
                       : size >= 1.0                               ? 2
                                                                   : 3);
}

Svg::Svg(const Plot& plot, std::string_view title) : plot_(plot) {
    text(12.0, 20.0, title);
}

void Svg::line(double x1, double y1, double x2, double y2, std::string_view style) {
    body_ += fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" {}/>\n", x1, y1, x2, y2, style);
}

void Svg::path(const std::vector<std::pair<double, double>>& points, std::string_view style) {
    std::string data;
    for (const auto& [x, y] : points)
        data += fmt::format("{}{:.1f} {:.1f}", data.empty() ? "M" : " L", x, y);
    if (!data.empty()) body_ += fmt::format("<path d=\"{}\" fill=\"none\" {}/>\n", data, style);
}

void Svg::circle(double x, double y, double radius, std::string_view style, std::string_view tip) {
    body_ += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{:.1f}\" {}><title>{}</title></circle>\n", x, y,
                         radius, style, escape(tip));
}

void Svg::rectangle(double x, double y, double width, double height, std::string_view style) {
    body_ += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" {}/>\n", x, y, width,
                         height, style);
}

void Svg::text(double x, double y, std::string_view text, std::string_view anchor) {
    body_ += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", x, y, anchor, escape(text));
}

void Svg::axes(const Scale& x, std::string_view x_name, const Scale& y, std::string_view y_name) {
    for (const double tick : x.ticks()) {
        line(x(tick), plot_.top, x(tick), plot_.bottom, "stroke=\"#e4e4e4\"");
        text(x(tick), plot_.bottom + 16.0, short_number(tick), "middle");
    }
    for (const double tick : y.ticks()) {
        line(plot_.left, y(tick), plot_.right, y(tick), "stroke=\"#e4e4e4\"");
        text(plot_.left - 6.0, y(tick) + 4.0, short_number(tick), "end");
    }
    line(plot_.left, plot_.bottom, plot_.right, plot_.bottom, "stroke=\"#333\"");
    line(plot_.left, plot_.top, plot_.left, plot_.bottom, "stroke=\"#333\"");
    text((plot_.left + plot_.right) / 2, plot_.bottom + 36.0, x_name, "middle");
    body_ += fmt::format("<text transform=\"translate(16 {:.1f}) rotate(-90)\" text-anchor=\"middle\">{}</text>\n",
                         (plot_.top + plot_.bottom) / 2, escape(y_name));
}

std::string Svg::str() const {
    return fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" viewBox=\"0 0 {0:.0f} "
        "{1:.0f}\" "
        "font-family=\"sans-serif\" font-size=\"12\" fill=\"#222\">\n"
        "<rect width=\"{0:.0f}\" height=\"{1:.0f}\" fill=\"white\"/>\n{2}</svg>\n",
        plot_.width, plot_.height, body_);
}

}  // namespace convt::tune
