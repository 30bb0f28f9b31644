// SPDX-License-Identifier: Apache-2.0
#include "tools/common/gpu_correction.h"

#include "tools/common/files.h"

#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <sstream>

namespace convt::cli {

std::string correction_path(const std::string& dir, const GpuDevice& device) {
    return fmt::format("{}/{}.correction", dir, device.name);
}

Result<GpuCorrection> load_correction(const std::string& dir, const GpuDevice& device) {
    GpuCorrection correction;
    const std::string path = correction_path(dir, device);
    std::error_code missing;
    if (!std::filesystem::exists(path, missing)) return correction;
    const Result<std::string> text = read_file(path);
    if (!text.ok()) return text.status();
    std::istringstream lines(text.value());
    std::size_t bound = 0;
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with('#')) continue;
        const std::size_t tab = line.find('\t');
        double& factor = correction.factor[std::min(bound, gpu_bounds - 1)];
        const char* const end = line.data() + line.size();
        const bool named = bound < gpu_bounds && line.substr(0, tab) == name_of(static_cast<GpuBound>(bound));
        if (!named || tab == std::string::npos || std::from_chars(line.data() + tab + 1, end, factor).ptr != end ||
            !(factor > 0 && factor < 1e6))
            return Status(Code::corrupt, fmt::format("{}: {}: must be a bound and a factor above 0", path, line));
        ++bound;
    }
    if (bound != gpu_bounds)
        return Status(Code::corrupt, fmt::format("{}: {} bounds where {} are expected", path, bound, gpu_bounds));
    return correction;
}

Status save_correction(const std::string& dir, const GpuDevice& device, const GpuCorrection& correction) {
    std::string text = fmt::format("# {}: measured over modelled\n", device.model);
    for (std::size_t i = 0; i < gpu_bounds; ++i)
        text += fmt::format("{}\t{:.4g}\n", name_of(static_cast<GpuBound>(i)), correction.factor[i]);
    std::error_code error;
    std::filesystem::create_directories(dir, error);
    return write_file(correction_path(dir, device), text);
}

}  // namespace convt::cli
