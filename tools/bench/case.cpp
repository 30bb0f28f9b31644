// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/case.h"

#include "tools/bench/statistics.h"

#include <algorithm>

namespace convt::cli {

void Case::add(const Measurement& measured) {
    medians_us.push_back(measured.median_us);
    load_ms.push_back(measured.load_ms);
    report.max_error = std::max(measured.max_error, report.max_error);  // what is not a number stays
    report.error_bound = std::max(report.error_bound, measured.error_bound);
}

void Case::add(const Peer& peer, const PeerMeasurement& measured) {
    report.peers[peer.name].missing = measured.missing;
    if (measured.missing.empty()) peers_us[peer.name].push_back(measured.median_us);
}

void Case::summarize() {
    const auto [low, high] = std::minmax_element(medians_us.begin(), medians_us.end());
    report.low_us = *low;
    report.high_us = *high;
    report.median_us = median(medians_us);
    report.load_ms = median(load_ms);
    for (auto& [name, time] : report.peers) {
        // One wrong or failed process is enough to have no time.
        if (time.missing.empty()) time.us = median(peers_us[name]);
    }
}

}  // namespace convt::cli
