// SPDX-License-Identifier: Apache-2.0
#include "tools/tune/knobs.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace convt::tune {

namespace {

double squares_around_mean(const std::vector<double>& values) {
    double sum = 0.0;
    for (const double value : values)
        sum += value;
    const double mean = sum / static_cast<double>(values.size());
    double squares = 0.0;
    for (const double value : values)
        squares += (value - mean) * (value - mean);
    return squares;
}

template <typename Group>
double share_of(const std::map<Group, std::vector<double>>& groups) {
    std::vector<double> all;
    double within = 0.0;
    for (const auto& [group, values] : groups) {
        all.insert(all.end(), values.begin(), values.end());
        within += squares_around_mean(values);
    }
    if (groups.size() < 2 || all.size() <= groups.size()) return 0.0;
    const double total = squares_around_mean(all) / static_cast<double>(all.size() - 1);
    if (total <= 0.0) return 0.0;
    return std::clamp(1.0 - within / static_cast<double>(all.size() - groups.size()) / total, 0.0, 1.0);
}

}  // namespace

std::vector<KnobShare> knob_shares(const std::vector<Trial>& trials, const std::string& strategy) {
    std::map<std::string, std::map<int, std::vector<double>>> knobs;
    for (const Trial& trial : trials)
        if (trial.code == Code::ok && trial.candidate.strategy == strategy)
            for (const auto& [knob, value] : trial.candidate.schedule.knobs())
                knobs[knob][value].push_back(std::log(trial.us));
    std::vector<KnobShare> shares;
    for (const auto& [knob, groups] : knobs)
        shares.push_back({knob, share_of(groups), static_cast<int>(groups.size())});
    std::stable_sort(shares.begin(), shares.end(),
                     [](const KnobShare& a, const KnobShare& b) { return a.share > b.share; });
    return shares;
}

KnobShare strategy_share(const std::vector<Trial>& trials) {
    std::map<std::string, std::vector<double>> groups;
    for (const Trial& trial : trials)
        if (trial.code == Code::ok) groups[trial.candidate.strategy].push_back(std::log(trial.us));
    return {"strategy", share_of(groups), static_cast<int>(groups.size())};
}

}  // namespace convt::tune
