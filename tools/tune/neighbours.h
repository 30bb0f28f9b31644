// SPDX-License-Identifier: Apache-2.0
// Schedules around a schedule, in steps through the knobs' lists of values. Whether they are legal is the caller's
// question.
#pragma once

#include "convt/schedule.h"

#include <vector>

namespace convt::tune {

// Index of the knob's present value in its list; the nearest below where it is none of them.
int step_of(const Knob& knob, const Schedule& schedule);

// One knob by one step.
std::vector<Schedule> single_steps(const std::vector<Knob>& knobs, const Schedule& schedule);
// One knob up and another down by one step: a limit on registers blocks single steps where their product is bounded.
std::vector<Schedule> exchanges(const std::vector<Knob>& knobs, const Schedule& schedule);
// One knob to any other value.
std::vector<Schedule> long_steps(const std::vector<Knob>& knobs, const Schedule& schedule);

}  // namespace convt::tune
