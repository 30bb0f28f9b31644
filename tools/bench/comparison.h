// SPDX-License-Identifier: Apache-2.0
// How many times longer the libraries take, and what the default schedules reach of the tuned ones: the ratios that the
// goals are about.
#pragma once

#include "tools/bench/report.h"

#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace convt::cli {

// Ratios from here on count as equal: a case is lost below.
constexpr double equal_ratio = 0.97;

// A library's time over convt's, and whose it is.
struct Ratio {
    double value = 0.0;
    std::string peer;
};

struct Comparison {
    std::optional<Ratio> any;    // against the best library, in whatever layout suits it
    std::optional<Ratio> same;   // against the best library with tensors in the problem's own layout
    std::optional<Ratio> torch;  // against PyTorch as most people run it
    // The speed of the default schedule as a share of the speed measured: the tuned one's, where there is a table.
    std::optional<double> default_share;
};

// Nothing where no such peer has a time.
Comparison compare(const CaseReport& report, const std::vector<Peer>& peers);

// A probe is measured and shown, but is no layer of a model: shares and means leave it out.
bool counts(const CaseReport& report);

// A line a case, the geometric means, and what each peer lacks.
void print_comparison(std::ostream& out, const MachineReport& machine, const std::vector<CaseReport>& cases);

}  // namespace convt::cli
