// SPDX-License-Identifier: Apache-2.0
#include "schedules/gpu_space.h"

#include <fmt/format.h>

namespace convt {
namespace {

// Above it ptxas takes seconds and the loop leaves the instruction cache (128 KiB of 16 bytes each).
constexpr double max_gpu_statements = 2048;

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

const GpuSpace* find_gpu_space(std::string_view strategy) {
    for (const GpuSpace* space : {&gpu_tiles_space, &gpu_general_space}) {
        if (strategy == space->strategy) return space;
    }
    return nullptr;
}

Status gpu_fits(const GpuSpace& space, const ModelFacts& facts, const Schedule& schedule) {
    const GpuTile tile = space.tile(facts, schedule), smallest = smallest_tile(space, facts);
    const auto exceeds = [&](double GpuTile::*need, double limit) {
        return tile.*need > limit && tile.*need > smallest.*need;
    };
    if (exceeds(&GpuTile::threads, max_block_threads))
        return over(schedule, "threads", tile.threads, max_block_threads);
    if (exceeds(&GpuTile::registers, max_tile_registers))
        return over(schedule, "registers a thread", tile.registers, max_tile_registers);
    if (tile.threads * tile.registers > registers_of_multiprocessor)
        return over(schedule, "registers", tile.threads * tile.registers, registers_of_multiprocessor);
    if (exceeds(&GpuTile::shared_bytes, max_shared_bytes))
        return over(schedule, "bytes of shared memory", tile.shared_bytes, max_shared_bytes);
    if (exceeds(&GpuTile::statements, max_gpu_statements))
        return over(schedule, "multiply-adds unrolled", tile.statements, max_gpu_statements);
    return {};
}

}  // namespace convt
