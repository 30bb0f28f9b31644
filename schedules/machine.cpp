// SPDX-License-Identifier: Apache-2.0
#include "convt/machine.h"

#include "convt/target.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>

#include <fmt/format.h>
#include <sched.h>

namespace convt {
namespace {

// A feature, its name in the text, and what one doubling of it counts. Vectors and registers decide which tiles fit at
// all; the caches of a core decide how many rows and channels of them; what cores share only matters to what streams.
struct Feature {
    std::string_view name;
    int Machine::*value;
    double weight;
};
constexpr std::array<Feature, 6> features{{{"vector", &Machine::vector_bytes, 8.0},
                                           {"registers", &Machine::registers, 4.0},
                                           {"l1", &Machine::l1_kib, 2.0},
                                           {"l2", &Machine::l2_kib, 2.0},
                                           {"l3", &Machine::l3_kib, 0.5},
                                           {"cores", &Machine::cores, 0.25}}};

std::string first_line(const std::string& path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

// KiB of a data or unified cache, as Linux describes it: "48K", "1M"; 0 where it does not.
int cache_kib(int level) {
    for (int index = 0; index < 8; ++index) {
        const std::string folder = fmt::format("/sys/devices/system/cpu/cpu0/cache/index{}/", index);
        if (first_line(folder + "level") != fmt::format("{}", level) || first_line(folder + "type") == "Instruction")
            continue;
        const std::string size = first_line(folder + "size");
        int value = 0;
        const auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), value);
        if (error != std::errc() || value <= 0 || value > 1 << 20) return 0;
        return std::string_view(end) == "M" ? value * 1024 : value;
    }
    return 0;
}

Machine read_host() {
    Machine machine;
    const TargetInfo& target = Target::host().info();
    machine.vector_bytes = target.vector_bytes;
    machine.registers = target.vector_registers;
    machine.l1_kib = cache_kib(1);
    machine.l2_kib = cache_kib(2);
    machine.l3_kib = cache_kib(3);
    cpu_set_t set;
    machine.cores = ::sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return machine;
}

std::string read_cpu_name() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);)
        if (line.starts_with("model name") && line.find(": ") != std::string::npos)
            return line.substr(line.find(": ") + 2);
    return host_arch();
}

}  // namespace

Result<Machine> Machine::parse(std::string_view text) {
    const auto refuse = [](std::string_view name) {
        return Status(Code::invalid_argument,
                      fmt::format("machine: {} must read {}=N, N from 0 to 2147483647, the features in the order of {}",
                                  name, name, Machine().text()));
    };
    Machine machine;
    for (const Feature& feature : features) {
        const std::string_view one = text.substr(0, text.find(','));
        text.remove_prefix(std::min(one.size() + 1, text.size()));
        if (!one.starts_with(feature.name) || one.size() <= feature.name.size() || one[feature.name.size()] != '=')
            return refuse(feature.name);
        const std::string_view digits = one.substr(feature.name.size() + 1);
        int& value = machine.*feature.value;
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (error != std::errc() || fmt::format("{}", value) != digits || value < 0) return refuse(feature.name);
    }
    if (!text.empty()) return Status(Code::invalid_argument, "machine: nothing may follow the last feature");
    return machine;
}

std::string Machine::text() const {
    std::string text;
    for (const Feature& feature : features)
        text += fmt::format("{}{}={}", text.empty() ? "" : ",", feature.name, this->*feature.value);
    return text;
}

const Machine& Machine::host() {
    static const Machine machine = read_host();
    return machine;
}

const Machine& Machine::reference() {
    static const Machine machine{64, 32, 48, 1024, 32768, 1};
    return machine;
}

double distance(const Machine& a, const Machine& b) noexcept {
    double sum = 0.0;
    // 1 in place of what is not known: far from everything, and as far from each.
    const auto size = [](int value) { return std::log2(static_cast<double>(std::max(value, 1))); };
    for (const Feature& feature : features)
        sum += feature.weight * std::abs(size(a.*feature.value) - size(b.*feature.value));
    return sum;
}

const std::string& host_cpu_name() {
    static const std::string name = read_cpu_name();
    return name;
}

}  // namespace convt
