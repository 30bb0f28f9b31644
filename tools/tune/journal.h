// SPDX-License-Identifier: Apache-2.0
// The trials of all runs, one checked line each, so that an interrupted run goes on where it stopped. Lines are only
// appended; what a crash or an editor left of a line fails its checksum and is passed over.
#pragma once

#include "tools/tune/candidate.h"

#include <memory>
#include <string>
#include <vector>

namespace convt::tune {

// Trials count only for the compiler and the machine that made them.
struct JournalKey {
    std::string compiler;
    std::string cpu;
};

class Journal {
  public:
    // Locks the folder (made where missing) against a second tuner, which gets Code::io_error, and reads
    // `<dir>/<name>.trials`.
    static Result<std::unique_ptr<Journal>> open(const std::string& dir, const std::string& name, JournalKey key);
    ~Journal();
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;

    // Trials of a problem, in the order they were made.
    std::vector<Trial> trials(const std::string& problem) const;
    // The largest budget that a search of this problem has been given to its end, in seconds; 0: none.
    double finished_budget(const std::string& problem) const;
    // Lines that could not be read.
    int dropped() const noexcept { return dropped_; }

    Status add(const std::string& problem, const Trial& trial);
    Status finish(const std::string& problem, double budget_s);

  private:
    struct Line {
        std::string problem;
        Trial trial;
        double finished_s = 0.0;  // above 0: the end of a search, and no trial
    };

    Journal(int dir, int file, std::string path, JournalKey key);
    void read(std::string_view text);
    bool read_line(std::string_view text);
    Status append(const std::vector<std::string>& fields);

    int dir_;  // held for its lock
    int file_;
    std::string path_;
    JournalKey key_;
    std::vector<Line> lines_;
    int dropped_ = 0;
};

}  // namespace convt::tune
