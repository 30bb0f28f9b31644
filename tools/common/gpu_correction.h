// SPDX-License-Identifier: Apache-2.0
// How far the model of a kernel's time is off on a device, bound by bound, as convt-tune --calibrate fitted it: a file
// beside the tuned tables, `<dir>/<device>.correction`, of lines `bound<TAB>factor`.
#pragma once

#include "convt/status.h"
#include "schedules/gpu_time.h"

#include <string>

namespace convt::cli {

std::string correction_path(const std::string& dir, const GpuDevice& device);
// No file: no correction. Code::corrupt names the line that cannot be read.
Result<GpuCorrection> load_correction(const std::string& dir, const GpuDevice& device);
Status save_correction(const std::string& dir, const GpuDevice& device, const GpuCorrection& correction);

}  // namespace convt::cli
