// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/report.h"

#include "convt/engine.h"
#include "convt/target.h"
#include "tools/bench/comparison.h"
#include "tools/bench/machine.h"
#include "tools/bench/statistics.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>

namespace convt::cli {

namespace {

using Json = nlohmann::ordered_json;

// What a user waits for; the distance to these is printed with every run.
constexpr double compile_goal_ms = 150.0;
constexpr double load_goal_ms = 5.0;

// Of the cases that count.
std::vector<double> column(const std::vector<CaseReport>& cases, double (*value)(const CaseReport&)) {
    std::vector<double> all;
    for (const CaseReport& c : cases) {
        if (counts(c)) all.push_back(value(c));
    }
    return all;
}

// In the order in which they were asked for.
Json peers_json(const CaseReport& c, const std::vector<Peer>& peers) {
    Json times = Json::object();
    for (const Peer& peer : peers) {
        const auto time = c.peers.find(peer.name);
        times[peer.name] = time != c.peers.end() && time->second.us ? Json(*time->second.us) : Json();
    }
    return times;
}

// Version and layout of each, and why it has no time where it has none.
Json peers_json(const std::vector<Peer>& peers, const std::vector<CaseReport>& cases) {
    Json all = Json::object();
    for (const Peer& peer : peers) {
        Json missing = Json::object();
        for (const CaseReport& c : cases) {
            const auto time = c.peers.find(peer.name);
            if (time != c.peers.end() && !time->second.us) missing[c.name] = time->second.missing;
        }
        all[peer.name] = {{"version", peer.version}, {"layout", layout_name(peer.layout)}, {"missing", missing}};
    }
    return all;
}

Json case_json(const CaseReport& c, const std::vector<Peer>& peers) {
    return {{"name", c.name},
            {"problem", c.problem.text()},
            {"target", c.target},
            {"threads", c.threads},
            {"strategy", c.strategy},
            {"schedule_source", c.schedule_source},
            {"median_us", c.median_us},
            {"interval_us", {c.low_us, c.high_us}},
            {"gflops", c.gflops()},
            {"roofline_us", c.roofline_us},
            {"roofline_share", c.roofline_share()},
            {"compile_ms", c.compile_ms},
            {"admission_ms", c.admission_ms},
            {"load_ms", c.load_ms},
            {"code_bytes", c.code_bytes},
            {"packed_bytes", c.packed_bytes},
            {"max_error", c.max_error},
            {"error_bound", c.error_bound},
            {"peers", peers_json(c, peers)}};
}

}  // namespace

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

const char* layout_name(PeerLayout layout) noexcept {
    switch (layout) {
        case PeerLayout::first:
            return "first";
        case PeerLayout::last:
            return "last";
        case PeerLayout::own:
            return "own";
        case PeerLayout::any:
            break;
    }
    return "any";
}

double CaseReport::gflops() const {
    return 2e-3 * static_cast<double>(problem.multiply_adds()) / median_us;
}

std::string report_json(const MachineReport& machine, const std::vector<CaseReport>& cases) {
    Json json;
    json["machine"] = {{"cpu", machine.cpu},
                       {"cpus", machine.cpus},
                       {"host", machine.host},
                       {"system", machine.system},
                       {"date", machine.date},
                       {"version", convt::version()},
                       {"compiler", machine.compiler},
                       {"threads", machine.threads},
                       {"processes", machine.processes},
                       {"seed", machine.seed},
                       {"peak_gflops", {{"f32", machine.f32_gflops}, {"f64", machine.f64_gflops}}},
                       {"bandwidth_gbs", Json::object()},
                       {"peers", peers_json(machine.peers, cases)}};
    json["cases"] = Json::array();
    for (const CaseReport& c : cases) {
        json["machine"]["bandwidth_gbs"][c.name] = c.bandwidth_gbs;
        json["cases"].push_back(case_json(c, machine.peers));
    }
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

void print_table(std::ostream& out, const MachineReport& machine, const std::vector<CaseReport>& cases) {
    std::size_t width = 4;
    for (const CaseReport& c : cases)
        width = std::max(width, c.name.size());
    out << fmt::format("{} ({}), threads: {}, processes a case: {}, seed {}\n", machine.cpu, machine.host,
                       machine.threads, machine.processes, machine.seed);
    out << fmt::format("peak: f32 {:.1f} GFLOP/s, f64 {:.1f} GFLOP/s\n\n", machine.f32_gflops, machine.f64_gflops);
    out << fmt::format("{:<{}}  {:<16} {:<8} {:>11} {:>23} {:>8} {:>8} {:>9} {:>7} {:>9} {:>9}\n", "case", width,
                       "strategy", "schedule", "us", "interval", "GFLOP/s", "of roof", "compile", "load", "error",
                       "bound");
    for (const CaseReport& c : cases) {
        out << fmt::format(
            "{:<{}}  {:<16} {:<8} {:>11.2f} {:>23} {:>8.1f} {:>6.1f} % {:>6.0f} ms {:>4.1f} ms {:>9.2e} {:>9.2e}\n",
            c.name, width, c.strategy, c.schedule_source, c.median_us,
            fmt::format("{:.2f} - {:.2f}", c.low_us, c.high_us), c.gflops(), 100.0 * c.roofline_share(), c.compile_ms,
            c.load_ms, c.max_error, c.error_bound);
    }
    out << fmt::format("\ngeometric means: {:.1f} GFLOP/s, {:.1f} % of the roofline\n",
                       geometric_mean(column(cases, [](const CaseReport& c) { return c.gflops(); })),
                       100.0 * geometric_mean(column(cases, [](const CaseReport& c) { return c.roofline_share(); })));
    out << fmt::format("medians: compile {:.0f} ms (goal {:.0f}), load {:.1f} ms (goal {:.0f})\n",
                       median(column(cases, [](const CaseReport& c) { return c.compile_ms; })), compile_goal_ms,
                       median(column(cases, [](const CaseReport& c) { return c.load_ms; })), load_goal_ms);
}

}  // namespace convt::cli
