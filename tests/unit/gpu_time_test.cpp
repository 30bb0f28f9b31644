// SPDX-License-Identifier: Apache-2.0
// The table of devices, and the model of a kernel's time on launches whose limits can be worked out by hand.
#include "schedules/gpu_time.h"
#include "tests/support/require_value.h"

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include <set>
#include <string>

namespace convt::test {
namespace {

using Catch::Approx;

const GpuDevice& a100() {
    const GpuDevice* device = find_gpu_device("a100");
    REQUIRE(device != nullptr);
    return *device;
}

// Ten blocks a multiprocessor that do nothing.
GpuLaunch idle() {
    GpuLaunch launch;
    launch.blocks = 1080;
    launch.threads = 256;
    launch.registers = 128;
    return launch;
}

}  // namespace

TEST_CASE("devices: every figure has a source and is above 0, and names are unique") {
    std::set<std::string> names;
    for (const GpuDevice& d : gpu_devices()) {
        INFO(d.name);
        for (const DeviceFact& fact :
             {d.multiprocessors, d.clock_mhz, d.fma32, d.fma64, d.warps, d.blocks, d.shared_bytes, d.l2_bytes, d.l2_gbs,
              d.l2_cycles, d.dram_cycles, d.dram_gbs, d.launch_us}) {
            CHECK(fact.value > 0);
            CHECK(std::string(fact.source).size() > 10);
        }
        CHECK(names.insert(d.name).second);
        CHECK(find_gpu_device(d.model) == &d);
        CHECK(d.dram_gbs.value < d.l2_gbs.value);
        CHECK(d.l2_cycles.value < d.dram_cycles.value);
    }
    CHECK(find_gpu_device("a101") == nullptr);
    // The peaks that the vendor's documents state.
    CHECK(a100().peak_gflops(false) == Approx(19500).epsilon(0.01));
    CHECK(a100().peak_gflops(true) == Approx(9700).epsilon(0.01));
    CHECK(find_gpu_device("h100")->peak_gflops(false) == Approx(66900).epsilon(0.01));
    CHECK(find_gpu_device("rtx3090")->peak_gflops(false) == Approx(35600).epsilon(0.01));
    CHECK(find_gpu_device("t4")->peak_gflops(false) == Approx(8100).epsilon(0.01));
}

TEST_CASE("devices: each GPU target has the one of its own capability for a reference") {
    for (const TargetInfo& row : targets()) {
        if (row.capability == 0) continue;
        const Target target = require_value(Target::parse(row.name));
        CHECK(reference_device(target).capability == row.capability);
        CHECK(runs(*find_gpu_device("h100"), target));
    }
    CHECK_FALSE(runs(*find_gpu_device("t4"), require_value(Target::parse("cuda-sm80"))));
}

TEST_CASE("gpu_time: each bound by itself") {
    const GpuDevice& device = a100();
    const double launch_us = device.launch_us.value;
    GpuLaunch launch = idle();
    CHECK(gpu_time(device, launch).limit == GpuBound::launch);
    CHECK(gpu_time(device, launch).us == Approx(launch_us));

    // 14,100 cycles of ten blocks each: 100 us at 1.41 GHz.
    const auto check = [&](double GpuLaunch::*count, double value, GpuBound bound, double us) {
        GpuLaunch one = idle();
        one.*count = value;
        const GpuTime time = gpu_time(device, one);
        CHECK(time.limit == bound);
        CHECK(time.us == Approx(us + launch_us));
    };
    check(&GpuLaunch::instructions, 4 * 14100, GpuBound::issue, 100);
    check(&GpuLaunch::fmas, 2 * 14100, GpuBound::multiply, 100);
    check(&GpuLaunch::wavefronts, 14100, GpuBound::shared, 100);
    check(&GpuLaunch::touched_bytes, 155.5e6, GpuBound::dram, 100);
    // Two at a time: five times the round trip to the second-level cache.
    check(&GpuLaunch::waits, 14100 / 213.0, GpuBound::latency, 50);
    launch.sectors = 5400e3 * 100 / 32 / launch.blocks;
    launch.touched_bytes = 1e6;  // fits the cache: read from memory once
    CHECK(gpu_time(device, launch).limit == GpuBound::l2);
    CHECK(gpu_time(device, launch).us == Approx(100 + launch_us));
}

TEST_CASE("gpu_time: f64 takes its own units, corrections their factor, one more wave its time") {
    GpuLaunch launch = idle();
    launch.fmas = 14100;
    const double narrow = gpu_time(a100(), launch).bounds[1];
    launch.wide = true;
    CHECK(gpu_time(a100(), launch).bounds[1] == Approx(2 * narrow));
    GpuCorrection correction;
    correction.factor[1] = 1.5;
    CHECK(gpu_time(a100(), launch, correction).bounds[1] == Approx(3 * narrow));
    const double before = gpu_time(a100(), launch).us;
    launch.blocks += 1;
    CHECK(gpu_time(a100(), launch).us - a100().launch_us.value == Approx(1.1 * (before - a100().launch_us.value)));
}

TEST_CASE("gpu_occupancy: registers, shared memory, warps and blocks, whichever ends first") {
    GpuLaunch launch = idle();
    CHECK(gpu_occupancy(a100(), launch) == Approx(16.0 / 64));
    launch.registers = 32;
    CHECK(gpu_occupancy(a100(), launch) == Approx(1));
    launch.shared_bytes = 48 * 1024;  // and 1 KiB of the system's
    CHECK(gpu_occupancy(a100(), launch) == Approx(24.0 / 64));
    launch.shared_bytes = 0;
    launch.threads = 32;
    CHECK(gpu_occupancy(a100(), launch) == Approx(32.0 / 64));
    CHECK(gpu_occupancy(*find_gpu_device("t4"), launch) == Approx(16.0 / 32));
}

TEST_CASE("gpu_launch: the counts of a schedule, and none for a CPU's strategy") {
    const Target target = require_value(Target::parse("cuda-sm80"));
    const Problem problem = require_value(Problem::parse("convt2d_f32_ci64_co64_i32x32_k4x4_s2x2_p1x1"));
    const Schedule schedule = default_schedule("gpu_tiles", problem, target);
    const GpuLaunch launch = gpu_launch("gpu_tiles", problem, target, schedule);
    CHECK(launch.blocks >= 1);
    CHECK(launch.fmas < launch.instructions);
    CHECK(32 * launch.blocks * launch.fmas >= static_cast<double>(problem.multiply_adds()));
    CHECK(launch.touched_bytes == 4.0 * (64 * 32 * 32 + 64 * 64 * 64 + 64 * 64 * 16));
    CHECK(gpu_launch("channel_lanes", problem, target, schedule).blocks == 0);
}

}  // namespace convt::test
