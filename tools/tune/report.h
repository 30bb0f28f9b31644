// SPDX-License-Identifier: Apache-2.0
// A run for people: report.html, one page that needs nothing beside it; its plots as files; trials.tsv, every candidate
// with its time or failure, and summary.tsv, one line a problem, for spreadsheets. Each file is whole whenever it is
// there.
#pragma once

#include "tools/bench/roofline.h"
#include "tools/tune/tuner.h"

#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace convt::tune {

struct ProblemReport {
    std::string name;
    std::string problem;
    Candidate incumbent;
    cli::Roofline roofline;
    std::vector<Trial> trials;  // earlier runs' first
    std::optional<Verdict> verdict;
    std::string failure;  // why there is no verdict; empty: interrupted
};

struct RunReport {
    std::string target, cpu, machine, date, versions;
    double budget_s = 0.0;
    std::vector<ProblemReport> problems;
};

std::string report_page(const RunReport& run);

// All files into `dir`, made where missing. PNGs of the plots too where librsvg's rsvg-convert is in the PATH; `out` is
// told where it is not.
Status write_report(const RunReport& run, const std::string& dir, std::ostream& out);

}  // namespace convt::tune
