// SPDX-License-Identifier: Apache-2.0
#include "tools/aot/request.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <filesystem>
#include <string_view>

namespace convt::aot {

namespace {

constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
constexpr std::string_view digits = "0123456789";

bool is_identifier(std::string_view text) {
    const auto letter = [](char c) { return letters.find(c) != std::string_view::npos; };
    const auto allowed = [&](char c) { return letter(c) || digits.find(c) != std::string_view::npos; };
    return !text.empty() && letter(text.front()) && std::all_of(text.begin(), text.end(), allowed);
}

// A target is better than another where it has wider vectors, then where it has more features; a GPU's where its
// capability is higher.
bool better(const Target& a, const Target& b) {
    if (a.info().capability != b.info().capability) return a.info().capability > b.info().capability;
    if (a.info().vector_bytes != b.info().vector_bytes) return a.info().vector_bytes > b.info().vector_bytes;
    return std::popcount(a.features()) > std::popcount(b.features());
}

}  // namespace

Result<std::string> archive_name(const std::string& given, const std::string& problem_file) {
    const std::string name = given.empty() ? std::filesystem::path(problem_file).stem().string() : given;
    if (is_identifier(name)) return name;
    return {Code::invalid_argument,
            fmt::format("name: `{}` cannot begin C functions: it must match [A-Za-z_][A-Za-z0-9_]*{}", name,
                        given.empty() ? " (it is the problem file's stem; --name gives another)" : "")};
}

Result<std::vector<Target>> archive_targets(const std::vector<std::string>& texts) {
    std::vector<Target> targets;
    for (const std::string& text : texts) {
        const Result<Target> target = Target::parse(text);
        if (!target.ok()) return target.status();
        if (std::string_view(target.value().info().arch) != host_arch() && !target.value().is_gpu())
            return {Code::unsupported,
                    fmt::format("target {}: an archive is linked by this machine's tools, which are for {}", text,
                                host_arch())};
        if (std::find(targets.begin(), targets.end(), target.value()) == targets.end())
            targets.push_back(target.value());
    }
    if (targets.empty()) return {Code::invalid_argument, "targets: none given"};
    for (const Target& target : targets)
        if (target.is_gpu() != targets.front().is_gpu())
            return {Code::invalid_argument,
                    fmt::format("targets: {} and {}: an archive is for CPUs or for GPUs, make one for each",
                                targets.front().text(), target.text())};
    std::stable_sort(targets.begin(), targets.end(), better);
    return targets;
}

}  // namespace convt::aot
