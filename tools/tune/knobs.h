// SPDX-License-Identifier: Apache-2.0
// Which knob mattered: how much of the spread of the trials' times each one explains.
#pragma once

#include "tools/tune/candidate.h"

#include <string>
#include <vector>

namespace convt::tune {

struct KnobShare {
    std::string knob;
    double share = 0.0;  // of the variance of log time, 0 to 1
    int values = 0;      // that were tried
};

// Of one strategy's trials, each knob by itself; the largest share first. A share is epsilon squared (Kelley 1935): one
// minus the mean square within the groups of equal value over the mean square of all. Unlike the plain share of the sum
// of squares it does not grow with the number of values that a knob has. Shares need not add up to one: knobs work
// together, and the search did not try them independently.
std::vector<KnobShare> knob_shares(const std::vector<Trial>& trials, const std::string& strategy);

// The same for the choice of strategy, over all trials.
KnobShare strategy_share(const std::vector<Trial>& trials);

}  // namespace convt::tune
