// SPDX-License-Identifier: Apache-2.0
#include "schedules/gpu_space.h"

#include <fmt/format.h>

#include <algorithm>

namespace convt {
namespace {

// Above it ptxas takes seconds and the loop leaves the instruction cache (128 KiB of 16 bytes each).
constexpr double max_gpu_statements = 2048;

// NVIDIA A100 (whitepaper, 2020): 108 multiprocessors of four schedulers, at most 64 warps and 32 blocks each, 164 KiB
// of shared memory; 5120 bytes a cycle from the second-level cache. A round trip to it takes some 200 cycles, to memory
// 500.
constexpr double multiprocessors = 108;
constexpr double issues_per_cycle = 4;
constexpr double resident_warps = 64;
constexpr double resident_blocks = 32;
constexpr double resident_shared_bytes = 164.0 * 1024.0;
constexpr double round_trip = 300;
constexpr double second_level_bytes = 5120;
constexpr double launch_cycles = 3000;

GpuTile smallest_tile(const GpuSpace& space, const ModelFacts& facts) {
    Schedule smallest;
    for (const Knob& knob : space.knobs(facts))
        smallest.set(knob.name, knob.values.front());
    return space.tile(facts, smallest);
}

Status over(const Schedule& schedule, const char* what, double has, double limit) {
    return {Code::invalid_argument,
            fmt::format("schedule {}: a block needs {} {}, the limit is {}", schedule.text(), has, what, limit)};
}

}  // namespace

double gpu_cycles(const GpuSpace& space, const ModelFacts& facts, const Schedule& schedule) {
    const GpuTile tile = space.tile(facts, schedule);
    const GpuWork work = space.work(facts, schedule);
    const double warps = std::ceil(tile.threads / warp_lanes);
    const double by_registers =
        std::floor(registers_of_multiprocessor / ((tile.registers + address_registers) * tile.threads));
    const double by_shared =
        tile.shared_bytes > 0 ? std::floor(resident_shared_bytes / tile.shared_bytes) : resident_blocks;
    const double resident =
        std::max(std::min({resident_blocks, std::floor(resident_warps / warps), by_registers, by_shared}), 1.0);
    const double rounds = std::ceil(work.blocks / multiprocessors);  // blocks of the busiest multiprocessor
    const double at_once = std::min(resident, rounds) * warps;
    // A warp alone issues every other cycle at most.
    const double busy = work.instructions + work.stalls;
    const double issue = rounds * warps * busy / std::min(issues_per_cycle, at_once / 2);
    const double waiting = std::ceil(rounds / resident) * (work.waits * round_trip + busy);
    return std::max({issue, waiting, work.bytes / second_level_bytes}) + work.launches * launch_cycles;
}

const GpuSpace* find_gpu_space(std::string_view strategy) {
    for (const GpuSpace* space : {&gpu_tiles_space, &gpu_phases_space, &gpu_general_space}) {
        if (strategy == space->strategy) return space;
    }
    return nullptr;
}

Status gpu_fits(const GpuSpace& space, const ModelFacts& facts, const Schedule& schedule) {
    const GpuTile tile = space.tile(facts, schedule);
    const struct {
        const char* what;
        double has, limit;
        double GpuTile::*smallest;  // null: even the smallest tile is held to it
    } needs[] = {
        {"threads", tile.threads, max_block_threads, &GpuTile::threads},
        {"registers a thread", tile.registers, max_tile_registers, &GpuTile::registers},
        {"registers", tile.threads * tile.registers, registers_of_multiprocessor, nullptr},
        {"bytes of shared memory", tile.shared_bytes, max_shared_bytes, &GpuTile::shared_bytes},
        {"multiply-adds unrolled", tile.statements, max_gpu_statements, &GpuTile::statements},
    };
    for (const auto& need : needs) {
        if (need.has <= need.limit) continue;
        if (need.smallest == nullptr || need.has > smallest_tile(space, facts).*need.smallest)
            return over(schedule, need.what, need.has, need.limit);
    }
    return {};
}

}  // namespace convt
