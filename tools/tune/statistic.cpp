// SPDX-License-Identifier: Apache-2.0
#include "tools/tune/statistic.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace convt::tune {

namespace {

constexpr double error = 0.025;
constexpr double least_gain = 0.01;

}  // namespace

int losses_allowed(int rounds) {
    double probability = std::exp2(-rounds);  // of exactly k losses, k = 0
    double tail = 0.0;
    for (int k = 0; k <= rounds; ++k) {
        tail += probability;
        if (tail > error) return k - 1;
        probability *= static_cast<double>(rounds - k) / (k + 1);
    }
    return rounds;
}

bool lost(double challenger, double incumbent) {
    return challenger >= incumbent * (1.0 - least_gain);
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const std::size_t n = values.size();
    return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

Summary summarize(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const auto cut = static_cast<std::size_t>(std::max(0, losses_allowed(static_cast<int>(values.size()))));
    return {median(values), values[cut], values[values.size() - 1 - cut]};
}

}  // namespace convt::tune
