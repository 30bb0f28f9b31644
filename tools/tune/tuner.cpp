// SPDX-License-Identifier: Apache-2.0
#include "tools/tune/tuner.h"

#include "tools/tune/pool.h"
#include "tools/tune/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

namespace convt::tune {

namespace {

constexpr double screen_ms = 5.0;
constexpr double final_ms = 20.0;
constexpr double hopeless = 3.0;  // a call this much slower than the best is timed once
// One process may be off by this much either way, so what comes this near to the best is screened in two more, and
// their median counts: a lucky process does not draw the search, an unlucky one does not hide the best.
constexpr double promising = 1.15;
constexpr int confirmations = 2;
constexpr double near_best = 1.3;     // what one process may be off by
constexpr std::size_t finalists = 4;  // as many as a few rounds can tell apart
constexpr std::size_t considered = 200;
constexpr int final_processes = processes_for(static_cast<int>(finalists));
constexpr int patience_ms = 50;

class Tuner {
  public:
    Tuner(const Task& task, Bench& bench, const Hooks& hooks, std::atomic<bool>& cancel)
        : task_(task),
          bench_(bench),
          hooks_(hooks),
          cancel_(cancel),
          start_(hooks.now()),
          search_(task.spaces, task.seed),
          random_(task.seed) {}

    Result<Verdict> run() {
        recall();
        Status status = explore();
        if (status.ok() && hooks_.stopped()) status = Status(Code::interrupted, "stopped");
        if (!status.ok()) return status;
        cancel_ = false;
        auto verdict = decide();
        if (!verdict.ok()) return verdict;
        verdict.value().trials = trials_;
        verdict.value().at_roofline = nothing_to_gain();
        return verdict;
    }

  private:
    // ---- search

    void recall() {
        for (const Trial& trial : task_.recalled) {
            earlier_s_ = std::max(earlier_s_, trial.spent_s);
            const bool known = std::any_of(task_.spaces.begin(), task_.spaces.end(), [&](const StrategySpace& one) {
                return one.strategy == trial.candidate.strategy && one.legal(trial.candidate.schedule);
            });
            if (known) note(trial);
        }
    }

    void note(const Trial& trial) {
        ++trials_;
        if (trial.code != Code::ok && first_failure_.empty())
            first_failure_ = trial.candidate.text() + ": " + trial.message;
        search_.tell(trial.candidate, trial.code == Code::ok ? std::optional(trial.us) : std::nullopt);
    }

    double spent() const { return earlier_s_ + hooks_.now() - start_; }

    // What the verdict will need, at most half of the budget. Its processes time more calls than those of the search.
    double reserve() const {
        const double process_s = process_s_ + (final_ms - screen_ms) * 1e-3;
        return std::min(final_processes * process_s, task_.budget_s / 2);
    }

    // What lies within `equal` of the roofline is as good as anything can be.
    bool nothing_to_gain() const { return search_.best_us() * equal <= task_.roofline_us; }

    Status explore() {
        Status status;
        CompilePool pool(bench_, task_.jobs);
        const int in_flight = task_.overlap ? task_.jobs + 1 : 1;
        while (status.ok() && !hooks_.stopped() && !nothing_to_gain() && spent() < task_.budget_s - reserve()) {
            while (pool.in_flight() < in_flight) {
                auto candidate = search_.next();
                if (!candidate) break;
                pool.post(std::move(*candidate));
            }
            if (pool.in_flight() == 0) break;  // the space is used up
            hooks_.show({spent(), trials_, search_.best_us(), "search"});
            if (auto done = pool.take(patience_ms)) status = screen(*done);
        }
        cancel_ = true;  // ends the workers that the pool waits for
        return status;
    }

    Status screen(const CompilePool::Done& done) {
        Trial trial;
        trial.candidate = done.candidate;
        Status status = done.handle.status();
        if (status.ok()) {
            const auto us = screened(done.handle.value());
            status = us.status();
            if (us.ok()) trial.us = us.value();
            handles_.emplace(done.candidate.text(), done.handle.value());
        }
        if (status.code() == Code::interrupted) return {};
        // No worker, another build's worker, a full disk: no candidate's fault, and the next one's end too.
        if (status.code() == Code::io_error || status.code() == Code::unsupported) return status;
        trial.code = status.code();
        trial.message = status.message();
        trial.spent_s = spent();
        note(trial);
        return hooks_.record(trial);
    }

    Result<double> screened(const std::string& handle) {
        const double best = search_.best_us();
        const MeasureOptions options{screen_ms, std::isfinite(best) ? hopeless * best : 0.0};
        const auto first = timed(handle, options);
        if (!first.ok() || first.value() > promising * best) return first;
        std::vector<double> us = {first.value()};
        for (int i = 0; i < confirmations; ++i) {
            const auto more = timed(handle, options);
            if (!more.ok()) return more;
            us.push_back(more.value());
        }
        return median(std::move(us));
    }

    Result<double> timed(const std::string& handle, const MeasureOptions& options) {
        const double before = hooks_.now();
        auto us = bench_.measure(handle, options);
        const double took = hooks_.now() - before;
        if (us.ok()) process_s_ = process_s_ == 0.0 ? took : 0.9 * process_s_ + 0.1 * took;
        return us;
    }

    // ---- verdict

    Result<Contender> contender(const Candidate& candidate) {
        const auto known = handles_.find(candidate.text());
        if (known != handles_.end()) return Contender{candidate, search_.changes(candidate), known->second};
        const auto handle = bench_.compile(candidate);  // of an earlier run, its object is gone
        if (!handle.ok()) return handle.status();
        return Contender{candidate, search_.changes(candidate), handle.value()};
    }

    Judge judge() {
        // What is not decided after another budget's time goes to the incumbent.
        const double end = std::max(spent(), task_.budget_s) + task_.budget_s;
        return {[this](const Contender& one) { return sample(one); },
                [this](int processes) { return spent() + processes * process_s_ <= task_.budget_s; },
                [this, end] { return spent() < end; }, random_};
    }

    Result<double> sample(const Contender& one) {
        if (hooks_.stopped()) return Status(Code::interrupted, "stopped");
        hooks_.show({spent(), trials_, search_.best_us(), "verdict"});
        return timed(one.handle, {final_ms, 0.0});
    }

    Result<std::vector<Contender>> contenders() {
        std::vector<Contender> all;
        for (const Candidate& candidate : promising_ones()) {
            auto one = contender(candidate);
            if (one.status().code() == Code::interrupted) return one.status();
            if (one.ok()) all.push_back(std::move(one).value());
        }
        return all;
    }

    // The fastest, and the simplest of those that are as fast.
    std::vector<Candidate> promising_ones() const {
        std::vector<Candidate> all;
        const Candidate* simplest = nullptr;
        const std::vector<Search::Ranked> ranked = search_.best(considered);
        for (const Search::Ranked& one : ranked) {
            if (one.us > near_best * search_.best_us() || one.candidate == task_.incumbent) continue;
            if (all.size() < finalists - 1) all.push_back(one.candidate);
            if (one.us > as_good * search_.best_us()) continue;
            if (simplest == nullptr || search_.changes(one.candidate) < search_.changes(*simplest))
                simplest = &one.candidate;
        }
        if (simplest != nullptr && std::find(all.begin(), all.end(), *simplest) == all.end()) all.push_back(*simplest);
        return all;
    }

    Result<Verdict> decide() {
        const auto incumbent = contender(task_.incumbent);
        if (incumbent.status().code() == Code::interrupted) return incumbent.status();
        auto all = contenders();
        if (!all.ok()) return all.status();
        const Judge by = judge();
        const auto challenger = choose(std::move(all).value(), by);
        if (!challenger.ok()) return challenger.status();
        if (!challenger.value() && !incumbent.ok())
            return Status(
                Code::compile_failed,
                "no candidate works; " + (first_failure_.empty() ? incumbent.status().message() : first_failure_));
        if (!challenger.value()) return uncontested(incumbent.value(), false, by);
        if (!incumbent.ok()) return uncontested(*challenger.value(), true, by);
        const auto outcome = duel(incumbent.value(), *challenger.value(), by);
        if (!outcome.ok()) return outcome.status();
        const Duel& fought = outcome.value();
        Verdict verdict;
        verdict.winner = fought.won ? challenger.value()->candidate : task_.incumbent;
        verdict.tuned = fought.won;
        verdict.us = fought.won ? fought.challenger_us : fought.incumbent_us;
        verdict.default_us = fought.incumbent_us.median;
        verdict.ratio = fought.ratio;
        verdict.rounds = fought.rounds;
        return verdict;
    }

    static Result<Verdict> uncontested(const Contender& one, bool tuned, const Judge& by) {
        const auto summary = alone(one, by);
        if (!summary.ok()) return summary.status();
        Verdict verdict;
        verdict.winner = one.candidate;
        verdict.tuned = tuned;
        verdict.us = summary.value();
        verdict.default_us = tuned ? 0.0 : summary.value().median;
        verdict.ratio = paired_ratio({0.0});
        return verdict;
    }

    const Task& task_;
    Bench& bench_;
    const Hooks& hooks_;
    std::atomic<bool>& cancel_;
    const double start_;
    Search search_;
    std::mt19937_64 random_;
    double earlier_s_ = 0.0;
    double process_s_ = 0.0;  // of one measurement, a running mean
    int trials_ = 0;
    std::string first_failure_;
    std::map<std::string, std::string> handles_;  // by Candidate::text
};

}  // namespace

Result<Verdict> tune(const Task& task, Bench& bench, const Hooks& hooks, std::atomic<bool>& cancel) {
    cancel = false;
    return Tuner(task, bench, hooks, cancel).run();
}

}  // namespace convt::tune
