// SPDX-License-Identifier: Apache-2.0
// From the finalists of a search to one winner, on fresh measurements (statistic.h says why): a few rounds choose a
// challenger among them, the simplest of those that come out best; then it meets the incumbent.
#pragma once

#include "tools/tune/candidate.h"
#include "tools/tune/statistic.h"

#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace convt::tune {

// Within this of the best, fewer changes count more. Together with what counts as equal to the default (statistic.h) a
// winner gives away 3 % at most.
constexpr double as_good = 1.01;

struct Contender {
    Candidate candidate;
    int changes = 0;     // from the incumbent
    std::string handle;  // for measuring
    std::vector<double> us = {};
};

struct Judge {
    std::function<Result<double>(const Contender&)> measure;  // one process; Code::interrupted ends the verdict
    std::function<bool(int processes)> affordable;            // within the budget
    std::function<bool()> in_time;                            // false: end, whatever is undecided
    std::mt19937_64& random;
};

struct Duel {
    bool won = false;  // by the challenger
    Summary incumbent_us;
    Summary challenger_us;
    Ratio ratio;  // challenger over incumbent
    int rounds = 0;
};

// Rounds over all; what fails falls out. None where all fail.
Result<std::optional<Contender>> choose(std::vector<Contender> all, const Judge& judge);
// Code::timed_out where time was out before the first round.
Result<Duel> duel(const Contender& incumbent, const Contender& challenger, const Judge& judge);
// A candidate that nothing stands against.
Result<Summary> alone(const Contender& one, const Judge& judge);

// Processes that a verdict over so many finalists takes where the duel goes to its third look. With time for the first
// alone, a gain of 19 % was taken for a tie in one of three runs on a busy machine.
constexpr int processes_for(int finalists) {
    return 3 * finalists + 2 * 24;
}

}  // namespace convt::tune
