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

constexpr double as_good = 1.02;  // within this of the best, fewer changes count more

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

// Processes that a verdict over so many finalists takes at most before it asks whether more are affordable.
constexpr int processes_for(int finalists) {
    return 3 * finalists + 2 * 12;
}

}  // namespace convt::tune
