// SPDX-License-Identifier: Apache-2.0
// Which candidate to try next, over all strategies and their schedules at once. First the analytic model's best of
// every strategy; then, again and again, a pool of untried candidates (around the fastest ones, and random ones of
// every strategy) is ranked by what the trials so far lead one to expect (surrogate.h), and the first of them is asked
// for; the rest is pruned until more is known. It only asks and is told: who compiles and measures, and on how many
// cores, it does not know. What it asks next follows from what it was told and nothing else, so that a run which was
// interrupted goes on as if it had not been.
#pragma once

#include "tools/tune/candidate.h"
#include "tools/tune/surrogate.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <vector>

namespace convt::tune {

struct StrategySpace {
    std::string strategy;
    std::vector<Knob> knobs;
    Schedule start;  // the default
    std::function<bool(const Schedule&)> legal;
    std::function<double(const Schedule&)> cycles = {};  // of the analytic model; empty or not above 0: no opinion
};

class Search {
  public:
    struct Ranked {
        Candidate candidate;
        double us;
    };

    // The first space is the incumbent's.
    Search(std::vector<StrategySpace> spaces, std::uint64_t seed);

    // Never the same candidate twice; none where nothing untried is left.
    std::optional<Candidate> next();
    // A time, or nothing where the candidate failed. Again for the same one: its time is replaced. Also for trials of
    // an earlier run.
    void tell(const Candidate& candidate, std::optional<double> us);
    // Those measured, fastest first; equal ones with fewer changes first.
    std::vector<Ranked> best(std::size_t count) const;
    // Screening time of the fastest; infinity before there is one.
    double best_us() const noexcept { return best_us_; }
    // How far a candidate departs from the incumbent: knobs that differ from its strategy's default, and one more for
    // another strategy.
    int changes(const Candidate& candidate) const;

  private:
    const StrategySpace* space(const std::string& strategy) const;
    Point point(const Candidate& candidate) const;
    std::optional<Candidate> fresh(std::string strategy, Schedule schedule) const;
    std::vector<Candidate> pool();
    void add_random(std::vector<Candidate>& into);
    std::optional<Candidate> first_untried() const;
    void learn();
    Candidate take(Candidate candidate);

    const std::vector<StrategySpace> spaces_;
    const std::uint64_t seed_;
    std::mt19937_64 random_;
    std::deque<Candidate> starts_;
    std::set<std::string> asked_;               // by Candidate::text, all ever asked for or told
    std::map<std::string, Candidate> pending_;  // asked for, not told
    std::vector<Ranked> measured_;              // in the order told
    std::vector<Candidate> failed_;
    double best_us_ = std::numeric_limits<double>::infinity();
    Surrogate surrogate_;
};

}  // namespace convt::tune
