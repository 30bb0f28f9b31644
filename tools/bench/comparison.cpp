// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/comparison.h"

#include "tools/bench/statistics.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace convt::cli {

namespace {

// The fastest of the rivals that `eligible` lets through.
template <typename Eligible>
std::optional<Ratio> best(const CaseReport& report, const std::vector<Peer>& peers, const Eligible& eligible) {
    std::optional<Ratio> found;
    for (const Peer& peer : peers) {
        const auto time = report.peers.find(peer.name);
        if (time == report.peers.end() || !time->second.us) continue;
        if (!peer.rival() || !eligible(peer)) continue;
        const double ratio = *time->second.us / report.median_us;
        if (!found || ratio < found->value) found = Ratio{ratio, peer.name};
    }
    return found;
}

std::string text(const std::optional<Ratio>& ratio) {
    return ratio ? fmt::format("{:.2f} {}", ratio->value, ratio->peer) : "-";
}

// One column of ratios: geometric mean and losses over the cases that count.
void print_mean(std::ostream& out, const std::string& what, const std::vector<double>& ratios) {
    if (ratios.empty()) return;
    const auto lost = std::count_if(ratios.begin(), ratios.end(), [](double ratio) { return ratio < equal_ratio; });
    out << fmt::format("against {:<28} geometric mean {:.2f}, lost {} of {}\n", what + ":", geometric_mean(ratios),
                       lost, ratios.size());
}

// The default schedules against the tuned ones: geometric mean and worst of the cases that count.
void print_default(std::ostream& out, const std::vector<double>& shares) {
    if (shares.empty()) return;
    out << fmt::format("default schedules against tuned: geometric mean {:.1f} %, worst {:.1f} %\n",
                       100.0 * geometric_mean(shares), 100.0 * *std::min_element(shares.begin(), shares.end()));
}

void print_missing(std::ostream& out, const MachineReport& machine, const std::vector<CaseReport>& cases) {
    for (const Peer& peer : machine.peers) {
        std::map<std::string, std::string> reasons;  // reason to cases
        for (const CaseReport& c : cases) {
            const auto time = c.peers.find(peer.name);
            if (time == c.peers.end() || time->second.us) continue;
            std::string& names = reasons[time->second.missing];
            names += (names.empty() ? "" : ", ") + c.name;
        }
        for (const auto& [reason, names] : reasons)
            out << fmt::format("no time of {}: {}: {}\n", peer.name, reason, names);
    }
}

}  // namespace

Comparison compare(const CaseReport& report, const std::vector<Peer>& peers) {
    const Problem& problem = report.problem;
    Comparison comparison;
    comparison.any = best(report, peers, [](const Peer&) { return true; });
    if (problem.input_layout == problem.output_layout) {
        const PeerLayout own = problem.input_layout == Layout::channels_last ? PeerLayout::last : PeerLayout::first;
        comparison.same = best(report, peers, [own](const Peer& peer) { return peer.layout == own; });
    }
    comparison.torch = best(report, peers, [](const Peer& peer) { return peer.name == "torch"; });
    const auto untuned = report.peers.find(untuned_peer);
    if (untuned != report.peers.end() && untuned->second.us) {
        comparison.default_share = report.median_us / *untuned->second.us;
    }
    return comparison;
}

bool counts(const CaseReport& report) {
    return !report.name.starts_with("probe_");
}

void print_comparison(std::ostream& out, const MachineReport& machine, const std::vector<CaseReport>& cases) {
    std::size_t width = 4;
    for (const CaseReport& c : cases)
        width = std::max(width, c.name.size());
    out << fmt::format("\nTimes over convt's; below {} lost. Layouts:", equal_ratio);
    for (const Peer& peer : machine.peers)
        out << fmt::format(" {} {}", peer.name, layout_name(peer.layout));
    out << fmt::format("\n\n{:<{}} {:>11}  {:<22} {:<22} {:>7} {:>9}\n", "case", width, "us", "best, any layout",
                       "best, same layout", "torch", "default");
    std::vector<double> any;
    std::vector<double> same;
    std::vector<double> torch;
    std::vector<double> shares;
    for (const CaseReport& c : cases) {
        const Comparison compared = compare(c, machine.peers);
        out << fmt::format("{:<{}} {:>11.2f}  {:<22} {:<22} {:>7} {:>9}\n", c.name, width, c.median_us,
                           text(compared.any), text(compared.same),
                           compared.torch ? fmt::format("{:.2f}", compared.torch->value) : "-",
                           compared.default_share ? fmt::format("{:.1f} %", 100.0 * *compared.default_share) : "-");
        if (!counts(c)) continue;
        if (compared.any) any.push_back(compared.any->value);
        if (compared.same) same.push_back(compared.same->value);
        if (compared.torch) torch.push_back(compared.torch->value);
        if (compared.default_share) shares.push_back(*compared.default_share);
    }
    out << '\n';
    print_mean(out, "the best in any layout", any);
    print_mean(out, "the best in the same layout", same);
    print_mean(out, "PyTorch eager", torch);
    print_default(out, shares);
    print_missing(out, machine, cases);
}

}  // namespace convt::cli
