// SPDX-License-Identifier: Apache-2.0
// What the tuner tries, and what came of it.
#pragma once

#include "convt/schedule.h"
#include "convt/status.h"

#include <string>

namespace convt::tune {

struct Candidate {
    std::string strategy;
    Schedule schedule;
    std::string text() const { return strategy + " " + schedule.text(); }
    bool operator==(const Candidate&) const = default;
};

// One candidate compiled, admitted and measured in a single process, or why not. A screening time decides what is
// looked at next, never who wins.
struct Trial {
    Candidate candidate;
    Code code = Code::ok;
    double us = 0.0;       // where code is ok
    double spent_s = 0.0;  // of the problem's budget, when the trial was done
    std::string message;   // where code is not ok
};

}  // namespace convt::tune
