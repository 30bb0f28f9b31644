// SPDX-License-Identifier: Apache-2.0
// What a benchmark says: the JSON of the contract, and a table for people.
#pragma once

#include "convt/problem.h"
#include "tools/bench/peers.h"

#include <cstdint>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace convt::cli {

struct PeerTime {
    std::optional<double> us;  // median of the processes
    std::string missing;       // why there is none
};

struct CaseReport {
    std::string name;
    Problem problem;
    std::string target;
    int threads = 1;
    std::string strategy;
    std::string schedule_source;
    double median_us = 0.0;
    double low_us = 0.0;
    double high_us = 0.0;
    double roofline_us = 0.0;
    double compile_ms = 0.0;
    double admission_ms = 0.0;
    double load_ms = 0.0;
    std::int64_t code_bytes = 0;
    std::int64_t packed_bytes = 0;
    double max_error = 0.0;
    double error_bound = 0.0;
    std::map<std::string, PeerTime> peers;  // by name
    double bandwidth_gbs = 0.0;             // of the case's mix and footprint; goes with the machine

    // All taps, a complex multiply-add counted as a real one.
    double gflops() const;
    double roofline_share() const { return roofline_us / median_us; }
};

struct MachineReport {
    std::string cpu;
    int cpus = 1;
    std::string host;  // target text
    std::string system;
    std::string date;  // UTC
    std::string compiler;
    int threads = 1;
    int processes = 1;
    std::uint64_t seed = 0;
    double f32_gflops = 0.0;  // peaks; 0 where no case has the type
    double f64_gflops = 0.0;
    std::vector<Peer> peers;
};

// Everything but the compiler, the peers and the peaks.
MachineReport describe_machine(int threads, int processes, std::uint64_t seed);

const char* layout_name(PeerLayout layout) noexcept;

std::string report_json(const MachineReport& machine, const std::vector<CaseReport>& cases);
void print_table(std::ostream& out, const MachineReport& machine, const std::vector<CaseReport>& cases);

}  // namespace convt::cli
