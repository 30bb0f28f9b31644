// SPDX-License-Identifier: Apache-2.0
#include "tests/cuda/sass.h"

#include "compiler/worker/process.h"
#include "schedules/gpu_time.h"
#include "tests/support/temporary_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <stdexcept>

namespace convt::test {
namespace {

std::string output_of(const std::vector<std::string>& command) {
    const auto ran = process::run(command, {});
    if (!ran.ok()) throw std::runtime_error(ran.status().message());
    const process::Outcome& outcome = ran.value();
    if (outcome.end != process::End::exited || outcome.value != 0)
        throw std::runtime_error(fmt::format("{}: {}{}", command[0], outcome.output, outcome.errors));
    return outcome.output + outcome.errors;
}

// The sum, or the largest, of the numbers that stand between two texts, `before` and `behind`, in any line.
template <typename Combine>
int numbers(const std::string& text, std::string_view before, std::string_view behind, const Combine& combine) {
    int result = 0;
    for (std::size_t at = text.find(behind); at != std::string::npos; at = text.find(behind, at + 1)) {
        std::size_t from = at;
        while (from > 0 && std::isdigit(static_cast<unsigned char>(text[from - 1])) != 0)
            --from;
        if (from < at && text.substr(0, from).ends_with(before)) result = combine(result, std::stoi(text.substr(from)));
    }
    return result;
}

struct SassLine {
    bool fma = false;
    std::string jump;  // the label that a branch names
};

// `        /*0040*/               @P0 BRA `(.L_x_1) ;`
std::optional<SassLine> instruction(const std::string& text) {
    const std::size_t address = text.find("/*"), end = text.find("*/");
    if (address == std::string::npos || end == std::string::npos) return std::nullopt;
    if (text.find_first_not_of(" \t") != address) return std::nullopt;
    std::size_t at = text.find_first_not_of(" \t", end + 2);
    if (at != std::string::npos && text[at] == '@') at = text.find_first_not_of(' ', text.find(' ', at));
    if (at == std::string::npos || text[at] < 'A' || text[at] > 'Z') return std::nullopt;
    SassLine line;
    const std::string name = text.substr(at, text.find_first_of(" .;", at) - at);
    line.fma = name == "FFMA" || name == "DFMA";
    const std::size_t label = text.find("`(", at);
    if (name == "BRA" && label != std::string::npos)
        line.jump = text.substr(label + 2, text.find(')', label) - label - 2);
    return line;
}

}  // namespace

SassLoop hottest_sass_loop(const std::string& listing) {
    std::vector<SassLine> lines;
    std::map<std::string, std::size_t> labels;
    std::istringstream in(listing);
    for (std::string text; std::getline(in, text);) {
        if (text.starts_with(".L_")) labels[text.substr(0, text.find(':'))] = lines.size();
        if (const auto line = instruction(text)) lines.push_back(*line);
    }
    const auto count = [&](std::size_t from, std::size_t to) {
        SassLoop loop{static_cast<int>(to - from), 0};
        for (std::size_t i = from; i < to; ++i)
            loop.fmas += lines[i].fma ? 1 : 0;
        return loop;
    };
    std::vector<std::pair<std::size_t, std::size_t>> loops;  // from a label to behind the branch back
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const auto target = labels.find(lines[i].jump);
        // A branch to itself fills the end of a kernel.
        if (target != labels.end() && target->second < i) loops.emplace_back(target->second, i + 1);
    }
    // What is staged has loops of its own inside of the one that multiplies: the shortest with half of the most FMAs.
    int most = 0;
    for (const auto& [from, to] : loops)
        most = std::max(most, count(from, to).fmas);
    SassLoop best = count(0, lines.size());
    for (const auto& [from, to] : loops) {
        const SassLoop loop = count(from, to);
        if (loop.fmas > 0 && 2 * loop.fmas >= most && loop.instructions < best.instructions) best = loop;
    }
    return best;
}

Assembly assembled(const std::string& ptx, int capability, int max_registers) {
    const TemporaryFolder folder;
    const std::string text = folder / "kernel.ptx", cubin = folder / "kernel.cubin";
    std::ofstream(text) << ptx;
    std::vector<std::string> command{CONVT_PTXAS, "-v", fmt::format("-arch=sm_{}", capability), text, "-o", cubin};
    if (max_registers != 0) command.push_back(fmt::format("-maxrregcount={}", max_registers));
    const std::string told = output_of(command);
    const auto most = [](int a, int b) { return std::max(a, b); };
    const auto sum = [](int a, int b) { return a + b; };
    Assembly result;
    result.registers = numbers(told, "Used ", " registers", most);
    result.stack_bytes = numbers(told, "", " bytes stack frame", most);
    result.spill_bytes = numbers(told, "", " bytes spill stores", sum) + numbers(told, "", " bytes spill loads", sum);
    result.shared_bytes = numbers(told, "", " bytes smem", most);
    result.loop = hottest_sass_loop(output_of({CONVT_NVDISASM, "-c", cubin}));
    return result;
}

double occupancy(int capability, int registers, std::uint64_t shared_bytes, std::uint64_t threads) {
    const std::span<const GpuDevice> devices = gpu_devices();
    const auto found =
        std::find_if(devices.begin(), devices.end(), [&](const GpuDevice& d) { return d.capability == capability; });
    if (found == devices.end()) throw std::runtime_error("no device of this capability");
    GpuLaunch launch;
    launch.threads = static_cast<double>(threads);
    launch.registers = registers;
    launch.shared_bytes = static_cast<double>(shared_bytes);
    return gpu_occupancy(*found, launch);
}

}  // namespace convt::test
