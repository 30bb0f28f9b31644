// SPDX-License-Identifier: Apache-2.0
// How a winner is told from noise.
//
// The time of one kernel is steady within a process and differs by up to 30 % between processes (where code and buffers
// come to lie), it drifts with the machine's clock, and its distribution has several peaks. So:
//   - a sample is one fresh process: its median over many calls;
//   - two candidates are compared in rounds, one process each, back to back and in changing order, so that drift hits
//     both alike;
//   - the verdict is a sign test over the rounds: it assumes nothing of the distribution, not even that it is the same
//     in all rounds. Under "no faster", each round is lost with probability at least 1/2, so a challenger that may lose
//     at most k of n rounds wins by luck with probability P(Bin(n, 1/2) <= k); k is the largest that keeps this at or
//     below 2.5 % (0 of 6, 2 of 12);
//   - a round counts as won only by more than 1 %: less is not worth a departure from the default;
//   - the rounds that judge are not the ones that chose: of many candidates the best looking one is lucky, and its
//     screening time says so. Therefore the number of candidates tried does not enter the error.
// Medians are given with the interval between the order statistics that covers the true median with at least 95 %, by
// the same binomial.
#pragma once

#include <vector>

namespace convt::tune {

struct Summary {
    double median = 0.0;
    double low = 0.0;
    double high = 0.0;
};

// Of a non-empty sample. With fewer than six values the interval is the whole range.
Summary summarize(std::vector<double> values);
double median(std::vector<double> values);

// Rounds a challenger may lose out of `rounds` and still win; -1: so few rounds decide nothing.
int losses_allowed(int rounds);
// Is this round lost for the challenger?
bool lost(double challenger, double incumbent);

}  // namespace convt::tune
