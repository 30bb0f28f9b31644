// SPDX-License-Identifier: Apache-2.0
#include "tools/common/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iostream>

namespace convt::cli {

namespace {

constexpr double bar_period = 0.1;    // ten frames a second are enough for the eye
constexpr double line_period = 10.0;  // a log of an hour grows by 360 lines
constexpr int bar_cells = 20;

double steady_seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

int terminal_columns() {
    winsize size = {};
    return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string duration(double seconds) {
    const auto s = static_cast<long>(std::ceil(std::clamp(seconds, 0.0, 1e6)));
    return s < 60 ? fmt::format("{} s", s) : fmt::format("{} min {:02} s", s / 60, s % 60);
}

}  // namespace

Progress::Progress(std::ostream& err)
    : Progress(err, &err == &std::cerr && ::isatty(STDERR_FILENO) == 1, terminal_columns(), steady_seconds) {}

Progress::Progress(std::ostream& out, bool terminal, int columns, Clock clock)
    : out_(out), terminal_(terminal), columns_(columns), clock_(std::move(clock)), start_(clock_()), next_(start_) {}

Progress::~Progress() {
    clear();
}

void Progress::update(double fraction, const std::string& note, double seconds_left) {
    const double now = clock_();
    if (now < next_) return;
    next_ = now + (terminal_ ? bar_period : line_period);
    fraction = std::clamp(fraction, 0.0, 1.0);
    // Below one per cent an estimate is a guess.
    if (seconds_left < 0.0 && fraction >= 0.01) seconds_left = (now - start_) * (1.0 - fraction) / fraction;
    const std::string left = seconds_left < 0.0 ? "" : ", " + duration(seconds_left) + " left";
    const std::string text = fmt::format("{:3.0f} %{}  {}", 100.0 * fraction, left, note);
    if (!terminal_) {
        out_ << text << std::endl;
        return;
    }
    const int filled = static_cast<int>(fraction * bar_cells);
    const std::string line = fmt::format("[{:#<{}}{:.<{}}] {}", "", filled, "", bar_cells - filled, text);
    out_ << "\r\x1b[K" << line.substr(0, static_cast<std::size_t>(std::max(columns_ - 1, 1))) << std::flush;
    drawn_ = true;
}

void Progress::clear() {
    if (drawn_) out_ << "\r\x1b[K" << std::flush;
    drawn_ = false;
    if (terminal_) next_ = start_;
}

}  // namespace convt::cli
