// SPDX-License-Identifier: Apache-2.0
#include "tools/tune/search.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace convt::tune {

namespace {

constexpr int restart_draws = 200;      // random points looked at before a space counts as used up
constexpr double worth_descent = 1.25;  // a restart this close to the best is followed

// Index of the knob's present value; the nearest below where it is none of the legal ones.
int index_of(const Knob& knob, const Schedule& schedule) {
    const auto after = std::upper_bound(knob.values.begin(), knob.values.end(), schedule.get(knob.name));
    return std::max(0, static_cast<int>(after - knob.values.begin()) - 1);
}

// `schedule` with the knob moved by `steps` in its list of values; none beyond the ends.
std::optional<Schedule> moved(const Knob& knob, const Schedule& schedule, int steps) {
    const int to = index_of(knob, schedule) + steps;
    if (to < 0 || to >= static_cast<int>(knob.values.size())) return std::nullopt;
    Schedule result = schedule;
    result.set(knob.name, knob.values[static_cast<std::size_t>(to)]);
    return result;
}

void append_steps(const Knob& knob, const Schedule& schedule, bool longer, std::vector<Schedule>& into) {
    const int count = static_cast<int>(knob.values.size());
    for (int steps = -count; steps <= count; ++steps) {
        if (steps == 0 || (std::abs(steps) > 1) != longer) continue;
        if (auto one = moved(knob, schedule, steps)) into.push_back(std::move(*one));
    }
}

void append_exchanges(const std::vector<Knob>& knobs, const Schedule& schedule, std::vector<Schedule>& into) {
    for (const Knob& up : knobs) {
        const auto raised = moved(up, schedule, 1);
        if (!raised) continue;
        for (const Knob& down : knobs)
            if (&up != &down)
                if (auto both = moved(down, *raised, -1)) into.push_back(std::move(*both));
    }
}

}  // namespace

Search::Search(std::vector<StrategySpace> spaces, std::uint64_t seed) : spaces_(std::move(spaces)), random_(seed) {
    for (const StrategySpace& one : spaces_)
        starts_.push_back({one.strategy, one.start});
}

const StrategySpace* Search::space(const std::string& strategy) const {
    for (const StrategySpace& one : spaces_)
        if (one.strategy == strategy) return &one;
    return nullptr;
}

int Search::changes(const Candidate& candidate) const {
    const StrategySpace* const of = space(candidate.strategy);
    if (of == nullptr) return 0;
    return static_cast<int>(std::count_if(of->knobs.begin(), of->knobs.end(), [&](const Knob& knob) {
        return candidate.schedule.get(knob.name) != of->start.get(knob.name);
    }));
}

std::optional<Candidate> Search::take(const Candidate& candidate, Origin origin) {
    if (!asked_.emplace(candidate.text(), Asked{origin, basin_}).second) return std::nullopt;
    return candidate;
}

std::optional<Candidate> Search::next() {
    for (; !starts_.empty(); starts_.pop_front())
        if (auto fresh = take(starts_.front(), Origin::start)) return fresh;
    for (; !neighbours_.empty(); neighbours_.pop_front())
        if (auto fresh = take(neighbours_.front(), Origin::neighbour)) return fresh;
    return restart();
}

std::optional<Candidate> Search::restart() {
    // A strategy whose best is twice as slow as the best of all is drawn sixteen times less often.
    std::vector<double> weights;
    for (const StrategySpace& one : spaces_) {
        const auto known = strategy_best_.find(one.strategy);
        weights.push_back(known == strategy_best_.end() ? 0.01 : std::pow(best_us_ / known->second, 4.0));
    }
    std::discrete_distribution<std::size_t> pick(weights.begin(), weights.end());
    for (int draw = 0; draw < restart_draws && !spaces_.empty(); ++draw) {
        const StrategySpace& one = spaces_[pick(random_)];
        Candidate candidate{one.strategy, one.start};
        for (const Knob& knob : one.knobs) {
            if (knob.values.empty()) continue;
            std::uniform_int_distribution<std::size_t> index(0, knob.values.size() - 1);
            candidate.schedule.set(knob.name, knob.values[index(random_)]);
        }
        if (!one.legal(candidate.schedule)) continue;
        if (auto fresh = take(candidate, Origin::restart)) return fresh;
    }
    return std::nullopt;
}

void Search::tell(const Candidate& candidate, std::optional<double> us) {
    const Asked asked = asked_.emplace(candidate.text(), Asked{Origin::start, basin_}).first->second;
    if (!us) return;
    measured_.push_back({candidate, *us});
    const auto [known, first] = strategy_best_.emplace(candidate.strategy, *us);
    if (!first) known->second = std::min(known->second, *us);
    const bool best = *us < best_us_;
    best_us_ = std::min(best_us_, *us);
    const bool improves = asked.basin == basin_ && *us < here_us_;
    const bool promising = asked.origin == Origin::restart && neighbours_.empty() && *us < worth_descent * best_us_;
    if (promising) ++basin_;
    if (best || improves || promising) descend_from(candidate, *us);
}

void Search::descend_from(const Candidate& candidate, double us) {
    here_us_ = us;
    neighbours_.clear();
    const StrategySpace* const of = space(candidate.strategy);
    if (of == nullptr) return;
    std::vector<std::vector<Schedule>> tiers(3);
    for (const Knob& knob : of->knobs) {
        append_steps(knob, candidate.schedule, false, tiers[0]);
        append_steps(knob, candidate.schedule, true, tiers[2]);
    }
    append_exchanges(of->knobs, candidate.schedule, tiers[1]);
    for (std::vector<Schedule>& tier : tiers) {
        std::shuffle(tier.begin(), tier.end(), random_);
        for (Schedule& schedule : tier)
            if (of->legal(schedule)) neighbours_.push_back({candidate.strategy, std::move(schedule)});
    }
}

std::vector<Search::Ranked> Search::best(std::size_t count) const {
    std::vector<Ranked> sorted = measured_;
    std::stable_sort(sorted.begin(), sorted.end(), [this](const Ranked& a, const Ranked& b) {
        return a.us != b.us ? a.us < b.us : changes(a.candidate) < changes(b.candidate);
    });
    if (sorted.size() > count) sorted.erase(sorted.begin() + static_cast<std::ptrdiff_t>(count), sorted.end());
    return sorted;
}

}  // namespace convt::tune
