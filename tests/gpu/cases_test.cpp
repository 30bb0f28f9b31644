// SPDX-License-Identifier: Apache-2.0
// Every problem of cases/models.tsv at its full size on the device: right wherever the definition is asked, exactly, on
// integer data; and how long it takes, beside what the model says, into $CONVT_GPU_REPORT (gpu-report.tsv).
// CONVT_GPU_CASES names some of them.
#include "tests/support/cases.h"
#include "schedules/gpu_time.h"
#include "tests/cuda/definition.h"
#include "tests/gpu/device.h"
#include "tests/support/data.h"
#include "tests/support/require_value.h"
#include "tests/support/run.h"
#include "tests/support/trial.h"
#include "tools/common/cost.h"
#include "tools/tune/calibrate.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>
#include <sstream>

namespace convt::test {
namespace {

constexpr std::size_t places = 20'000;  // of the output that are compared
constexpr double timed_ms = 50;

std::vector<NamedProblem> wanted_cases() {
    std::vector<NamedProblem> all = problem_cases("models.tsv");
    const char* const names = std::getenv("CONVT_GPU_CASES");
    if (names == nullptr) return all;
    std::istringstream text(names);
    const std::set<std::string> wanted{std::istream_iterator<std::string>(text), {}};
    std::erase_if(all, [&](const NamedProblem& one) { return !wanted.contains(one.name); });
    return all;
}

double scalar_at(const Problem& problem, const std::vector<std::byte>& output, std::size_t element) {
    const auto bytes = static_cast<std::size_t>(element_type_info(problem.types().output).bytes());
    return to_scalars(problem.types().output, {output.begin() + static_cast<std::ptrdiff_t>(element * bytes),
                                               output.begin() + static_cast<std::ptrdiff_t>((element + 1) * bytes)})
        .front();
}

std::shared_ptr<const Kernel> kernel_of(const NamedProblem& named, const Target& target, Plan& plan) {
    CompileOptions untuned;
    untuned.tuned.untuned = true;
    plan = require_value(make_plan(named.problem, target, untuned));
    return require_value(Kernel::load(require_value(compile_object(named.problem, target, untuned))));
}

void compare(const NamedProblem& named, const Kernel& kernel) {
    const Operands operands = integer_operands(named.problem, run_seed(), kernel.info().transform);
    const std::vector<std::byte> output = require_value(run_guarded(kernel, operands));
    const Definition definition(named.problem, operands);
    // Corners and edges by chance, the first and the last for certain; an odd step meets every phase.
    const std::size_t step = definition.elements() / places * 2 + 1;
    for (std::size_t element = 0; element < definition.elements(); element += step) {
        const EpilogueValue want = definition.at(element);
        if (std::abs(scalar_at(named.problem, output, element) - want.value) <= want.own) continue;
        FAIL_CHECK(fmt::format("{}: element {} is {}, must be {}", named.name, element,
                               scalar_at(named.problem, output, element), static_cast<double>(want.value)));
        return;
    }
    const std::size_t last = definition.elements() - 1;
    CHECK(std::abs(scalar_at(named.problem, output, last) - definition.at(last).value) <= definition.at(last).own);
}

}  // namespace

TEST_CASE("on the device: every public case is right at its full size") {
    const Target target = device_targets().back();
    for (const NamedProblem& named : wanted_cases()) {
        INFO(named.name);
        Plan plan;
        compare(named, *kernel_of(named, target, plan));
    }
}

TEST_CASE("on the device: how long every public case takes, and what the model says") {
    const Target target = device_targets().back();
    const tune::GpuHere here = require_value(tune::gpu_here(target));
    const char* const path = std::getenv("CONVT_GPU_REPORT");
    std::ofstream report(path == nullptr ? "gpu-report.tsv" : path);
    report << "# " << here.name << ", " << target.text() << ", " << compiler_identity() << "\n"
           << "# case\tstrategy\tschedule\tus\tmodelled_us\tlimit\troofline_share\n";
    std::vector<double> measured, modelled;
    for (const NamedProblem& named : wanted_cases()) {
        Plan plan;
        const auto kernel = kernel_of(named, target, plan);
        const double us = require_value(tune::gpu_median_call(*kernel, timed_ms, 0));
        CHECK(us > 0);
        report << fmt::format("{}\t{}\t{}\t{:.2f}", named.name, plan.strategy, plan.schedule.text(), us);
        if (here.known != nullptr) {
            const GpuLaunch launch = gpu_launch(plan.strategy, named.problem, target, plan.schedule);
            const GpuTime time = gpu_time(*here.known, launch);
            const cli::Cost cost = cli::cost_of(named.problem);
            const double least = gpu_roofline_us(*here.known, launch.wide, cost.inside_multiply_adds,
                                                 static_cast<double>(cost.touched_bytes + cost.output_bytes));
            report << fmt::format("\t{:.2f}\t{}\t{:.3f}", time.us, name_of(time.limit), least / us);
            measured.push_back(us);
            modelled.push_back(time.us);
        }
        report << std::endl;
    }
    std::cout << here.name << ": "
              << (here.known == nullptr
                      ? std::string("the table of devices has no row for it")
                      : fmt::format("rank correlation of modelled and measured times {:.3f}, goal 0.9",
                                    tune::rank_correlation(modelled, measured)))
              << '\n';
}

}  // namespace convt::test
