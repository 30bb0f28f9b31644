// SPDX-License-Identifier: Apache-2.0
// The model of a kernel's time against a device: what its bounds have to be multiplied with, and how well it ranks.
#pragma once

#include "schedules/gpu_time.h"
#include "tools/tune/session.h"

#include <span>

namespace convt::tune {

struct Measured {
    GpuLaunch launch;
    double us = 0;
};
// The factors under which each bound, where it is the one that limits, is in the median what was measured. A bound that
// never limits keeps 1.
GpuCorrection fit_correction(const GpuDevice& device, std::span<const Measured> measured);

// Spearman's coefficient: Pearson's of the ranks, equal values sharing theirs. 0 for fewer than two.
double rank_correlation(std::span<const double> a, std::span<const double> b);

// Measures the default kernels of the problems on this machine's GPU, fits, and writes the correction beside the tuned
// tables. Code::no_device where there is none, or the table of devices does not have it.
Status calibrate(const Options& options, std::ostream& out);

}  // namespace convt::tune
