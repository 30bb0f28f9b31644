// SPDX-License-Identifier: Apache-2.0
#include "schedules/gpu_time.h"

#include "schedules/gpu_space.h"

#include <algorithm>
#include <cmath>

namespace convt {
namespace {

// All of the table's devices (CUDA C++ Programming Guide, compute capabilities 7.5 to 9.0).
constexpr double schedulers = 4;              // of a multiprocessor, each issues an instruction of a warp a cycle
constexpr double register_granularity = 256;  // of a warp
constexpr double part_registers = registers_of_multiprocessor / schedulers;
constexpr double shared_granularity = 128;
constexpr double path_sectors = 4;  // shared memory and first-level cache share a path of 128 bytes a cycle
constexpr double sector_bytes = 32;
// What the system takes of every block's shared memory, from 8.0 on.
double reserved_shared(const GpuDevice& device) {
    return device.capability >= 80 ? 1024 : 0;
}

double warps_of(const GpuLaunch& launch) {
    return std::ceil(launch.threads / warp_lanes);
}

double round_up(double value, double to) {
    return std::ceil(value / to) * to;
}

// Blocks that a multiprocessor holds at once; at least one.
double resident_blocks(const GpuDevice& device, const GpuLaunch& launch) {
    const double warps = warps_of(launch);
    const double warp_registers = round_up(std::max(launch.registers, 1.0) * warp_lanes, register_granularity);
    const double by_registers = std::floor(schedulers * std::floor(part_registers / warp_registers) / warps);
    const double shared = round_up(launch.shared_bytes + reserved_shared(device), shared_granularity);
    const double by_shared = shared > 0 ? std::floor(device.shared_bytes.value / shared) : device.blocks.value;
    const double by_warps = std::floor(device.warps.value / warps);
    return std::max(std::min({device.blocks.value, by_warps, by_registers, by_shared}), 1.0);
}

// Bytes from memory: what is touched once, and of what is asked for again the share that the second-level cache does
// not hold, as if lines were replaced at random.
double dram_bytes(const GpuDevice& device, const GpuLaunch& launch) {
    const double asked = launch.blocks * launch.sectors * sector_bytes;
    const double again = std::max(asked - launch.touched_bytes, 0.0);
    const double held = std::min(device.l2_bytes.value / std::max(launch.touched_bytes, 1.0), 1.0);
    return launch.touched_bytes + again * (1 - held);
}

}  // namespace

const char* name_of(GpuBound bound) noexcept {
    constexpr const char* names[gpu_bounds] = {"issue", "multiply", "shared", "l2", "dram", "latency", "launch"};
    return names[static_cast<std::size_t>(bound)];
}

double gpu_occupancy(const GpuDevice& device, const GpuLaunch& launch) {
    return resident_blocks(device, launch) * warps_of(launch) / device.warps.value;
}

GpuTime gpu_time(const GpuDevice& device, const GpuLaunch& launch, const GpuCorrection& correction) {
    const double resident = resident_blocks(device, launch), warps = warps_of(launch);
    // Blocks of the busiest multiprocessor, and how often it takes on as many as it holds.
    const double rounds = std::ceil(launch.blocks / device.multiprocessors.value);
    const double at_once = std::min(resident, rounds) * warps;
    const double bytes = launch.blocks * launch.sectors * sector_bytes, from_memory = dram_bytes(device, launch);
    const double missed = bytes > 0 ? std::min(from_memory / bytes, 1.0) : 0;
    const double round_trip = device.l2_cycles.value + missed * (device.dram_cycles.value - device.l2_cycles.value);
    // A warp alone issues every other cycle at most.
    const double issued = rounds * launch.instructions / std::min(schedulers, at_once / 2);
    const double waited =
        std::ceil(rounds / resident) * (launch.waits * round_trip + launch.instructions / std::max(warps, 1.0));

    GpuTime time;
    const auto set = [&](GpuBound bound, double us) {
        const auto i = static_cast<std::size_t>(bound);
        time.bounds[i] = us * correction.factor[i];
    };
    set(GpuBound::issue, issued / device.clock_mhz.value);
    set(GpuBound::multiply, rounds * launch.fmas * warp_lanes / device.fma(launch.wide) / device.clock_mhz.value);
    set(GpuBound::shared, rounds * (launch.wavefronts + launch.sectors / path_sectors) / device.clock_mhz.value);
    set(GpuBound::l2, bytes / device.l2_gbs.value * 1e-3);
    set(GpuBound::dram, from_memory / device.dram_gbs.value * 1e-3);
    set(GpuBound::latency, waited / device.clock_mhz.value);
    set(GpuBound::launch, launch.launches * device.launch_us.value);
    const auto largest = std::max_element(time.bounds.begin(), time.bounds.end());
    time.limit = static_cast<GpuBound>(largest - time.bounds.begin());
    time.us = *std::max_element(time.bounds.begin(), time.bounds.end() - 1) + time.bounds.back();
    time.occupancy = resident * warps / device.warps.value;
    time.waves = launch.blocks / (device.multiprocessors.value * resident);
    return time;
}

GpuLaunch gpu_launch(std::string_view strategy, const Problem& problem, const Target& target,
                     const Schedule& schedule) {
    GpuLaunch launch;
    const GpuSpace* space = find_gpu_space(strategy);
    if (space == nullptr) return launch;
    const ModelFacts f(problem, target);
    const GpuTile tile = space->tile(f, schedule);
    const GpuWork work = space->work(f, schedule);
    const double warps = std::ceil(tile.threads / warp_lanes);
    launch.blocks = work.blocks;
    launch.threads = tile.threads;
    launch.registers = tile.registers + address_registers;
    launch.shared_bytes = tile.shared_bytes;
    launch.instructions = warps * work.instructions;
    launch.fmas = warps * work.fmas;
    launch.wide = f.scalar_bytes == 8;
    launch.wavefronts = warps * work.wavefronts;
    launch.sectors = work.bytes / work.blocks / sector_bytes;
    launch.waits = work.waits;
    launch.launches = work.launches;
    const auto positions = [](auto extent) { return extent(0) * extent(1) * extent(2); };
    const double inputs = f.in_channels * f.groups * f.batch * positions([&f](int a) { return f.input(a); });
    const double outputs = f.out_channels * f.groups * f.batch * positions([&f](int a) { return f.output(a); });
    const double weights = f.in_channels * f.out_channels * f.groups * positions([&f](int a) { return f.kernel(a); });
    launch.touched_bytes = (inputs + outputs + weights) * f.parts * f.scalar_bytes;
    return launch;
}

double gpu_roofline_us(const GpuDevice& device, bool wide, double multiply_adds, double bytes) {
    return std::max(2 * multiply_adds / device.peak_gflops(wide), bytes / device.dram_gbs.value) * 1e-3;
}

}  // namespace convt
