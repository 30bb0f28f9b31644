// SPDX-License-Identifier: Apache-2.0
// Which candidate to try next. Defaults of all strategies first; then descent from the best: changes of one knob by one
// step, exchanges between two knobs (one up, one down, for a limit on registers blocks single steps), then longer
// jumps; the first improvement moves on. Where a neighbourhood is used up, random restarts, more often in strategies
// that have done well. It only asks and is told: who compiles and measures, and on how many cores, it does not know.
#pragma once

#include "tools/tune/candidate.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <vector>

namespace convt::tune {

struct StrategySpace {
    std::string strategy;
    std::vector<Knob> knobs;
    Schedule start;  // the default
    std::function<bool(const Schedule&)> legal;
};

class Search {
  public:
    struct Ranked {
        Candidate candidate;
        double us;
    };

    Search(std::vector<StrategySpace> spaces, std::uint64_t seed);

    // Never the same candidate twice; none where nothing new is found, or nothing before more is told.
    std::optional<Candidate> next();
    // A time, or nothing where the candidate failed. Also for trials of an earlier run.
    void tell(const Candidate& candidate, std::optional<double> us);
    // Those measured, fastest first; equal ones with fewer changes from the default first.
    std::vector<Ranked> best(std::size_t count) const;
    // Screening time of the fastest; infinity before there is one.
    double best_us() const noexcept { return best_us_; }
    // Knobs that differ from the strategy's default.
    int changes(const Candidate& candidate) const;

  private:
    enum class Origin { start, neighbour, restart };
    struct Asked {
        Origin origin;
        int basin;
    };

    const StrategySpace* space(const std::string& strategy) const;
    std::optional<Candidate> restart();
    std::optional<Candidate> take(const Candidate& candidate, Origin origin);
    void descend_from(const Candidate& candidate, double us);

    const std::vector<StrategySpace> spaces_;
    std::mt19937_64 random_;
    std::deque<Candidate> starts_;
    std::deque<Candidate> neighbours_;  // of the point where the descent stands
    double here_us_ = std::numeric_limits<double>::infinity();
    double best_us_ = std::numeric_limits<double>::infinity();
    int basin_ = 0;  // counts the descents, so that a late answer of an old one does not turn a new one back
    std::map<std::string, Asked> asked_;  // by Candidate::text, all ever asked for or told
    std::map<std::string, double> strategy_best_;
    std::vector<Ranked> measured_;
};

}  // namespace convt::tune
