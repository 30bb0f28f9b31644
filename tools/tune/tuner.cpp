// SPDX-License-Identifier: Apache-2.0
#include "tools/tune/tuner.h"

#include "tools/tune/pool.h"

#include <fmt/format.h>

#include <algorithm>
#include <climits>
#include <cmath>
#include <map>
#include <optional>

namespace convt::tune {

namespace {

constexpr double screen_ms = 5.0;
constexpr double final_ms = 20.0;
constexpr double hopeless = 3.0;      // a call this much slower than the best is timed once
constexpr std::size_t finalists = 4;  // as many as a few rounds can tell apart
constexpr double near_best = 1.3;     // what one process may be off by
constexpr double as_good = 1.02;      // within this of the best, fewer changes from the default count more
constexpr int choosing_rounds = 3;
constexpr int short_verdict = 6;  // the fewest rounds that can decide
constexpr int long_verdict = 12;
constexpr int final_processes = static_cast<int>(finalists) * choosing_rounds + 2 * long_verdict;
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
        return decide();
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

    // What the verdict will need, at most half of the budget.
    double reserve() const { return std::min(final_processes * process_s_, task_.budget_s / 2); }

    Status explore() {
        Status status;
        CompilePool pool(bench_, task_.jobs);
        const int in_flight = task_.overlap ? task_.jobs + 1 : 1;
        while (status.ok() && !hooks_.stopped() && spent() < task_.budget_s - reserve()) {
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
            const bool any = std::isfinite(search_.best_us());
            const auto us = timed(done.handle.value(), {screen_ms, any ? hopeless * search_.best_us() : 0.0});
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

    Result<double> timed(const std::string& handle, const MeasureOptions& options) {
        const double before = hooks_.now();
        auto us = bench_.measure(handle, options);
        const double took = hooks_.now() - before;
        if (us.ok()) process_s_ = process_s_ == 0.0 ? took : 0.9 * process_s_ + 0.1 * took;
        return us;
    }

    // ---- verdict

    struct Contender {
        Candidate candidate;
        std::string handle;
        std::vector<double> us;
    };

    Result<Contender> contender(const Candidate& candidate) {
        const auto known = handles_.find(candidate.text());
        if (known != handles_.end()) return Contender{candidate, known->second, {}};
        const auto handle = bench_.compile(candidate);  // of an earlier run, its object is gone
        if (!handle.ok()) return handle.status();
        return Contender{candidate, handle.value(), {}};
    }

    // One process; a failure, like a stop, ends the verdict.
    Status sample(Contender& one) {
        if (hooks_.stopped()) return {Code::interrupted, "stopped"};
        hooks_.show({spent(), trials_, search_.best_us(), "verdict"});
        const auto us = timed(one.handle, {final_ms, 0.0});
        if (us.ok()) one.us.push_back(us.value());
        return us.status();
    }

    Result<Verdict> decide() {
        cancel_ = false;
        auto incumbent = contender(task_.incumbent);
        if (incumbent.status().code() == Code::interrupted) return incumbent.status();
        auto challenger = choose();
        if (!challenger.ok()) return challenger.status();
        if (!challenger.value() && !incumbent.ok())
            return Status(Code::compile_failed, "no candidate works; " + first_failure_);
        if (!challenger.value()) return alone(std::move(incumbent).value(), false);
        if (!incumbent.ok()) return alone(std::move(*challenger.value()), true);
        return duel(std::move(incumbent).value(), std::move(*challenger.value()));
    }

    // The most promising candidate, by rounds of its own; none where only the incumbent works.
    Result<std::optional<Contender>> choose() {
        std::vector<Contender> all;
        for (const Candidate& candidate : near_the_best()) {
            auto one = contender(candidate);
            if (one.status().code() == Code::interrupted) return one.status();
            if (one.ok()) all.push_back(std::move(one).value());
        }
        if (all.empty()) return std::optional<Contender>();
        for (int round = 0; round < choosing_rounds && all.size() > 1; ++round) {
            std::shuffle(all.begin(), all.end(), random_);
            for (auto one = all.begin(); one != all.end();) {
                const Status status = sample(*one);
                if (status.code() == Code::interrupted) return status;
                one = status.ok() ? one + 1 : all.erase(one);
            }
            // The verdict's own rounds come first.
            if (spent() + 2 * short_verdict * process_s_ > task_.budget_s) break;
        }
        if (all.empty()) return std::optional<Contender>();
        return std::optional<Contender>(simplest_of_the_best(std::move(all)));
    }

    std::vector<Candidate> near_the_best() const {
        std::vector<Candidate> result;
        for (const Search::Ranked& ranked : search_.best(finalists + 1))
            if (ranked.us <= near_best * search_.best_us() && !(ranked.candidate == task_.incumbent) &&
                result.size() < finalists)
                result.push_back(ranked.candidate);
        return result;
    }

    Contender simplest_of_the_best(std::vector<Contender> all) const {
        if (all.size() == 1) return std::move(all.front());
        double best = std::numeric_limits<double>::infinity();
        for (const Contender& one : all)
            best = std::min(best, median(one.us));
        const auto cost = [&](const Contender& one) {
            const double us = median(one.us);
            return std::pair(us <= as_good * best ? search_.changes(one.candidate) : INT_MAX, us);
        };
        return std::move(*std::min_element(all.begin(), all.end(),
                                           [&](const Contender& a, const Contender& b) { return cost(a) < cost(b); }));
    }

    int rounds() const {
        return spent() + 2 * long_verdict * process_s_ <= task_.budget_s ? long_verdict : short_verdict;
    }

    Result<Verdict> alone(Contender one, bool tuned) {
        one.us.clear();
        for (int round = 0; round < short_verdict; ++round) {
            Status status = sample(one);
            if (!status.ok()) return status;
        }
        const Summary summary = summarize(one.us);
        return Verdict{one.candidate, tuned, summary, tuned ? 0.0 : summary.median, 0, 0, trials_};
    }

    Result<Verdict> duel(Contender incumbent, Contender challenger) {
        challenger.us.clear();  // what chose it does not judge it
        const int planned = rounds();
        const int allowed = losses_allowed(planned);
        // What is not decided after another budget's time goes to the incumbent.
        const double verdict_by = std::max(spent(), task_.budget_s) + task_.budget_s;
        int losses = 0;
        int round = 0;
        // A lost verdict is broken off, though not before the medians mean something.
        const auto undecided = [&] { return round < short_verdict || (round < planned && losses <= allowed); };
        for (; undecided() && spent() < verdict_by; ++round) {
            const bool first = random_() % 2 == 0;
            Status status = sample(first ? challenger : incumbent);
            if (status.ok()) status = sample(first ? incumbent : challenger);
            if (!status.ok()) return status;
            losses += lost(challenger.us.back(), incumbent.us.back()) ? 1 : 0;
        }
        const bool won = round == planned && losses <= allowed;
        const Contender& winner = won ? challenger : incumbent;
        if (winner.us.empty()) return Status(Code::timed_out, "the budget left no time for a verdict");
        return Verdict{winner.candidate, won, summarize(winner.us), median(incumbent.us), round, losses, trials_};
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
