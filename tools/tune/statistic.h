// SPDX-License-Identifier: Apache-2.0
// How a winner is told from noise.
//
// The time of one kernel is steady within a process and differs by up to 30 % between processes (where code and buffers
// come to lie), it drifts with the machine's clock, and its distribution has several peaks. So:
//   - a sample is one fresh process: its median over many calls;
//   - two candidates are compared in rounds, one process each, back to back and in changing order, so that drift hits
//     both alike; a round gives the logarithm of the ratio of its two times;
//   - if both times spread in the same way around their own level, whatever that way is (two peaks 15 % apart are as
//     welcome as a bell), the log ratio is a shift plus the difference of two draws from one distribution, which is
//     symmetric. That is all that Wilcoxon's signed-rank test assumes, and all it needs: the estimate is the median of
//     the averages of all pairs of rounds, its interval goes between two of their order statistics (Hollander and
//     Wolfe, Nonparametric Statistical Methods, 3.1 to 3.3), and neither trusts a mean that one bad process moves. With
//     two peaks 15 % apart and jitter of 15 % on top (simulated), the 95 % interval reaches 14 % to either side after 6
//     rounds, 7 % after 12, 5 % after 24 and 3.6 % after 40; the sign test's 9 % after 12;
//   - rounds are looked at after 6, 12, 24 and 40, each look with an error of its own: 1/64 (all six won), then 1/300.
//     They add up to 2.6 %, which bounds the chance that a challenger no faster than the incumbent wins at any look.
//     Under that noise a challenger at 0.9 of the time wins in 99 of 100 duels after 16 rounds in the mean, one at 0.93
//     in 87, one at 0.95 in 47; at half of it, every one does;
//   - it wins only where besides it is estimated at 0.98 of the incumbent's time or less: what lies above counts as
//     equal, and equals go to the simpler one, the default before all;
//   - the rounds that judge are not the ones that chose: of many candidates the best looking one is lucky, and its
//     screening time says so. Therefore the number of candidates tried does not enter the error.
// Medians of times are given with the interval between the order statistics that covers the true median with at least
// 95 %, by the binomial distribution.
#pragma once

#include "tools/bench/statistics.h"

#include <vector>

namespace convt::tune {

struct Summary {
    double median = 0.0;
    double low = 0.0;
    double high = 0.0;
};

// Of a non-empty sample. With fewer than six values the interval is the whole range.
Summary summarize(std::vector<double> values);
using cli::median;

// Ratio of paired times, challenger over incumbent, and an interval that misses the true one with probability `error`
// or less on each side; from 0 to infinity where so few rounds cannot say. At least one round.
struct Ratio {
    double estimate = 1.0;
    double low = 0.0;
    double high = 0.0;
};
Ratio paired_ratio(const std::vector<double>& log_ratios, double error = 0.025);

enum class Decision { open, won, tied };
// After these rounds; `rounds_left` false: what is open is tied.
Decision decide(const std::vector<double>& log_ratios, bool rounds_left);
constexpr int least_rounds = 6;
constexpr int most_rounds = 40;
constexpr double equal = 0.98;

}  // namespace convt::tune
