// SPDX-License-Identifier: Apache-2.0
// The time of a kernel on a device, modelled: the largest of what is issued, multiplied, moved and waited for, each as
// if it were alone, and the launch. A roofline with more roofs (Williams et al. 2009; Volkov 2016 for latency). It is
// fed with counts: those that a strategy's space derives from a schedule, or those of a kernel that was executed and
// assembled; tests/cuda holds the first against the second.
#pragma once

#include "convt/schedule.h"
#include "schedules/gpu_device.h"

#include <array>
#include <string>

namespace convt {

// A call: the launch that multiplies. Counts are of a block, on average.
struct GpuLaunch {
    double blocks = 0;
    double threads = 0;       // of a block
    double registers = 0;     // of a thread
    double shared_bytes = 0;  // of a block
    double instructions = 0;  // of warps
    double fmas = 0;          // of these; `wide`: in f64
    bool wide = false;
    double wavefronts = 0;     // of shared memory
    double sectors = 0;        // of 32 bytes that requests to global memory ask for
    double waits = 0;          // round trips of a warp to global memory, one after the other
    double touched_bytes = 0;  // of all blocks together: tensors, each byte once
    double launches = 1;       // with those that add up its slices
};

enum class GpuBound : std::uint8_t { issue, multiply, shared, l2, dram, latency, launch };
constexpr std::size_t gpu_bounds = 7;
const char* name_of(GpuBound bound) noexcept;

// Factors by which measured bounds differ from modelled ones; fitted by convt-tune --calibrate.
struct GpuCorrection {
    std::array<double, gpu_bounds> factor = {1, 1, 1, 1, 1, 1, 1};
};

struct GpuTime {
    std::array<double, gpu_bounds> bounds = {};  // in microseconds; `launch` is added to the largest of the others
    GpuBound limit = GpuBound::launch;           // the largest
    double us = 0;
    double occupancy = 0;  // warps at once, of those a multiprocessor can hold
    double waves = 0;      // of blocks: 1.2 takes as long as 2 where one block at a time fits
};
GpuTime gpu_time(const GpuDevice& device, const GpuLaunch& launch, const GpuCorrection& correction = {});

// Warps that a multiprocessor can hold of such blocks, of those it has room for.
double gpu_occupancy(const GpuDevice& device, const GpuLaunch& launch);

// The launch that a schedule leads to, as its strategy's space counts. Zero blocks for a strategy that is none of a
// GPU's.
GpuLaunch gpu_launch(std::string_view strategy, const Problem& problem, const Target& target, const Schedule& schedule);

// The least that the definition's own products and bytes take: `multiply_adds` that land inside the output, `bytes`
// once.
double gpu_roofline_us(const GpuDevice& device, bool wide, double multiply_adds, double bytes);

}  // namespace convt
