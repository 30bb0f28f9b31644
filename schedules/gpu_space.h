// SPDX-License-Identifier: Apache-2.0
// The schedules of the strategies for GPUs: which knobs, what a block of threads needs, and what it costs. Limits are
// those that all rows of the target table share (CUDA C++ Programming Guide, compute capabilities 7.5 to 9.0).
#pragma once

#include "schedules/model.h"

namespace convt {

constexpr double warp_lanes = 32;
constexpr double max_block_threads = 1024;
constexpr double max_shared_bytes = 48.0 * 1024.0;  // of a block, without asking for more
// Of 255 a thread can have, those that tiles may plan with: the rest holds addresses.
constexpr double max_tile_registers = 168;
constexpr double registers_of_multiprocessor = 65536;
constexpr double address_registers = 24;  // beside a tile's

// Places that may lie free in shared memory behind a phase's of a row; among so many there is a pitch in whole vectors.
constexpr int held_pad(int threads_x) {
    return threads_x < 3 ? 3 : threads_x;
}

// What a block of threads needs.
struct GpuTile {
    double threads = 0;
    double registers = 0;     // of 32 bits, a thread's: accumulators and what an iteration loads
    double shared_bytes = 0;  // of the block
    double statements = 0;    // multiply-adds unrolled in the inner loop
};

// What a kernel does, for an estimate: gpu_cycles ranks schedules for any device, gpu_time.h tells the time on a given
// one.
struct GpuWork {
    double blocks = 0;
    double instructions = 0;  // of a warp
    double waits = 0;         // of a warp: round trips to global memory that its own instructions do not cover
    double bytes = 0;         // of sectors that all requests ask for, past the first-level cache
    double fmas = 0;          // of a warp: instructions, f32 or f64
    double wavefronts = 0;    // of shared memory, of a warp
    double stalls = 0;        // of a warp: cycles that its inner loop waits for shared memory, beyond its instructions
    double launches = 1;
};
// One file in schedules/spaces and one line in the list of gpu_space.cpp.
struct GpuSpace {
    const char* strategy;
    std::vector<Knob> (*knobs)(const ModelFacts& facts);
    GpuTile (*tile)(const ModelFacts& facts, const Schedule& schedule);
    GpuWork (*work)(const ModelFacts& facts, const Schedule& schedule);
};
extern const GpuSpace gpu_general_space;
extern const GpuSpace gpu_tiles_space;
extern const GpuSpace gpu_phases_space;

const GpuSpace* find_gpu_space(std::string_view strategy);
// Cycles of a device with 108 multiprocessors that multiplies as fast as it issues: the longest of what is issued,
// waited for and moved.
double gpu_cycles(const GpuSpace& space, const ModelFacts& facts, const Schedule& schedule);
// The values of the knobs are legal; whether a block of them fits. The first value of every knob together always does.
Status gpu_fits(const GpuSpace& space, const ModelFacts& facts, const Schedule& schedule);

}  // namespace convt
