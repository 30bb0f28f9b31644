// SPDX-License-Identifier: Apache-2.0
// GPUs as data: what the model of a kernel's time (gpu_time.h) needs to know of a device, each figure with where it
// comes from. The one place with such figures; a new device is a row.
#pragma once

#include "convt/machine.h"
#include "convt/target.h"

#include <span>
#include <string_view>

namespace convt {

// A figure and its source: a document of NVIDIA's, or a published measurement.
struct DeviceFact {
    double value;
    const char* source;
};

struct GpuDevice {
    const char* name;   // on command lines
    const char* model;  // as the driver names it
    int capability;     // 80 for 8.0
    DeviceFact multiprocessors;
    DeviceFact clock_mhz;     // boost
    DeviceFact fma32;         // multiply-adds of a multiprocessor a cycle, f32
    DeviceFact fma64;         // f64, without tensor cores
    DeviceFact warps;         // that a multiprocessor holds
    DeviceFact blocks;        // that a multiprocessor holds
    DeviceFact shared_bytes;  // of a multiprocessor
    DeviceFact l2_bytes;
    DeviceFact l2_gbs;       // read by all multiprocessors together
    DeviceFact l2_cycles;    // a round trip
    DeviceFact dram_cycles;  // a round trip
    DeviceFact dram_gbs;
    DeviceFact launch_us;  // from one small kernel to the next on a stream

    double peak_gflops(bool wide) const { return 2e-3 * multiprocessors.value * clock_mhz.value * fma(wide); }
    double fma(bool wide) const { return wide ? fma64.value : fma32.value; }
    // As tuned rows see it: a warp's bytes, a thread's registers, shared memory, second-level cache, multiprocessors.
    Machine machine() const;
};

std::span<const GpuDevice> gpu_devices() noexcept;
// Null where there is none of that name; by the driver's name too.
const GpuDevice* find_gpu_device(std::string_view name) noexcept;
// What default and modelled schedules of a GPU's target are taken from where no device is known: the first row of its
// capability.
const GpuDevice& reference_device(const Target& target) noexcept;
// Devices that run the target's code, natively or by its PTX.
inline bool runs(const GpuDevice& device, const Target& target) noexcept {
    return device.capability >= target.info().capability;
}

}  // namespace convt
