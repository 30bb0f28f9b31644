// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/roofline.h"

#include "tools/bench/machine.h"
#include "tools/common/cost.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <ctime>

namespace convt::cli {

MachineReport describe_machine(int threads, int processes, std::uint64_t seed) {
    MachineReport machine;
    machine.cpu = cpu_model();
    machine.cpus = available_cpus();
    machine.host = Target::host().text();
    utsname system = {};
    if (::uname(&system) == 0) machine.system = fmt::format("{} {}", system.sysname, system.release);
    machine.date = fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::time(nullptr)));
    machine.threads = threads;
    machine.processes = processes;
    machine.seed = seed;
    return machine;
}

void measure_roofline(MachineReport& machine, CaseReport& report, const Target& target) {
    const bool single = element_type_info(report.problem.type).scalar_bytes == 4;
    double& peak_gflops = single ? machine.f32_gflops : machine.f64_gflops;
    if (peak_gflops == 0.0) {
        peak_gflops = 2e-9 * fma_peak(report.problem.type, target.info().vector_bytes, machine.threads);
    }
    const Cost cost = cost_of(report.problem);
    const double stream = stream_seconds(cost.touched_bytes, cost.output_bytes, machine.threads);
    const double compute = 2e-9 * cost.inside_multiply_adds / peak_gflops;
    report.roofline_us = 1e6 * std::max(compute, stream);
    report.bandwidth_gbs = 1e-9 * static_cast<double>(cost.touched_bytes + cost.output_bytes) / stream;
}

}  // namespace convt::cli
