// SPDX-License-Identifier: Apache-2.0
// The model of a kernel's time: that it says what its parts say, that the counts it derives from a schedule are those
// of the executor within the factors of model.tsv, and what it makes of every problem of cases/models.tsv on every
// device (tests/gpu/modelled.tsv).
#include "tests/cuda/counted.h"
#include "tests/cuda/figures.h"
#include "tests/support/cases.h"
#include "tests/support/data.h"
#include "tests/support/require_value.h"
#include "tools/common/cost.h"

#include <fmt/format.h>
#include <catch2/catch_approx.hpp>
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <iostream>

namespace convt::test {
namespace {

constexpr std::size_t shards = 2;

FigureTable errors() {
    using enum Figure::Rule;
    return FigureTable("model.tsv", {{"blocks", at_most},
                                     {"instructions", at_most},
                                     {"fmas", at_most},
                                     {"sectors", at_most},
                                     {"wavefronts", at_most}});
}

FigureTable modelled() {
    using enum Figure::Rule;
    return FigureTable("../gpu/modelled.tsv",
                       {{"us", at_most},
                        {"roofline_share", at_least},
                        {"occupancy", at_least},
                        {"waves", at_most},
                        {"us_by_schedule", at_most},
                        {"flops_a_byte", equal}},
                       "limit");
}

// Registers that the assembler gave, held in assembly.tsv.
double registers_of(const std::string& name, int capability) {
    static const FigureTable assembly("assembly.tsv", {});
    const auto line = assembly.lines().find(fmt::format("{}/{}", name, capability));
    return line == assembly.lines().end() ? 0 : line->second.figures.front();
}

// By which factor the first is off the second; 1 where both are nothing.
double factor(double a, double b) {
    return a == b ? 1.0 : std::max(a, b) / std::max(std::min(a, b), 1.0);
}

void hold_errors(const SampledCase& sampled, const GpuLaunch& derived, const GpuLaunch& counted, FigureTable& table) {
    table.hold({sampled.named.name,
                sampled.plan.strategy,
                {factor(derived.blocks, counted.blocks), factor(derived.instructions, counted.instructions),
                 factor(derived.fmas, counted.fmas), factor(derived.sectors, counted.sectors),
                 factor(derived.wavefronts, counted.wavefronts)}});
}

void hold_times(const SampledCase& sampled, const GpuLaunch& derived, GpuLaunch counted, FigureTable& table) {
    const Problem& problem = sampled.named.problem;
    const cli::Cost cost = cli::cost_of(problem);
    for (const GpuDevice& device : gpu_devices()) {
        counted.registers = registers_of(sampled.named.name, device.capability);
        const GpuTime time = gpu_time(device, counted);
        const double least = gpu_roofline_us(device, counted.wide, cost.inside_multiply_adds, counted.touched_bytes);
        table.hold({fmt::format("{}/{}", sampled.named.name, device.name),
                    name_of(time.limit),
                    {time.us, least / time.us, time.occupancy, time.waves, gpu_time(device, derived).us,
                     2 * cost.inside_multiply_adds / counted.touched_bytes}});
    }
}

}  // namespace

TEMPLATE_TEST_CASE_SIG("the model's counts against the executor's, and its times: shard", "[release][figures]",
                       ((std::size_t shard), shard), 0, 1) {
    const Target target = require_value(Target::parse("cuda-sm80"));
    const std::vector<NamedProblem> cases = problem_cases("models.tsv");
    FigureTable off = errors(), times = modelled();
    for (std::size_t i = shard; i < cases.size(); i += shards) {
        const SampledCase sampled = sampled_case(cases[i], target, 1);
        const GpuLaunch counted = counted_launch(sampled, registers_of(cases[i].name, 80));
        const GpuLaunch derived = gpu_launch(sampled.plan.strategy, cases[i].problem, target, sampled.plan.schedule);
        hold_errors(sampled, derived, counted, off);
        hold_times(sampled, derived, counted, times);
    }
}

TEST_CASE("the model's counts: how far off, on average") {
    const FigureTable table = errors();
    CHECK(table.lines().size() == problem_cases("models.tsv").size());
    for (const char* column : {"blocks", "instructions", "fmas", "sectors", "wavefronts"})
        std::cout << fmt::format("{}: off by a factor of {:.3f} in the geometric mean\n", column, table.mean(column));
    CHECK(modelled().lines().size() == gpu_devices().size() * table.lines().size());
}

}  // namespace convt::test
