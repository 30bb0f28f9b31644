// SPDX-License-Identifier: Apache-2.0
#include "tools/tune/search.h"

#include "tools/tune/neighbours.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace convt::tune {

namespace {

constexpr std::size_t centres = 5;        // the fastest ones, looked around at
constexpr std::size_t random_pool = 128;  // untried candidates drawn for a pool, of all strategies together
constexpr int draws = 3;                  // for each of them: most of a space may be illegal or tried
constexpr double largest_scan = 20'000;   // combinations looked through one by one at the end
// What the surrogate learns from: the fastest, which matter, and the latest, which tell it where it was wrong.
constexpr std::size_t learned_fastest = 150;
constexpr std::size_t learned_latest = 50;

double combinations(const StrategySpace& space) {
    double count = 1.0;
    for (const Knob& knob : space.knobs)
        count *= static_cast<double>(std::max<std::size_t>(1, knob.values.size()));
    return count;
}

}  // namespace

Search::Search(std::vector<StrategySpace> spaces, std::uint64_t seed)
    : spaces_(std::move(spaces)), seed_(seed), random_(seed) {
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
    const auto knobs = std::count_if(of->knobs.begin(), of->knobs.end(), [&](const Knob& knob) {
        return candidate.schedule.get(knob.name) != of->start.get(knob.name);
    });
    return static_cast<int>(knobs) + (of == &spaces_.front() ? 0 : 1);
}

Point Search::point(const Candidate& candidate) const {
    Point result;
    const StrategySpace* const of = space(candidate.strategy);
    if (of == nullptr) return result;
    result.strategy = static_cast<int>(of - spaces_.data());
    for (const Knob& knob : of->knobs)
        result.steps.push_back(step_of(knob, candidate.schedule));
    const double cycles = of->cycles ? of->cycles(candidate.schedule) : 0.0;
    if (cycles > 0.0 && std::isfinite(cycles)) result.log_cycles = std::log(cycles);
    return result;
}

std::optional<Candidate> Search::fresh(std::string strategy, Schedule schedule) const {
    const StrategySpace* const of = space(strategy);
    Candidate candidate{std::move(strategy), std::move(schedule)};
    if (of == nullptr || asked_.contains(candidate.text()) || !of->legal(candidate.schedule)) return std::nullopt;
    return candidate;
}

Candidate Search::take(Candidate candidate) {
    asked_.insert(candidate.text());
    pending_.emplace(candidate.text(), candidate);
    return candidate;
}

std::optional<Candidate> Search::next() {
    for (; !starts_.empty(); starts_.pop_front())
        if (!asked_.contains(starts_.front().text())) return take(starts_.front());
    random_.seed(seed_ + asked_.size());  // a run that goes on draws what it would have drawn
    const std::vector<Candidate> candidates = pool();
    if (candidates.empty()) {
        auto last = first_untried();
        return last ? std::optional(take(std::move(*last))) : std::nullopt;
    }
    if (measured_.empty()) return take(candidates.front());
    learn();
    const double best = std::log(best_us_);
    double highest = -1.0;
    const Candidate* chosen = nullptr;
    for (const Candidate& candidate : candidates) {
        const double gain = expected_improvement(surrogate_.at(point(candidate)), best);
        if (gain <= highest) continue;
        highest = gain;
        chosen = &candidate;
    }
    return take(*chosen);
}

std::vector<Candidate> Search::pool() {
    std::vector<Candidate> result;
    std::set<std::string> seen;
    const auto add = [&](const std::string& strategy, std::vector<Schedule> schedules) {
        for (Schedule& schedule : schedules)
            if (auto one = fresh(strategy, std::move(schedule)))
                if (seen.insert(one->text()).second) result.push_back(std::move(*one));
    };
    for (const Ranked& centre : best(centres)) {
        const StrategySpace* const of = space(centre.candidate.strategy);
        if (of == nullptr) continue;
        add(of->strategy, single_steps(of->knobs, centre.candidate.schedule));
        add(of->strategy, exchanges(of->knobs, centre.candidate.schedule));
        add(of->strategy, long_steps(of->knobs, centre.candidate.schedule));
    }
    add_random(result);
    return result;
}

void Search::add_random(std::vector<Candidate>& into) {
    if (spaces_.empty()) return;
    const std::size_t enough = into.size() + random_pool;
    for (std::size_t draw = 0; draw < random_pool * draws && into.size() < enough; ++draw) {
        const StrategySpace& of = spaces_[draw % spaces_.size()];
        Schedule schedule = of.start;
        for (const Knob& knob : of.knobs) {
            if (knob.values.empty()) continue;
            std::uniform_int_distribution<std::size_t> index(0, knob.values.size() - 1);
            schedule.set(knob.name, knob.values[index(random_)]);
        }
        if (auto one = fresh(of.strategy, std::move(schedule))) into.push_back(std::move(*one));
    }
}

// Where chance finds nothing, a small space is looked through whole.
std::optional<Candidate> Search::first_untried() const {
    for (const StrategySpace& of : spaces_) {
        const double count = combinations(of);
        if (count > largest_scan) continue;
        for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
            Schedule schedule = of.start;
            std::size_t rest = i;
            for (const Knob& knob : of.knobs) {
                if (knob.values.empty()) continue;
                schedule.set(knob.name, knob.values[rest % knob.values.size()]);
                rest /= knob.values.size();
            }
            if (auto one = fresh(of.strategy, std::move(schedule))) return one;
        }
    }
    return std::nullopt;
}

// What failed counts as twice the slowest, so that its surroundings come last; what is on its way counts as what is
// expected of it, so that the next one is not its twin.
void Search::learn() {
    std::vector<Ranked> from = best(learned_fastest);
    if (measured_.size() > learned_fastest)
        std::copy(
            measured_.end() - static_cast<std::ptrdiff_t>(std::min(learned_latest, measured_.size() - learned_fastest)),
            measured_.end(), std::back_inserter(from));
    double slowest = 0.0;
    for (const Ranked& one : measured_)
        slowest = std::max(slowest, one.us);
    const std::size_t failures = std::min(failed_.size(), learned_latest);
    std::transform(failed_.end() - static_cast<std::ptrdiff_t>(failures), failed_.end(), std::back_inserter(from),
                   [&](const Candidate& one) {
                       return Ranked{one, 2.0 * slowest};
                   });
    std::vector<Point> points;
    std::vector<double> log_us;
    for (const Ranked& one : from) {
        points.push_back(point(one.candidate));
        log_us.push_back(std::log(one.us));
    }
    surrogate_.fit(points, log_us);
    if (pending_.empty()) return;
    for (const auto& [text, candidate] : pending_) {
        points.push_back(point(candidate));
        log_us.push_back(surrogate_.at(points.back()).mean);
    }
    surrogate_.fit(std::move(points), log_us);
}

void Search::tell(const Candidate& candidate, std::optional<double> us) {
    asked_.insert(candidate.text());
    pending_.erase(candidate.text());
    const auto known =
        std::find_if(measured_.begin(), measured_.end(), [&](const Ranked& one) { return one.candidate == candidate; });
    if (!us) {
        failed_.push_back(candidate);
    } else if (known != measured_.end()) {
        known->us = *us;
    } else {
        measured_.push_back({candidate, *us});
    }
    best_us_ = std::numeric_limits<double>::infinity();
    for (const Ranked& one : measured_)
        best_us_ = std::min(best_us_, one.us);
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
