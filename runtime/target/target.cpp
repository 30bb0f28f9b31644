// SPDX-License-Identifier: Apache-2.0
// The table of targets and their text. Rows of one architecture stand in rising order: `host` is the last one that
// fits.
#include "runtime/target/features.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

namespace convt {
namespace {

// AArch64's base has NEON: 32 registers of 16 bytes.
constexpr TargetInfo rows[] = {
    {"x86-64-v2", "x86", feature::v2, 16, 16},
    {"x86-64-v3", "x86", feature::v3, 32, 16},
    {"x86-64-v4", "x86", feature::v4, 64, 32},
    {"aarch64", "arm", 0, 16, 32},
    // Halide's PTX ends at 8.6; newer devices take that of the nearest row below them.
    {"cuda-sm75", "cuda", 0, 128, 255, 75},
    {"cuda-sm80", "cuda", 0, 128, 255, 80},
    {"cuda-sm86", "cuda", 0, 128, 255, 86},
};

const TargetInfo& host_row() {
    const TargetInfo* best = nullptr;
    for (const TargetInfo& row : rows) {
        const bool same_arch = std::strcmp(row.arch, host_arch()) == 0;
        // The lowest row of the architecture stands even for a CPU below it: its kernels are refused at the call, by
        // name.
        if (same_arch && (best == nullptr || (row.features & ~host_features()) == 0)) best = &row;
    }
    return *best;
}

std::string shown(std::string_view text) {
    std::string safe(text.substr(0, 60));
    std::ranges::replace_if(
        safe, [](char c) { return c < ' ' || c > '~'; }, '?');
    return safe;
}

Status unknown_target(std::string_view name) {
    std::string known = "host";
    for (const TargetInfo& row : rows)
        known += fmt::format(", {}", row.name);
    return {Code::unknown_target, fmt::format("target `{}`: unknown; there are {}", shown(name), known)};
}

Status unknown_feature(std::string_view name, const TargetInfo& row) {
    std::string known;
    for (const FeatureInfo& feature : cpu_features()) {
        if (std::strcmp(feature.arch, row.arch) == 0)
            known += fmt::format("{}{}", known.empty() ? "" : ", ", feature.name);
    }
    return {Code::unknown_target, fmt::format("feature `{}` of target {}: unknown; there are {}", shown(name), row.name,
                                              known.empty() ? "none" : known)};
}

const FeatureInfo* find_feature(std::string_view name, const TargetInfo& row) {
    const auto found = std::ranges::find_if(cpu_features(), [&](const FeatureInfo& feature) {
        return name == feature.name && std::strcmp(feature.arch, row.arch) == 0;
    });
    return found == cpu_features().end() ? nullptr : &*found;
}

}  // namespace

std::span<const TargetInfo> targets() noexcept {
    return rows;
}

Target::Target() noexcept : info_(&rows[0]), features_(rows[0].features) {}

// With the extras for which code differs: those that Halide has a name for.
Target Target::host() {
    Target target;
    target.info_ = &host_row();
    target.features_ = target.info_->features;
    for (const FeatureInfo& row : cpu_features()) {
        const std::uint64_t whole = row.bit | row.implies;
        const bool wider = (target.info_->features & ~row.implies) == 0 && (row.bit & ~target.info_->features) != 0;
        if (*row.halide != '\0' && wider && (whole & ~host_features()) == 0) target.features_ |= whole;
    }
    return target;
}

Result<Target> Target::parse(std::string_view text) {
    std::size_t end = std::min(text.find('+'), text.size());
    const std::string_view name = text.substr(0, end);
    const auto row = std::ranges::find_if(rows, [&](const TargetInfo& info) { return name == info.name; });
    if (row == std::end(rows) && name != "host") return unknown_target(name);

    Target target = host();
    if (name != "host") {
        target.info_ = row;
        target.features_ = row->features;
    }
    while (end < text.size()) {
        const std::size_t start = end + 1;
        end = std::min(text.find('+', start), text.size());
        const std::string_view feature_name = text.substr(start, end - start);
        const FeatureInfo* feature = find_feature(feature_name, *target.info_);
        if (feature == nullptr) return unknown_feature(feature_name, *target.info_);
        target.features_ |= feature->bit | feature->implies;
    }
    return target;
}

// Features that another one brings along go without saying.
std::string Target::text() const {
    const std::uint64_t extras = features_ & ~info_->features;
    std::uint64_t implied = 0;
    for (const FeatureInfo& row : cpu_features()) {
        if ((extras & row.bit) != 0) implied |= row.implies & ~row.bit;
    }
    std::string text = info_->name;
    for (const FeatureInfo& row : cpu_features()) {
        if ((extras & ~implied & row.bit) != 0) text += fmt::format("+{}", row.name);
    }
    return text;
}

}  // namespace convt
