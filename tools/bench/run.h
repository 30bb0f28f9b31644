// SPDX-License-Identifier: Apache-2.0
// One run of convt-bench, from problems to its report.
#pragma once

#include "convt/problem.h"
#include "convt/status.h"
#include "convt/target.h"
#include "convt/tuned.h"

#include <ostream>
#include <string>
#include <vector>

namespace convt::cli {

struct BenchOptions {
    std::vector<NamedProblem> problems;
    Target target;
    TunedOptions tuned;
    int threads = 1;
    std::vector<std::string> peers;
    std::string json;
    std::string picture;  // empty: none
    bool resume = false;
};

Status run_bench(const BenchOptions& options, std::ostream& out, std::ostream& err);

}  // namespace convt::cli
