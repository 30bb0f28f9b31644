// SPDX-License-Identifier: Apache-2.0
// A machine made of arithmetic: costs are a function, time passes by measuring, noise has a seed.
#pragma once

#include "tests/support/random.h"
#include "tools/tune/tuner.h"

#include <cmath>
#include <functional>
#include <map>
#include <mutex>

namespace convt::test {

using tune::Candidate;
using tune::StrategySpace;

inline Schedule schedule_of(const std::vector<std::pair<std::string, int>>& knobs) {
    Schedule schedule;
    for (const auto& [name, value] : knobs)
        schedule.set(name, value);
    return schedule;
}

// Knobs a, b and c of nine values each, where a * b may not pass 32, as registers would have it; the default is 1,
// 1, 1.
inline StrategySpace fake_space(const std::string& strategy) {
    const std::vector<int> values = {1, 2, 3, 4, 6, 8, 12, 16, 32};
    StrategySpace space;
    space.strategy = strategy;
    space.knobs = {{"a", values, ""}, {"b", values, ""}, {"c", values, ""}};
    space.start = schedule_of({{"a", 1}, {"b", 1}, {"c", 1}});
    space.legal = [](const Schedule& s) { return s.get("a") * s.get("b") <= 32; };
    return space;
}

// Best at a=4, b=8, c=6: on the edge of what is legal.
inline double fake_cost(const Candidate& candidate) {
    const auto off = [&](const char* knob, double best) {
        return std::abs(std::log2(candidate.schedule.get(knob)) - std::log2(best));
    };
    return 100.0 + 30.0 * off("a", 4) + 20.0 * off("b", 8) + 10.0 * off("c", 6);
}

class FakeBench final : public tune::Bench {
  public:
    using Cost = std::function<double(const Candidate&)>;
    explicit FakeBench(Cost cost, std::uint64_t seed = 1, double noise = 0.0)
        : cost_(std::move(cost)), random_(seed), noise_(noise) {}

    Result<std::string> compile(const Candidate& candidate) override {
        const std::lock_guard lock(mutex_);
        ++compiled[candidate.text()];
        now += 0.01;
        if (fails) {
            Status status = fails(candidate);
            if (!status.ok()) return status;
        }
        candidates_[candidate.text()] = candidate;
        return candidate.text();
    }

    Result<double> measure(const std::string& handle, const tune::MeasureOptions&) override {
        const std::lock_guard lock(mutex_);
        now += 0.05;
        ++measured;
        // Two peaks, 15 % apart on average, and jitter on top: what differs from process to process.
        const double peak = random_.chance(50) ? noise_ : 0.0;
        const double jitter = noise_ * static_cast<double>(random_.between(0, 1000)) / 1000.0;
        const Candidate& candidate = candidates_.at(handle);
        const double luck = processes_[handle]++ == 0 && first_process ? first_process(candidate) : 1.0;
        return cost_(candidate) * luck * (1.0 + peak / 2 + jitter / 2);
    }

    std::function<Status(const Candidate&)> fails;
    std::function<double(const Candidate&)> first_process;  // a factor on its time
    double now = 0.0;                                       // seconds; read only where nothing compiles
    int measured = 0;
    std::map<std::string, int> compiled;

    // What the bench does not decide; `stop_after` trials the run is interrupted.
    tune::Hooks hooks(std::vector<tune::Trial>& trials, std::size_t stop_after = SIZE_MAX) {
        return {[this] {
                    const std::lock_guard lock(mutex_);
                    return now;
                },
                [&trials, stop_after] { return trials.size() >= stop_after; },
                [&trials](const tune::Trial& trial) {
                    trials.push_back(trial);
                    return Status();
                },
                [](const tune::Standing&) {}};
    }

  private:
    const Cost cost_;
    std::mutex mutex_;
    Random random_;
    const double noise_;
    std::map<std::string, Candidate> candidates_;
    std::map<std::string, int> processes_;
};

inline tune::Task fake_task(std::uint64_t seed = 1, double budget_s = 60.0) {
    tune::Task task;
    task.spaces = {fake_space("first")};
    task.incumbent = {"first", task.spaces[0].start};
    task.budget_s = budget_s;
    task.overlap = false;
    task.seed = seed;
    return task;
}

}  // namespace convt::test
