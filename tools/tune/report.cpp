// SPDX-License-Identifier: Apache-2.0
#include "tools/tune/report.h"

#include "tools/common/files.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace convt::tune {

namespace {

std::string one_line(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](unsigned char c) { return c < ' '; }, ' ');
    return text;
}

}  // namespace

Report::Report(std::string dir)
    : dir_(std::move(dir)),
      trials_("name\tproblem\tstrategy\tschedule\tresult\tscreening_us\tspent_s\tmessage\n"),
      summary_(
          "name\tproblem\tstrategy\tschedule\ttuned\tmedian_us\tlow_us\thigh_us\tdefault_us\trounds\tlost\ttrials\n") {}

void Report::add(const std::string& name, const std::string& problem, const Trial& trial) {
    trials_ += fmt::format("{}\t{}\t{}\t{}\t{}\t{:.3f}\t{:.2f}\t{}\n", name, problem, trial.candidate.strategy,
                           trial.candidate.schedule.text(), code_name(trial.code), trial.us, trial.spent_s,
                           one_line(trial.message));
}

void Report::add(const std::string& name, const std::string& problem, const Verdict& verdict) {
    summary_ += fmt::format("{}\t{}\t{}\t{}\t{}\t{:.3f}\t{:.3f}\t{:.3f}\t{:.3f}\t{}\t{}\t{}\n", name, problem,
                            verdict.winner.strategy, verdict.winner.schedule.text(), verdict.tuned ? "yes" : "no",
                            verdict.us.median, verdict.us.low, verdict.us.high, verdict.default_us, verdict.rounds,
                            verdict.lost, verdict.trials);
}

Status Report::write() const {
    if (dir_.empty()) return {};
    std::error_code error;
    std::filesystem::create_directories(dir_, error);
    if (error) return {Code::io_error, fmt::format("{}: cannot be made: {}", dir_, error.message())};
    Status status = cli::write_file(dir_ + "/trials.tsv", trials_);
    if (status.ok()) status = cli::write_file(dir_ + "/summary.tsv", summary_);
    return status;
}

}  // namespace convt::tune
