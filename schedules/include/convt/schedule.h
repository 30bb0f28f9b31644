// SPDX-License-Identifier: Apache-2.0
// A schedule: the numbers that a strategy leaves open, as data. Which knobs there are, which values are legal, and a
// default that always works are decided here; what they do to a pipeline is decided where they are applied
// (schedules/cpu).
#pragma once

#include "convt/export.h"
#include "convt/machine.h"
#include "convt/problem.h"
#include "convt/target.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace convt {

// Knobs by name, in the order they were set. Text: `name=value` joined by `,`, for example `tx=2,tc=8,order=1`; values
// are decimal.
class CONVT_API Schedule {
  public:
    static Result<Schedule> parse(std::string_view text);
    std::string text() const;
    int get(std::string_view name) const noexcept;  // 0 where it is not set
    bool has(std::string_view name) const noexcept;
    void set(std::string_view name, int value);
    const std::vector<std::pair<std::string, int>>& knobs() const noexcept { return knobs_; }
    bool operator==(const Schedule&) const = default;

  private:
    std::vector<std::pair<std::string, int>> knobs_;
};

// One knob of a strategy's space: its legal values in rising order, and one line on what it does.
struct Knob {
    std::string name;
    std::vector<int> values;
    std::string meaning;
    bool only_threads = false;  // means nothing to a call on one thread
};

// Knobs of `strategy` for this problem and target; empty for an unknown strategy. Every combination for which
// `check_schedule` is ok is legal.
CONVT_API std::vector<Knob> schedule_space(std::string_view strategy, const Problem& problem, const Target& target);
// Knobs all present, values legal, and the combination within the registers and code size that the target has.
// Code::invalid_argument names the knob, the value and the rule.
CONVT_API Status check_schedule(std::string_view strategy, const Problem& problem, const Target& target,
                                const Schedule& schedule);
// Always legal. The combination with the lowest estimate; derived from the target's vector width and registers and the
// machine's caches, never from a CPU's name.
CONVT_API Schedule default_schedule(std::string_view strategy, const Problem& problem, const Target& target,
                                    const Machine& machine = Machine::reference());
// Cycles of one core that the model expects (model.cpp says what it counts); for comparing schedules and strategies,
// not a time.
CONVT_API double estimate_cycles(std::string_view strategy, const Problem& problem, const Target& target,
                                 const Schedule& schedule, const Machine& machine = Machine::reference());

}  // namespace convt
