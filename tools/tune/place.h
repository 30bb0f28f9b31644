// SPDX-License-Identifier: Apache-2.0
// Where a run measures: this machine's CPU, or its GPU.
#pragma once

#include "schedules/gpu_time.h"
#include "tools/bench/roofline.h"

#include <optional>
#include <string>

namespace convt::tune {

struct GpuModel {
    const GpuDevice* device;
    GpuCorrection correction;
};

struct Place {
    std::string name;  // of the CPU, or of the GPU as its driver names it
    Machine machine;
    std::optional<GpuModel> gpu;  // of a GPU that the table of devices has, with what calibrating found
};

// Code::missing_feature, Code::no_device: the target's kernels cannot be measured here.
Result<Place> place_of(const Target& target, const std::string& db_dir);

// What no kernel of the problem can beat there; 0 us where the device is not known.
cli::Roofline roofline_at(const Place& place, cli::Limits& limits, const Problem& problem, const Target& target);

}  // namespace convt::tune
