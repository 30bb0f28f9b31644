// SPDX-License-Identifier: Apache-2.0
// One case while it is being measured: what every process said, and what follows from it.
#pragma once

#include "tools/bench/measure.h"
#include "tools/bench/report.h"

#include <map>
#include <string>
#include <vector>

namespace convt::cli {

struct Case {
    CaseReport report;
    std::string fingerprint;          // of its compiler and schedule
    std::string default_fingerprint;  // of the default schedule, where that is asked for
    std::vector<double> medians_us;
    std::vector<double> load_ms;
    std::map<std::string, std::vector<double>> peers_us;
    Status status;

    void add(const Measurement& measured);
    void add(const Peer& peer, const PeerMeasurement& measured);
    // Fills the report's times. Of a case that has at least one.
    void summarize();
};

}  // namespace convt::cli
