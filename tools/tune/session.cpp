// SPDX-License-Identifier: Apache-2.0
#include "tools/tune/session.h"

#include "convt/halide_compiler.h"
#include "tools/common/interrupt.h"
#include "tools/common/progress.h"
#include "tools/common/temporary_folder.h"
#include "tools/tune/journal.h"
#include "tools/tune/place.h"
#include "tools/tune/report.h"
#include "tools/tune/spaces.h"
#include "tools/tune/tuner.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <functional>
#include <thread>

namespace convt::tune {

namespace {

double seconds_now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Passes SIGINT on to what is running, for as long as it lives.
class CancelOnInterrupt {
  public:
    explicit CancelOnInterrupt(std::atomic<bool>& cancel)
        : thread_([this, &cancel] {
              while (!done_) {
                  if (cli::interrupted()) cancel = true;
                  std::this_thread::sleep_for(std::chrono::milliseconds(20));
              }
          }) {}
    ~CancelOnInterrupt() {
        done_ = true;
        thread_.join();
    }
    CancelOnInterrupt(const CancelOnInterrupt&) = delete;
    CancelOnInterrupt& operator=(const CancelOnInterrupt&) = delete;

  private:
    std::atomic<bool> done_{false};
    std::thread thread_;
};

class Session {
  public:
    Session(const Options& options, std::ostream& out, std::ostream& err)
        : options_(options), cores_(Cores::of_this_process()), out_(out), progress_(err) {
        run_.target = options.target.text();
        run_.date = fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::time(nullptr)));
        run_.versions = compiler_identity();
        run_.budget_s = options.budget_s;
    }

    Status run() {
        const cli::PollInterrupts polling;
        const CancelOnInterrupt watching(cancel_);
        Status status = set_up();
        for (index_ = 0; status.ok() && index_ < options_.problems.size(); ++index_)
            status = tune_one(options_.problems[index_]);
        progress_.clear();
        if (cli::interrupted())
            status = {Code::interrupted, "interrupted; what is measured is kept, run again to go on"};
        if (options_.report_dir.empty()) return status.ok() ? failure_ : status;
        Status written = write_report(run_, options_.report_dir, out_);
        if (!status.ok()) return status;
        return written.ok() ? failure_ : written;
    }

  private:
    Status set_up() {
        auto place = place_of(options_.target, options_.db_dir);
        if (!place.ok()) return place.status();
        place_ = std::move(place).value();
        run_.cpu = place_.name;
        run_.machine = place_.machine.text();
        auto journal = Journal::open(options_.db_dir, options_.target.text(), {run_.versions, run_.cpu});
        if (!journal.ok()) return journal.status();
        journal_ = std::move(journal).value();
        if (journal_->dropped() > 0)
            out_ << fmt::format("{} unreadable lines of the trials' journal are passed over\n", journal_->dropped());
        auto table = TunedTable::load(tuned_path(options_.db_dir, options_.target));
        if (!table.ok()) return table.status();
        return objects_.status();
    }

    // An equal share of what is left of the total, at most the budget.
    double share() const {
        const auto left = static_cast<double>(options_.problems.size() - index_);
        return std::min(options_.budget_s, (start_ + options_.total_s - seconds_now()) / left);
    }

    // The median of this machine's row, by this compiler; 0 where there is none.
    Result<double> tuned_before(const std::string& problem) const {
        const auto table = TunedTable::load(tuned_path(options_.db_dir, options_.target));
        if (!table.ok()) return table.status();
        for (const TunedRow& row : table.value().find(problem, place_.machine))
            if (!row.modelled && row.machine == place_.machine && row.cpu == run_.cpu && row.versions == run_.versions)
                return row.median_us;
        return 0.0;
    }

    Status tune_one(const NamedProblem& named) {
        const std::string problem = named.problem.text();
        const auto before = tuned_before(problem);
        if (!before.ok()) return before.status();
        if (before.value() > 0.0 && journal_->finished_budget(problem) >= options_.budget_s) {
            say(named, fmt::format("{:.1f} us, tuned before with this budget", before.value()));
            return {};
        }
        if (share() <= 0.0) {
            say(named, "no time left of the total");
            return {};
        }
        Task task;
        Status status = fill(task, named);
        if (!status.ok()) return status;
        const auto verdict = search(task, named);
        if (verdict.status().code() == Code::compile_failed || verdict.status().code() == Code::timed_out)
            return set_aside(named, verdict.status());
        if (!verdict.ok()) return verdict.status();
        return keep(named, verdict.value(), task.budget_s);
    }

    Status fill(Task& task, const NamedProblem& named) {
        const Problem& problem = named.problem;
        auto spaces = strategy_spaces(problem, options_.target, place_.gpu);
        if (!spaces.ok()) return spaces.status();
        task.spaces = std::move(spaces).value();
        task.incumbent = {task.spaces.front().strategy, task.spaces.front().start};
        task.recalled = journal_->trials(problem.text());
        double earlier_s = 0.0;
        for (const Trial& trial : task.recalled)
            earlier_s = std::max(earlier_s, trial.spent_s);
        task.budget_s = std::min(options_.budget_s, earlier_s + share());
        task.jobs = options_.jobs > 0 ? options_.jobs : std::max(1, cores_.count - 1);
        task.overlap = cores_.count > 1;
        task.seed = std::hash<std::string>()(problem.text());
        show(named.name, {earlier_s, 0, HUGE_VAL, "roofline"}, task.budget_s);
        const cli::Roofline roofline = roofline_at(place_, limits_, problem, options_.target);
        task.roofline_us = all_direct(task.spaces, problem, options_.target) ? roofline.us() : roofline.stream_us;
        run_.problems.push_back({named.name, problem.text(), task.incumbent, roofline, task.recalled, {}, {}});
        return {};
    }

    Result<Verdict> search(const Task& task, const NamedProblem& named) {
        const std::string problem = named.problem.text();
        const auto bench = process_bench(named.problem, options_.target, objects_.path(), cores_, &cancel_);
        Hooks hooks;
        hooks.now = seconds_now;
        hooks.stopped = cli::interrupted;
        hooks.record = [&](const Trial& trial) {
            run_.problems.back().trials.push_back(trial);
            return journal_->add(problem, trial);
        };
        hooks.show = [&](const Standing& standing) { show(named.name, standing, task.budget_s); };
        return tune(task, *bench, hooks, cancel_);
    }

    void show(const std::string& name, const Standing& standing, double budget_s) {
        const auto count = static_cast<double>(options_.problems.size());
        const double mine = std::min(1.0, standing.spent_s / budget_s);
        const double rest =
            std::max(0.0, budget_s - standing.spent_s) + (count - 1.0 - static_cast<double>(index_)) * share();
        const std::string best = std::isfinite(standing.best_us) ? fmt::format("{:.1f} us", standing.best_us) : "-";
        progress_.update((static_cast<double>(index_) + mine) / count,
                         fmt::format("{} ({}/{}) {}: best {}, {} tried", name, index_ + 1, options_.problems.size(),
                                     standing.phase, best, standing.trials),
                         rest);
    }

    Status keep(const NamedProblem& named, const Verdict& verdict, double budget_s) {
        const std::string problem = named.problem.text();
        TunedRow row;
        row.problem = problem;
        row.strategy = verdict.winner.strategy;
        row.schedule = verdict.winner.schedule;
        row.median_us = verdict.us.median;
        row.low_us = verdict.us.low;
        row.high_us = verdict.us.high;
        row.default_us = verdict.default_us;
        row.date = run_.date;
        row.versions = run_.versions;
        row.cpu = run_.cpu;
        row.machine = place_.machine;
        const std::string path = tuned_path(options_.db_dir, options_.target);
        auto table = TunedTable::load(path);
        if (!table.ok()) return table.status();
        table.value().put(row);
        Status status = table.value().save(path);
        if (status.ok()) status = journal_->finish(problem, budget_s);
        if (!status.ok()) return status;
        run_.problems.back().verdict = verdict;
        const double share = run_.problems.back().roofline.us() / row.median_us;
        say(named,
            fmt::format("{:.1f} us [{:.1f}, {:.1f}], {:.0f} % of the roofline, default {:.1f} us, {} tried{}: {} {}",
                        row.median_us, row.low_us, row.high_us, 100.0 * share, row.default_us, verdict.trials,
                        verdict.at_roofline ? ", nothing left to gain" : "",
                        verdict.tuned ? "tuned" : "the default stays,", verdict.winner.text()));
        return {};
    }

    // A problem without a working candidate does not keep the others from being tuned; the run ends with its status.
    Status set_aside(const NamedProblem& named, const Status& status) {
        say(named, status.message());
        run_.problems.back().failure = status.message();
        if (failure_.ok()) failure_ = Status(status.code(), named.name + ": " + status.message());
        return {};
    }

    void say(const NamedProblem& named, const std::string& text) {
        progress_.clear();
        out_ << named.name << ": " << text << std::endl;
    }

    const Options& options_;
    const double start_ = seconds_now();
    const Cores cores_;
    std::ostream& out_;
    cli::Progress progress_;
    RunReport run_;
    Place place_;
    cli::Limits limits_{1};
    std::atomic<bool> cancel_{false};
    std::unique_ptr<Journal> journal_;
    const cli::TemporaryFolder objects_;
    std::size_t index_ = 0;
    Status failure_;
};

}  // namespace

Status tune_problems(const Options& options, std::ostream& out, std::ostream& err) {
    return Session(options, out, err).run();
}

}  // namespace convt::tune
