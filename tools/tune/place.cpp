// SPDX-License-Identifier: Apache-2.0
#include "tools/tune/place.h"

#include "tools/common/cost.h"
#include "tools/common/gpu_correction.h"
#include "tools/tune/gpu.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

namespace convt::tune {

namespace {

Result<Place> gpu_place(const Target& target, const std::string& db_dir) {
    const Result<GpuHere> here = gpu_here(target);
    if (!here.ok()) return here.status();
    Place place{here.value().name, here.value().machine, {}};
    if (here.value().known == nullptr) return place;
    const Result<GpuCorrection> correction = cli::load_correction(db_dir, *here.value().known);
    if (!correction.ok()) return correction.status();
    place.gpu = GpuModel{here.value().known, correction.value()};
    return place;
}

}  // namespace

Result<Place> place_of(const Target& target, const std::string& db_dir) {
    if (target.is_gpu()) return gpu_place(target, db_dir);
    const auto missing = missing_features(target.features(), host_features());
    if (std::string(target.info().arch) == host_arch() && missing.empty())
        return Place{host_cpu_name(), Machine::host(), {}};
    return Status(Code::missing_feature,
                  fmt::format("target {}: this machine cannot measure it ({}{})", target.text(),
                              missing.empty() ? "is " : "lacks ",
                              missing.empty() ? host_arch() : fmt::format("{}", fmt::join(missing, ", "))));
}

cli::Roofline roofline_at(const Place& place, cli::Limits& limits, const Problem& problem, const Target& target) {
    if (!target.is_gpu()) return limits.of(problem, target);
    const cli::Cost cost = cli::cost_of(problem);
    cli::Roofline roofline;
    roofline.flops = 2.0 * cost.inside_multiply_adds;
    roofline.bytes = static_cast<double>(cost.touched_bytes + cost.output_bytes);
    roofline.peak_gflops = HUGE_VAL;
    if (!place.gpu) return roofline;
    const GpuDevice& device = *place.gpu->device;
    roofline.peak_gflops = device.peak_gflops(element_type_info(problem.types().sum).scalar_bytes == 8);
    roofline.stream_us = roofline.bytes / device.dram_gbs.value * 1e-3;
    return roofline;
}

}  // namespace convt::tune
