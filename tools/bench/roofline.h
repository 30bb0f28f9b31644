// SPDX-License-Identifier: Apache-2.0
// This machine as a report names it, and how fast it could be at best on a case.
#pragma once

#include "convt/target.h"
#include "tools/bench/report.h"

namespace convt::cli {

// Everything but the peaks, which `measure_roofline` adds when a case needs them.
MachineReport describe_machine(int threads, int processes, std::uint64_t seed);

void measure_roofline(MachineReport& machine, CaseReport& report, const Target& target);

}  // namespace convt::cli
