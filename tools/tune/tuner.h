// SPDX-License-Identifier: Apache-2.0
// One problem tuned under a budget: search by screening times, then a verdict on fresh measurements. Clock, bench and
// journal are the caller's, so that tests run it in milliseconds.
#pragma once

#include "tools/tune/bench.h"
#include "tools/tune/search.h"
#include "tools/tune/statistic.h"

#include <functional>

namespace convt::tune {

struct Task {
    std::vector<StrategySpace> spaces;  // the incumbent's first
    Candidate incumbent;                // what is compiled without tuning; keeps its place unless beaten
    double budget_s = 60.0;             // of this and of earlier runs together
    double roofline_us = 0.0;           // no candidate can be faster; 0: not known
    std::vector<Trial> recalled;        // of earlier runs
    int jobs = 1;                       // compile workers side by side
    bool overlap = true;                // compile while measuring: there is a core for each
    std::uint64_t seed = 0;
};

struct Standing {
    double spent_s = 0.0;
    int trials = 0;
    double best_us = 0.0;  // by screening; infinity before there is one
    const char* phase = "";
};

struct Hooks {
    std::function<double()> now;  // seconds
    std::function<bool()> stopped;
    std::function<Status(const Trial&)> record;
    std::function<void(const Standing&)> show;
};

struct Verdict {
    Candidate winner;
    bool tuned = false;  // the winner is not the incumbent
    Summary us;
    double default_us = 0.0;  // 0: the incumbent does not work
    Ratio ratio;              // best challenger over incumbent; from 0 to infinity where there was no duel
    int rounds = 0;
    int trials = 0;
    bool at_roofline = false;  // the search ended because nothing is left to gain
};

// `cancel` is what `bench` watches: true while it shall end what is running. Code::interrupted where `stopped`;
// Code::compile_failed where no candidate works.
Result<Verdict> tune(const Task& task, Bench& bench, const Hooks& hooks, std::atomic<bool>& cancel);

}  // namespace convt::tune
