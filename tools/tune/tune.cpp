// SPDX-License-Identifier: Apache-2.0
#include "tools/tune/tune.h"

#include "convt/halide_compiler.h"
#include "tools/common/interrupt.h"
#include "tools/common/progress.h"
#include "tools/tune/duration.h"
#include "tools/tune/journal.h"
#include "tools/tune/measure.h"
#include "tools/tune/report.h"
#include "tools/tune/tuner.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <system_error>
#include <thread>

namespace convt::cli {

namespace {

using namespace convt::tune;

struct Options {
    std::vector<NamedProblem> problems;
    std::string budget = "60s";
    std::string total = "30m";
    int jobs = 0;
    Target target = Target::host();
    std::string db_dir;
    std::string report_dir;
};

double seconds_now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string cpu_name() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);)
        if (line.starts_with("model name") && line.find(": ") != std::string::npos)
            return line.substr(line.find(": ") + 2);
    return host_arch();
}

std::string today() {
    return fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::time(nullptr)));
}

// The folder of a run's objects, gone with it.
class TemporaryFolder {
  public:
    TemporaryFolder() = default;
    ~TemporaryFolder() {
        std::error_code error;
        if (!path_.empty()) std::filesystem::remove_all(path_, error);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    Status make() {
        std::error_code error;
        std::string path = (std::filesystem::temp_directory_path(error) / "convt-tune.XXXXXX").string();
        if (error || ::mkdtemp(path.data()) == nullptr)
            return {Code::io_error, "no temporary folder can be made; set TMPDIR"};
        path_ = path;
        return {};
    }
    const std::string& path() const noexcept { return path_; }

  private:
    std::string path_;
};

// Passes SIGINT on to what is running, for as long as it lives.
class CancelOnInterrupt {
  public:
    explicit CancelOnInterrupt(std::atomic<bool>& cancel)
        : thread_([this, &cancel] {
              while (!done_) {
                  if (interrupted()) cancel = true;
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
    Session(const Options& options, double budget_s, double total_s, std::ostream& out, std::ostream& err)
        : options_(options),
          budget_s_(budget_s),
          total_s_(total_s),
          cores_(Cores::of_this_process()),
          out_(out),
          progress_(err),
          report_(options.report_dir) {}

    Status run() {
        const PollInterrupts polling;
        const CancelOnInterrupt watching(cancel_);
        Status status = set_up();
        for (index_ = 0; status.ok() && index_ < options_.problems.size(); ++index_)
            status = tune_one(options_.problems[index_]);
        progress_.clear();
        if (interrupted()) status = {Code::interrupted, "interrupted; what is measured is kept, run again to go on"};
        Status written = report_.write();
        if (!status.ok()) return status;
        return written.ok() ? failure_ : written;
    }

  private:
    Status set_up() {
        const auto missing = missing_features(options_.target.features(), host_features());
        if (std::string(options_.target.info().arch) != host_arch() || !missing.empty())
            return {Code::missing_feature,
                    fmt::format("target {}: this machine cannot measure it ({}{})", options_.target.text(),
                                missing.empty() ? "is " : "lacks ",
                                missing.empty() ? host_arch() : fmt::format("{}", fmt::join(missing, ", ")))};
        dir_ = options_.db_dir.empty() ? default_db_dir() : options_.db_dir;
        if (dir_.empty())
            return {Code::invalid_argument, "--db: no folder is given and neither XDG_DATA_HOME nor HOME is set"};
        auto journal = Journal::open(dir_, options_.target.text(), {compiler_identity(), cpu_name()});
        if (!journal.ok()) return journal.status();
        journal_ = std::move(journal).value();
        if (journal_->dropped() > 0)
            out_ << fmt::format("{} unreadable lines of the trials' journal are passed over\n", journal_->dropped());
        auto table = TunedTable::load(tuned_path(dir_, options_.target));
        if (!table.ok()) return table.status();
        return objects_.make();
    }

    // An equal share of what is left of the total, at most the budget.
    double share() const {
        const auto left = static_cast<double>(options_.problems.size() - index_);
        return std::min(budget_s_, (start_ + total_s_ - seconds_now()) / left);
    }

    Status tune_one(const NamedProblem& named) {
        const std::string problem = named.problem.text();
        const auto table = TunedTable::load(tuned_path(dir_, options_.target));
        if (!table.ok()) return table.status();
        const TunedRow* const row = table.value().find(problem);
        if (row != nullptr && row->versions == compiler_identity() && journal_->finished_budget(problem) >= budget_s_) {
            say(named, fmt::format("{:.1f} us, tuned before with this budget", row->median_us));
            return {};
        }
        if (share() <= 0.0) {
            say(named, "no time left of the total");
            return {};
        }
        Task task;
        Status status = fill(task, named.problem);
        if (!status.ok()) return status;
        const auto verdict = search(task, named);
        if (verdict.status().code() == Code::compile_failed || verdict.status().code() == Code::timed_out)
            return set_aside(named, verdict.status());
        if (!verdict.ok()) return verdict.status();
        return keep(named, verdict.value(), task.budget_s);
    }

    Status fill(Task& task, const Problem& problem) {
        CompileOptions untuned;
        untuned.tuned.untuned = true;
        const auto plan = make_plan(problem, options_.target, untuned);
        if (!plan.ok()) return plan.status();
        task.incumbent = {plan.value().strategy, plan.value().schedule};
        for (const std::string& strategy : strategy_names()) {
            if (!refusal(strategy, problem, options_.target).empty()) continue;
            const Target& target = options_.target;
            StrategySpace space{strategy, schedule_space(strategy, problem, target),
                                default_schedule(strategy, problem, target),
                                [strategy, &problem, &target](const Schedule& schedule) {
                                    return check_schedule(strategy, problem, target, schedule).ok();
                                }};
            // The default first: what is compiled without us is measured whatever the budget.
            task.spaces.insert(strategy == task.incumbent.strategy ? task.spaces.begin() : task.spaces.end(),
                               std::move(space));
        }
        task.recalled = journal_->trials(problem.text());
        double earlier_s = 0.0;
        for (const Trial& trial : task.recalled)
            earlier_s = std::max(earlier_s, trial.spent_s);
        task.budget_s = std::min(budget_s_, earlier_s + share());
        task.jobs = options_.jobs > 0 ? options_.jobs : std::max(1, cores_.count - 1);
        task.overlap = cores_.count > 1;
        task.seed = std::hash<std::string>()(problem.text()) + task.recalled.size();
        return {};
    }

    Result<Verdict> search(const Task& task, const NamedProblem& named) {
        const std::string problem = named.problem.text();
        for (const Trial& trial : task.recalled)
            report_.add(named.name, problem, trial);
        const auto bench = process_bench(named.problem, options_.target, objects_.path(), cores_, &cancel_);
        Hooks hooks;
        hooks.now = seconds_now;
        hooks.stopped = interrupted;
        hooks.record = [&](const Trial& trial) {
            report_.add(named.name, problem, trial);
            return journal_->add(problem, trial);
        };
        hooks.show = [&](const Standing& standing) { show(named.name, standing, task.budget_s); };
        return convt::tune::tune(task, *bench, hooks, cancel_);
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
        row.date = today();
        row.versions = compiler_identity();
        row.cpu = cpu_name();
        const std::string path = tuned_path(dir_, options_.target);
        auto table = TunedTable::load(path);
        if (!table.ok()) return table.status();
        table.value().put(row);
        Status status = table.value().save(path);
        if (status.ok()) status = journal_->finish(problem, budget_s);
        if (!status.ok()) return status;
        report_.add(named.name, problem, verdict);
        say(named, fmt::format("{:.1f} us [{:.1f}, {:.1f}], default {:.1f} us, {} tried: {} {}", row.median_us,
                               row.low_us, row.high_us, row.default_us, verdict.trials,
                               verdict.tuned ? "tuned" : "the default stays,", verdict.winner.text()));
        return {};
    }

    // A problem without a working candidate does not keep the others from being tuned; the run ends with its status.
    Status set_aside(const NamedProblem& named, const Status& status) {
        say(named, status.message());
        if (failure_.ok()) failure_ = Status(status.code(), named.name + ": " + status.message());
        return {};
    }

    void say(const NamedProblem& named, const std::string& text) {
        progress_.clear();
        out_ << named.name << ": " << text << std::endl;
    }

    const Options& options_;
    const double budget_s_;
    const double total_s_;
    const double start_ = seconds_now();
    const Cores cores_;
    std::ostream& out_;
    Progress progress_;
    Report report_;
    std::atomic<bool> cancel_{false};
    std::string dir_;
    std::unique_ptr<Journal> journal_;
    TemporaryFolder objects_;
    std::size_t index_ = 0;
    Status failure_;
};

}  // namespace

int tune(const Arguments& arguments, std::ostream& out, std::ostream& err) {
    if (!arguments.empty() && arguments[0] == "measure") return measure(arguments, out, err);
    Options options;
    Tool tool("convt-tune", "Search schedules by measuring and write the tuned table that compiles use");
    tool.add_problem_file(options.problems);
    tool.app()
        .add_option("--budget", options.budget, "Time for a problem: 500ms, 5s, 2m, 1h (default: 60s)")
        ->type_name("TIME");
    tool.app().add_option("--total", options.total, "Time for all of them (default: 30m)")->type_name("TIME");
    tool.app()
        .add_option("--jobs", options.jobs, "Compile workers side by side (default: one per CPU but one)")
        ->check(CLI::Range(1, 256))
        ->type_name("N");
    tool.add_target(options.target);
    tool.app()
        .add_option("--db", options.db_dir, "Folder of tuned schedules (default: $XDG_DATA_HOME/convt/tuned)")
        ->type_name("DIR");
    tool.app().add_option("--report", options.report_dir, "Write a log of the search to DIR")->type_name("DIR");
    return tool.run(arguments, out, err, [&]() -> Status {
        const auto budget = parse_duration(options.budget);
        if (!budget.ok()) return {budget.status().code(), "--budget: " + budget.status().message()};
        const auto total = parse_duration(options.total);
        if (!total.ok()) return {total.status().code(), "--total: " + total.status().message()};
        return Session(options, budget.value(), total.value(), out, err).run();
    });
}

}  // namespace convt::cli
