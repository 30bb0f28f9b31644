// SPDX-License-Identifier: Apache-2.0
#include "tests/cuda/counted.h"

#include "schedules/gpu_space.h"
#include "tools/common/cost.h"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

namespace convt::test {
namespace {

constexpr std::uint64_t short_loop = 4;
// Instructions that multiply and add: in f32, and in f64, which has no other.
constexpr const char* fma_names[] = {"fma"};

double fmas_of(const ptx::Counts& counts) {
    double fmas = 0;
    for (const auto& [name, times] : counts.by_name) {
        for (const char* const fma : fma_names)
            fmas += name.starts_with(fma) ? static_cast<double>(times) : 0;
    }
    return fmas;
}

}  // namespace

BlockSample inner_blocks(const std::vector<std::uint64_t>& loops) {
    std::uint64_t whole = 1;
    for (const std::uint64_t loop : loops)
        whole *= loop;
    return [loops, whole](const ptx::Dim3& grid, const ptx::Dim3& block) {
        if (grid.count() != whole) return true;
        const auto in_middle = [&](std::uint64_t offset) {
            std::uint64_t rest = grid.linear(block);
            return std::all_of(loops.begin(), loops.end(), [&](std::uint64_t loop) {
                const std::uint64_t turn = rest % loop;
                rest /= loop;
                return loop <= short_loop || turn == loop / 2 + offset;
            });
        };
        return in_middle(0) || in_middle(1);  // neighbours in z are of different phases
    };
}

GpuLaunch counted_launch(const SampledCase& sampled, double registers) {
    const Problem& problem = sampled.named.problem;
    const GpuRun run = run_on_stand_in(sampled.object, sampled.operands, 0, inner_blocks(sampled.loops));
    INFO(run.trouble());
    REQUIRE(run.trouble().empty());
    REQUIRE(!run.launches.empty());
    // Where slices are added up by another kernel: the one that multiplies.
    const ptx::LaunchRecord& record = *std::max_element(run.launches.begin(), run.launches.end(), [](auto& a, auto& b) {
        return a.report.counts.warp_instructions < b.report.counts.warp_instructions;
    });
    const ptx::Counts& counts = record.report.counts;
    const auto blocks = static_cast<double>(counts.blocks);
    const auto each = [blocks](std::uint64_t count) { return static_cast<double>(count) / blocks; };
    GpuLaunch launch;
    launch.blocks = static_cast<double>(record.grid.count());
    launch.threads = static_cast<double>(record.block.count());
    launch.registers = registers;
    launch.shared_bytes = static_cast<double>(record.dynamic_shared);
    launch.instructions = each(counts.warp_instructions);
    launch.fmas = fmas_of(counts) / warp_lanes / blocks;
    launch.wide = element_type_info(problem.types().sum).scalar_bytes == 8;
    launch.wavefronts = each(counts.shared_loads.taken + counts.shared_stores.taken);
    launch.sectors = each(counts.global_loads.taken + counts.global_stores.taken);
    const cli::Cost cost = cli::cost_of(problem);
    launch.touched_bytes = static_cast<double>(cost.touched_bytes + cost.output_bytes);
    launch.launches = static_cast<double>(run.launches.size());
    // The executor has no clock: how many loads are under way together is the schedule's.
    launch.waits =
        gpu_launch(sampled.plan.strategy, problem, Target::parse("cuda-sm80").value(), sampled.plan.schedule).waits;
    return launch;
}

}  // namespace convt::test
