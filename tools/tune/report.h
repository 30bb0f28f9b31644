// SPDX-License-Identifier: Apache-2.0
// The log of a run for people and spreadsheets: trials.tsv, every candidate with its time or failure, and summary.tsv,
// one line a problem. Each file is whole whenever it is there.
#pragma once

#include "tools/tune/tuner.h"

#include <string>

namespace convt::tune {

class Report {
  public:
    explicit Report(std::string dir);  // empty: no report

    void add(const std::string& name, const std::string& problem, const Trial& trial);
    void add(const std::string& name, const std::string& problem, const Verdict& verdict);
    // Both files as they stand now.
    Status write() const;

  private:
    std::string dir_;
    std::string trials_;
    std::string summary_;
};

}  // namespace convt::tune
