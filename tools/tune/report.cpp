// SPDX-License-Identifier: Apache-2.0
#include "tools/tune/report.h"

#include "compiler/worker/process.h"
#include "tools/common/files.h"
#include "tools/tune/plots.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <system_error>

namespace convt::tune {

namespace {

// The first of that name in the PATH; empty where there is none.
std::string find_program(const std::string& name) {
    const char* const path = std::getenv("PATH");
    std::istringstream folders(path == nullptr ? "" : path);
    for (std::string folder; std::getline(folders, folder, ':');)
        if (folder.starts_with('/') && ::access((folder + "/" + name).c_str(), X_OK) == 0) return folder + "/" + name;
    return {};
}

std::string one_line(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](unsigned char c) { return c < ' '; }, ' ');
    return text;
}

std::string trials_table(const RunReport& run) {
    std::string text = "name\tproblem\tstrategy\tschedule\tresult\tscreening_us\tspent_s\tmessage\n";
    for (const ProblemReport& problem : run.problems)
        for (const Trial& trial : problem.trials)
            text += fmt::format("{}\t{}\t{}\t{}\t{}\t{:.3f}\t{:.2f}\t{}\n", problem.name, problem.problem,
                                trial.candidate.strategy, trial.candidate.schedule.text(), code_name(trial.code),
                                trial.us, trial.spent_s, one_line(trial.message));
    return text;
}

std::string summary_table(const RunReport& run) {
    std::string text =
        "name\tproblem\tstrategy\tschedule\ttuned\tmedian_us\tlow_us\thigh_us\tdefault_us\tratio\tratio_low\tratio_"
        "high\t"
        "rounds\ttrials\troofline_us\n";
    for (const ProblemReport& problem : run.problems) {
        if (!problem.verdict) continue;
        const Verdict& v = *problem.verdict;
        text +=
            fmt::format("{}\t{}\t{}\t{}\t{}\t{:.3f}\t{:.3f}\t{:.3f}\t{:.3f}\t{:.4f}\t{:.4f}\t{:.4f}\t{}\t{}\t{:.3f}\n",
                        problem.name, problem.problem, v.winner.strategy, v.winner.schedule.text(),
                        v.tuned ? "yes" : "no", v.us.median, v.us.low, v.us.high, v.default_us, v.ratio.estimate,
                        v.ratio.low, v.ratio.high, v.rounds, v.trials, problem.roofline.us());
    }
    return text;
}

class Files {
  public:
    Files(std::string dir, std::string converter) : dir_(std::move(dir)), converter_(std::move(converter)) {}

    void add(const std::string& name, const std::string& text) {
        if (status_.ok()) status_ = cli::write_file(dir_ + "/" + name, text);
    }
    void add_plot(const std::string& name, const std::string& svg) {
        add(name + ".svg", svg);
        if (!status_.ok() || converter_.empty()) return;
        const std::string stem = dir_ + "/" + name;
        const auto converted = process::run({converter_, "--output", stem + ".png", stem + ".svg"}, {});
        status_ = converted.status();
        if (status_.ok() && (converted.value().end != process::End::exited || converted.value().value != 0))
            status_ = Status(Code::io_error, fmt::format("{}: {}", converter_, converted.value().errors));
    }
    const Status& status() const { return status_; }

  private:
    const std::string dir_;
    const std::string converter_;
    Status status_;
};

}  // namespace

Status write_report(const RunReport& run, const std::string& dir, std::ostream& out) {
    std::error_code error;
    std::filesystem::create_directories(dir, error);
    if (error) return {Code::io_error, fmt::format("{}: cannot be made: {}", dir, error.message())};
    const std::string converter = find_program("rsvg-convert");
    Files files(dir, converter);
    files.add("trials.tsv", trials_table(run));
    files.add("summary.tsv", summary_table(run));
    files.add("report.html", report_page(run));
    files.add_plot("roofline", roofline_plot(run));
    for (const ProblemReport& problem : run.problems) {
        files.add_plot(problem.name + "-search", search_curve(problem));
        files.add_plot(problem.name + "-knobs", knob_plot(problem));
    }
    if (files.status().ok())
        out << fmt::format("report: {}/report.html{}\n", dir,
                           converter.empty() ? "; plots as SVG alone: no rsvg-convert (librsvg2-bin) for PNG" : "");
    return files.status();
}

}  // namespace convt::tune
