// SPDX-License-Identifier: Apache-2.0
// What NVIDIA's assembler makes of every problem of cases/models.tsv, by its default plan, for each architecture (9.0
// from the newest PTX): registers, spills, shared memory, occupancy, and the share of multiply-adds in the SASS of the
// inner loop. Nothing of it runs.
#include "compiler/object_ptx.h"
#include "tests/cuda/figures.h"
#include "tests/cuda/sampled.h"
#include "tests/cuda/sass.h"
#include "tests/support/cases.h"
#include "tests/support/data.h"
#include "tests/support/require_value.h"

#include <fmt/format.h>
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <iostream>

namespace convt::test {
namespace {

constexpr std::size_t shards = 4;

FigureTable figures() {
    using enum Figure::Rule;
    return FigureTable("assembly.tsv", {{"registers", at_most},
                                        {"spilled", at_most},
                                        {"shared", at_most},
                                        {"occupancy", at_least},
                                        {"loop_fma", at_least}});
}

// What the launch that multiplies asks for, the last with most shared memory; no block is executed.
ptx::LaunchRecord launch_of(const Object& object) {
    const Problem problem = require_value(Problem::parse(object.info.problem));
    Operands zeros;
    zeros.x.resize(bytes_of(problem.types().input, problem.input_shape()));
    zeros.weights.resize(bytes_of(problem.types().weights, problem.weight_shape()));
    zeros.bias.resize(bytes_of(problem.types().sum, {problem.out_channels}));
    const GpuRun run = run_on_stand_in(object, zeros, 0, [](const ptx::Dim3&, const ptx::Dim3&) { return false; });
    INFO(run.trouble());
    REQUIRE(run.trouble().empty());
    REQUIRE(!run.launches.empty());
    return *std::max_element(run.launches.rbegin(), run.launches.rend(),
                             [](auto& a, auto& b) { return a.dynamic_shared < b.dynamic_shared; });
}

// A problem's object for one target, and how it is launched.
struct Built {
    Plan plan;
    ObjectPtx ptx;
    ptx::LaunchRecord launch;
};

// `before`: of another architecture, whose launch is the same where the plan is.
Built build(const Problem& problem, const Target& target, const Built& before) {
    CompileOptions options;
    options.tuned.untuned = true;
    options.tuned.any_machine = true;
    Built built{require_value(make_plan(problem, target, options)), {}, before.launch};
    const Object object = require_value(gpu_object_of(problem, target, built.plan.strategy, built.plan.schedule));
    built.ptx = require_value(ptx_of(object));
    if (built.plan.strategy != before.plan.strategy || built.plan.schedule != before.plan.schedule)
        built.launch = launch_of(object);
    return built;
}

void hold(const std::string& name, int capability, const Built& built, FigureTable& table) {
    const Assembly assembly = assembled(built.ptx.text, capability, built.ptx.max_registers);
    const std::uint64_t shared = built.launch.dynamic_shared + static_cast<std::uint64_t>(assembly.shared_bytes);
    INFO(name << " for sm_" << capability);
    if (capability == 80) CHECK(assembly.spill_bytes + assembly.stack_bytes == 0);
    CHECK(assembly.loop.fmas > 0);
    table.hold(
        {fmt::format("{}/{}", name, capability),
         built.plan.strategy,
         {static_cast<double>(assembly.registers), static_cast<double>(assembly.spill_bytes),
          static_cast<double>(shared), occupancy(capability, assembly.registers, shared, built.launch.block.count()),
          assembly.loop.fmas / static_cast<double>(assembly.loop.instructions)}});
}

void check_architectures(const NamedProblem& named, FigureTable& table) {
    Built built;
    for (const Target& target : gpu_targets()) {
        built = build(named.problem, target, built);
        hold(named.name, target.info().capability, built, table);
    }
    hold(named.name, 90, built, table);
}

// Channels enough on both sides that multiply-adds can fill a loop.
bool channel_rich(const Problem& p) {
    return p.in_channels / p.groups >= 64 && p.out_channels / p.groups >= 64;
}

}  // namespace

TEMPLATE_TEST_CASE_SIG("full-size cases as NVIDIA's assembler makes them: shard", "[release][figures]",
                       ((std::size_t shard), shard), 0, 1, 2, 3) {
    const std::vector<NamedProblem> cases = problem_cases("models.tsv");
    FigureTable table = figures();
    for (std::size_t i = shard; i < cases.size(); i += shards)
        check_architectures(cases[i], table);
}

TEST_CASE("the inner loops that are held and the goal") {
    const FigureTable table = figures();
    const std::vector<NamedProblem> cases = problem_cases("models.tsv");
    CHECK(table.lines().size() == 4 * cases.size());
    int rich = 0, met = 0;
    for (const NamedProblem& named : cases) {
        const auto line = table.lines().find(named.name + "/80");
        if (line == table.lines().end() || !channel_rich(named.problem)) continue;
        ++rich;
        met += line->second.figures.back() >= 0.8 ? 1 : 0;
    }
    std::cout << fmt::format("channel-rich cases with 80 % of FMAs in the inner loop at sm_80: {} of {}\n", met, rich);
}

TEST_CASE("the counter of SASS finds the innermost loop with most multiply-adds") {
    const SassLoop loop = hottest_sass_loop(
        "\t.section\t.text.kernel\n"
        ".L_x_2:\n"
        "        /*0000*/                   MOV R1, c[0x0][0x28] ;\n"
        ".L_x_1:\n"
        "        /*0010*/                   LDG.E R2, [R4.64] ;\n"
        "        /*0020*/              @!P0 FFMA R0, R2, R3.reuse, R0 ;\n"
        "        /*0030*/                   FFMA R5, R2, R3, R5 ;\n"
        "        /*0040*/               @P0 BRA `(.L_x_1) ;\n"
        "        /*0050*/               @P1 BRA `(.L_x_2) ;\n"
        "        /*0060*/                   EXIT ;\n"
        ".L_x_3:\n"
        "        /*0070*/                   BRA `(.L_x_3);\n");
    CHECK(loop.instructions == 4);
    CHECK(loop.fmas == 2);
    // 128 threads of 128 registers: four blocks of four warps, of 64 or 32 that there is room for.
    CHECK(occupancy(80, 128, 0, 128) == 0.25);
    CHECK(occupancy(75, 128, 0, 128) == 0.5);
    CHECK(occupancy(80, 32, 48 * 1024, 256) == 3 * 8 / 64.0);
}

}  // namespace convt::test
