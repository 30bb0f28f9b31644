// SPDX-License-Identifier: Apache-2.0
// The pictures of a report, each an SVG.
#pragma once

#include "tools/tune/report.h"

#include <string>

namespace convt::tune {

// Every trial over the time it was done at, and the best so far.
std::string search_curve(const ProblemReport& problem);
// What each knob of the winning strategy explains.
std::string knob_plot(const ProblemReport& problem);
// All problems, default and tuned, under the peak and the bandwidths measured.
std::string roofline_plot(const RunReport& run);

}  // namespace convt::tune
