// SPDX-License-Identifier: Apache-2.0
// How fast a problem could be at best on this machine, measured in this run: what results are held against, and what a
// search may stop at.
#pragma once

#include "convt/problem.h"
#include "convt/target.h"

#include <map>

namespace convt::cli {

struct Roofline {
    double flops = 0.0;        // of the taps that land inside the output, in multiply-adds of one lane
    double bytes = 0.0;        // touched once
    double peak_gflops = 0.0;  // multiply-adds in registers, all threads
    double stream_us = 0.0;    // to move the bytes
    double compute_us() const { return flops / peak_gflops * 1e-3; }
    double us() const { return compute_us() > stream_us ? compute_us() : stream_us; }
    double bandwidth_gbs() const { return bytes / stream_us * 1e-3; }
};

class Limits {
  public:
    explicit Limits(int threads) : threads_(threads) {}

    // The peak of each element type is measured once (0.1 s), the bandwidth for every problem (0.1 s): it depends on
    // how much is read and written.
    Roofline of(const Problem& problem, const Target& target);

  private:
    int threads_;
    std::map<ProblemType, double> peaks_;
};

}  // namespace convt::cli
