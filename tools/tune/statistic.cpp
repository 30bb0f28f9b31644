// SPDX-License-Identifier: Apache-2.0
#include "tools/tune/statistic.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace convt::tune {

namespace {

constexpr double error_of_a_side = 0.025;

struct Look {
    int rounds;
    double error;
};
constexpr Look looks[] = {{least_rounds, 1.0 / 64}, {12, 1.0 / 300}, {24, 1.0 / 300}, {most_rounds, 1.0 / 300}};

// The smallest k with P(Bin(n, 1/2) <= k) > 2.5 %: the k-th value from either end, counted from 1, bounds the median
// with at least 95 %; where k is 0 none does.
std::size_t cut_of(std::size_t n) {
    double probability = std::exp2(-static_cast<double>(n));  // of exactly k, k = 0
    double tail = 0.0;
    for (std::size_t k = 0; k <= n; ++k) {
        tail += probability;
        if (tail > error_of_a_side) return k;
        probability *= static_cast<double>(n - k) / static_cast<double>(k + 1);
    }
    return n;
}

// The largest k with P(W <= k) <= error, W the sum of the ranks 1..n that chance marks; -1 where there is none.
int rank_sum_bound(std::size_t n, double error) {
    std::vector<double> ways(n * (n + 1) / 2 + 1, 0.0);  // of marking ranks that sum to the index
    ways[0] = 1.0;
    for (std::size_t rank = 1; rank <= n; ++rank)
        for (std::size_t sum = ways.size() - 1; sum >= rank; --sum)
            ways[sum] += ways[sum - rank];
    double tail = 0.0;
    for (std::size_t sum = 0; sum < ways.size(); ++sum) {
        tail += ways[sum] * std::exp2(-static_cast<double>(n));
        if (tail > error) return static_cast<int>(sum) - 1;
    }
    return static_cast<int>(ways.size()) - 1;
}

std::vector<double> sorted_averages(const std::vector<double>& values) {
    std::vector<double> averages;
    for (std::size_t i = 0; i < values.size(); ++i)
        for (std::size_t j = 0; j <= i; ++j)
            averages.push_back((values[i] + values[j]) / 2);
    std::sort(averages.begin(), averages.end());
    return averages;
}

}  // namespace

Summary summarize(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const std::size_t cut = std::max<std::size_t>(cut_of(values.size()), 1) - 1;
    return {median(values), values[cut], values[values.size() - 1 - cut]};
}

Ratio paired_ratio(const std::vector<double>& log_ratios, double error) {
    const std::vector<double> averages = sorted_averages(log_ratios);
    Ratio ratio{std::exp(median(averages)), 0.0, std::numeric_limits<double>::infinity()};
    const int bound = rank_sum_bound(log_ratios.size(), error);
    if (bound < 0) return ratio;
    const auto cut = static_cast<std::size_t>(bound);
    ratio.low = std::exp(averages[cut]);
    ratio.high = std::exp(averages[averages.size() - 1 - cut]);
    return ratio;
}

Decision decide(const std::vector<double>& log_ratios, bool rounds_left) {
    const auto n = static_cast<int>(log_ratios.size());
    if (n < least_rounds) return Decision::open;
    const bool last = !rounds_left || n >= most_rounds;
    const auto* const look =
        std::find_if(std::begin(looks), std::end(looks), [n](const Look& l) { return l.rounds == n; });
    if (look == std::end(looks)) return last ? Decision::tied : Decision::open;
    const Ratio strict = paired_ratio(log_ratios, look->error);
    if (strict.high < 1.0 && strict.estimate <= equal) return Decision::won;
    // Not faster, or not by enough, beyond doubt; or no time to find out.
    const bool hopeless = strict.estimate >= 1.0 || paired_ratio(log_ratios).low > equal;
    return last || hopeless ? Decision::tied : Decision::open;
}

}  // namespace convt::tune
