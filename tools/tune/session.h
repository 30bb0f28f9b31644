// SPDX-License-Identifier: Apache-2.0
// The problems of a file, tuned one after the other; each verdict goes to the tuned table at once.
#pragma once

#include "convt/problem.h"
#include "convt/target.h"

#include <ostream>
#include <string>
#include <vector>

namespace convt::tune {

struct Options {
    std::vector<NamedProblem> problems;
    double budget_s = 60.0;   // for a problem
    double total_s = 1800.0;  // for all of them
    int jobs = 0;             // 0: one per CPU but one
    Target target = Target::host();
    std::string db_dir;
    std::string report_dir;  // empty: no report
};

Status tune_problems(const Options& options, std::ostream& out, std::ostream& err);

}  // namespace convt::tune
