// SPDX-License-Identifier: Apache-2.0
// How far a long run has come: a bar on a terminal, a line now and then in a log.
#pragma once

#include <functional>
#include <ostream>
#include <string>

namespace convt::cli {

class Progress {
  public:
    using Clock = std::function<double()>;  // seconds, never going back

    // On standard error, a bar where that is a terminal.
    explicit Progress(std::ostream& err);
    Progress(std::ostream& out, bool terminal, int columns, Clock clock);
    ~Progress();  // leaves the terminal's line
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    // `fraction` in [0, 1]; `note` is one line: what is being done, the best so far. Time left is derived from the
    // fraction; pass `seconds_left` where it is known better.
    void update(double fraction, const std::string& note, double seconds_left = -1.0);
    // Takes the bar away, for output of another kind; the next update draws it again.
    void clear();

  private:
    std::ostream& out_;
    bool terminal_;
    int columns_;
    Clock clock_;
    double start_;
    double next_ = 0.0;  // when the next line is due
    bool drawn_ = false;
};

}  // namespace convt::cli
