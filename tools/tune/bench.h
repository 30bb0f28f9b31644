// SPDX-License-Identifier: Apache-2.0
// Where candidates are compiled and measured: the real one runs convt-cc and, for each measurement, a fresh process of
// convt-tune itself. A candidate that crashes, hangs, eats memory or computes wrong ends one of those.
#pragma once

#include "convt/problem.h"
#include "convt/target.h"
#include "tools/tune/candidate.h"

#include <atomic>
#include <memory>
#include <string>

namespace convt::tune {

struct MeasureOptions {
    double at_least_ms = 0.0;  // timed work of a process
    double cap_us = 0.0;       // one call that takes longer is answer enough; 0: no cap
};

// For one problem on one target.
class Bench {
  public:
    virtual ~Bench() = default;
    // Compiles and admits; the answer is a handle for `measure`. Thread-safe.
    virtual Result<std::string> compile(const Candidate& candidate) = 0;
    // Median time of a call in one fresh process, in microseconds. One at a time.
    virtual Result<double> measure(const std::string& handle, const MeasureOptions& options) = 0;
};

// CPUs this process may run on: `measuring` is kept free of compiling where there are two.
struct Cores {
    int measuring = 0;
    int count = 1;
    static Cores of_this_process();
};

// `dir` takes the objects. `cancel` ends what is running.
std::unique_ptr<Bench> process_bench(const Problem& problem, const Target& target, const std::string& dir,
                                     const Cores& cores, const std::atomic<bool>* cancel);

}  // namespace convt::tune
