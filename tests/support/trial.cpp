// SPDX-License-Identifier: Apache-2.0
#include "tests/support/trial.h"

#include "tests/support/cases.h"
#include "tests/support/compare.h"
#include "tests/support/data.h"
#include "tests/support/problems.h"

#include <fmt/format.h>

#include <cstring>
#include <sstream>
#include <stdexcept>

namespace convt::test {
namespace {

Status run_and_compare(const Kernel& kernel, const Problem& p, std::uint64_t seed, Match match) {
    const TransformFacts& transform = kernel.info().transform;
    const Operands operands = match == Match::exact ? integer_operands(p, seed, transform) : uniform_operands(p, seed);
    const Result<std::vector<std::byte>> output = run_guarded(kernel, p, operands, random_run_options(p, seed));
    if (!output.ok()) return output.status();
    if (const auto mismatch = first_mismatch(p, output.value(), oracle(p, operands), match, transform)) {
        return Status(Code::wrong_result,
                      fmt::format("{} data: {}", match == Match::exact ? "integer" : "uniform", *mismatch));
    }
    return {};
}

Status check_without_text(const Trial& trial) {
    const Result<std::shared_ptr<const Kernel>> kernel = compile(trial);
    if (!kernel.ok()) return kernel.status();
    if (kernel.value()->info().strategy != trial.strategy) {
        return Status(Code::internal, "compiled by strategy " + kernel.value()->info().strategy);
    }
    Random random(trial.seed);
    for (const Problem& call : calls(random, trial.problem)) {
        for (const Match match : {Match::exact, Match::bounded}) {
            const Status status = run_and_compare(*kernel.value(), call, trial.seed, match);
            if (!status.ok()) return {status.code(), fmt::format("as {}: {}", call.text(), status.message())};
        }
    }
    return {};
}

}  // namespace

std::string Trial::text() const {
    return fmt::format("{} {} {} {} {}{}", problem.text(), target.text(), strategy,
                       schedule ? schedule->text() : "default", seed, asserts ? " asserts" : "");
}

Result<Trial> Trial::parse(std::string_view text) {
    std::istringstream words{std::string(text)};
    std::string problem, target, schedule, asserts;
    Trial trial;
    words >> problem >> target >> trial.strategy >> schedule >> trial.seed;
    if (!words) return Status(Code::invalid_argument, "a trial is: problem target strategy schedule seed [asserts]");
    trial.asserts = (words >> asserts) && asserts == "asserts";
    Result<Problem> read_problem = Problem::parse(problem);
    if (!read_problem.ok()) return read_problem.status();
    Result<Target> read_target = Target::parse(target);
    if (!read_target.ok()) return read_target.status();
    trial.problem = read_problem.value();
    trial.target = read_target.value();
    if (schedule == "default") return trial;
    Result<Schedule> read_schedule = Schedule::parse(schedule);
    if (!read_schedule.ok()) return read_schedule.status();
    trial.schedule = read_schedule.value();
    return trial;
}

std::vector<Trial> trial_cases() {
    std::vector<Trial> trials;
    std::istringstream lines(read_case_file("trials.txt"));
    for (std::string line; std::getline(lines, line);) {
        if (line.empty() || line[0] == '#') continue;
        const Result<Trial> trial = Trial::parse(line);
        if (!trial.ok()) throw std::runtime_error("trials.txt: " + line + ": " + trial.status().message());
        trials.push_back(trial.value());
    }
    return trials;
}

std::vector<Target> runnable_targets() {
    std::vector<Target> list;
    for (const TargetInfo& row : targets()) {
        if (std::strcmp(row.arch, host_arch()) != 0 || !missing_features(row.features, host_features()).empty()) {
            continue;
        }
        list.push_back(Target::parse(row.name).value());
    }
    return list;
}

std::optional<Schedule> random_schedule(Random& random, const std::string& strategy, const Problem& problem,
                                        const Target& target) {
    if (random.chance(20)) return std::nullopt;
    const std::vector<Knob> space = schedule_space(strategy, problem, target);
    for (int draw = 0; draw < 100; ++draw) {
        Schedule schedule;
        for (const Knob& knob : space)
            schedule.set(knob.name, random.pick(knob.values));
        if (check_schedule(strategy, problem, target, schedule).ok()) return schedule;
    }
    return std::nullopt;
}

Result<std::shared_ptr<const Kernel>> compile(const Trial& trial) {
    CompileOptions options;
    options.strategy = trial.strategy;
    if (trial.schedule) options.schedule = trial.schedule->text();
    options.tuned.untuned = true;
    options.asserts = trial.asserts;
    options.admit = false;
    const Result<Object> object = compile_object(trial.problem, trial.target, options);
    if (!object.ok()) return object.status();
    return Kernel::load(object.value());
}

Status check(const Trial& trial) {
    const Status status = check_without_text(trial);
    if (status.ok()) return status;
    return Status(status.code(), fmt::format("{}: {}\n  replay: CONVT_REPLAY='{}' convt_test_differential replay",
                                             code_name(status.code()), status.message(), trial.text()));
}

Trial shrink(Trial trial, const std::function<bool(const Trial&)>& fails) {
    for (bool smaller = true; smaller;) {
        smaller = false;
        for (const Problem& problem : simpler(trial.problem)) {
            if (!refusal(trial.strategy, problem, trial.target).empty()) continue;
            Trial next = trial;
            next.problem = problem;
            if (next.schedule && !check_schedule(trial.strategy, problem, trial.target, *next.schedule).ok()) {
                next.schedule.reset();
            }
            if (!fails(next)) continue;
            trial = next;
            smaller = true;
            break;
        }
    }
    return trial;
}

}  // namespace convt::test
