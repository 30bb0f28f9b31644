// SPDX-License-Identifier: Apache-2.0
// Every problem of cases/models.tsv at its full size, by its default plan for cuda-sm80, executed from its PTX on a
// sample of its blocks. Exact on integer data wherever the sample wrote; CONVT_SEED says which data and which blocks.
#include "tests/support/cases.h"
#include "tests/cuda/figures.h"
#include "tests/cuda/sampled.h"
#include "tests/support/data.h"
#include "tests/support/require_value.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <cstdlib>
#include <iostream>

namespace convt::test {
namespace {

constexpr std::size_t shards = 4;

FigureTable figures() {
    using enum Figure::Rule;
    return FigureTable("cases.tsv", {{"blocks", equal},
                                     {"places", equal},
                                     {"fma", at_least},
                                     {"load_sectors", at_most},
                                     {"store_sectors", at_most},
                                     {"shared_load_wavefronts", at_most},
                                     {"shared_store_wavefronts", at_most},
                                     {"local", at_most}});
}

// 0 where there was no request.
double ratio(const ptx::Traffic& traffic) {
    return traffic.requests == 0 ? 0.0 : traffic.ratio();
}

void add(ptx::Traffic& to, const ptx::Traffic& from) {
    to.requests += from.requests;
    to.taken += from.taken;
    to.fewest += from.fewest;
}

// Of all launches together.
ptx::Counts counted(const GpuRun& run) {
    ptx::Counts all;
    for (const ptx::LaunchRecord& launch : run.launches) {
        const ptx::Counts& counts = launch.report.counts;
        all.blocks += counts.blocks;
        all.thread_instructions += counts.thread_instructions;
        for (const auto& [name, times] : counts.by_name)
            all.by_name[name] += times;
        add(all.global_loads, counts.global_loads);
        add(all.global_stores, counts.global_stores);
        add(all.shared_loads, counts.shared_loads);
        add(all.shared_stores, counts.shared_stores);
        all.local_accesses += counts.local_accesses;
    }
    return all;
}

void check_case(const NamedProblem& named, std::uint64_t seed, FigureTable& table) {
    const Target target = require_value(Target::parse("cuda-sm80"));
    const SampledCase sampled = sampled_case(named, target, seed);
    const GpuRun run = run_on_stand_in(sampled.object, sampled.operands, 0, sampled.sample);
    const Verdict verdict = judge(sampled, Definition(named.problem, sampled.operands), run);
    const ptx::Counts counts = counted(run);
    INFO(named.name << " by " << sampled.plan.strategy << " " << sampled.plan.schedule.text());
    INFO(verdict.wrong);
    CHECK(verdict.wrong.empty());
    CHECK(verdict.compared > 0);
    CHECK(counts.local_accesses == 0);
    std::cout << fmt::format("{}: {} {}, {} of {} blocks, {} million thread instructions, {} of {} places compared\n",
                             named.name, sampled.plan.strategy, sampled.plan.schedule.text(), counts.blocks,
                             fmt::join(sampled.loops, "x"), counts.thread_instructions / 1000000, verdict.compared,
                             verdict.written);
    // Another seed takes other blocks: what they cost is not what is held.
    if (std::getenv("CONVT_SEED") != nullptr) return;
    table.hold({named.name,
                sampled.plan.strategy,
                {static_cast<double>(counts.blocks), static_cast<double>(verdict.written), counts.fma_share(),
                 ratio(counts.global_loads), ratio(counts.global_stores), ratio(counts.shared_loads),
                 ratio(counts.shared_stores), static_cast<double>(counts.local_accesses)}});
}

}  // namespace

TEMPLATE_TEST_CASE_SIG("full-size cases executed from their PTX on sampled blocks: shard", "[release][figures]",
                       ((std::size_t shard), shard), 0, 1, 2, 3) {
    std::cout << "CONVT_SEED=" << run_seed() << '\n';
    const std::vector<NamedProblem> cases = problem_cases("models.tsv");
    FigureTable table = figures();
    for (std::size_t i = shard; i < cases.size(); i += shards)
        check_case(cases[i], mix(run_seed(), i), table);
}

TEST_CASE("full-size cases: the means that are held and the goals") {
    const FigureTable table = figures();
    CHECK(table.lines().size() == problem_cases("models.tsv").size());
    const auto show = [&](const char* column, double goal) {
        std::cout << fmt::format("{}: geometric mean {:.3f}, goal {:.2f}: {}\n", column, table.mean(column), goal,
                                 table.mean(column) <= goal ? "met" : "not met");
    };
    show("load_sectors", 1.25);
    show("store_sectors", 1.25);
    show("shared_load_wavefronts", 1.05);
    show("shared_store_wavefronts", 1.05);
}

TEST_CASE("sampled blocks: every kind of border block is among them") {
    Random random(1);
    const std::vector<std::uint64_t> loops{7, 5, 3};
    const std::set<std::uint64_t> blocks = sampled_blocks(loops, random);
    CHECK(blocks.size() >= 8);
    for (const std::uint64_t x : {0, 6}) {
        for (const std::uint64_t y : {0, 4}) {
            for (const std::uint64_t z : {0, 2})
                CHECK(blocks.contains(x + 7 * (y + 5 * z)));
        }
    }
    CHECK(*blocks.rbegin() < 105);
    CHECK(sampled_blocks({2, 2}, random).size() == 4);
    CHECK(sampled_blocks({}, random).size() == 1);
}

}  // namespace convt::test
