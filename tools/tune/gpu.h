// SPDX-License-Identifier: Apache-2.0
// The GPU of this machine: what it is, and how long a kernel takes on it.
#pragma once

#include "convt/kernel.h"
#include "schedules/gpu_device.h"

#include <string>

namespace convt::tune {

struct GpuHere {
    std::string name;                  // as the driver names it
    Machine machine;                   // as tuned rows see it
    const GpuDevice* known = nullptr;  // its row in the table of devices; null: it has none
};
// Device 0, if it runs the target. Code::no_device says why not.
Result<GpuHere> gpu_here(const Target& target);

// Median time of a call on the device between two events, in microseconds, tensors on the device and in its caches
// where they fit. Clocks rise with load and fall with heat: it begins once the device has worked for a while and times
// no longer fall. `at_least_ms` of timed work; where one call takes longer than `cap_us` (0: no cap), that is the
// answer.
Result<double> gpu_median_call(const Kernel& kernel, double at_least_ms, double cap_us);

}  // namespace convt::tune
