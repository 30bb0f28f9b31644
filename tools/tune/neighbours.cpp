// SPDX-License-Identifier: Apache-2.0
#include "tools/tune/neighbours.h"

#include <algorithm>
#include <cstdlib>
#include <optional>

namespace convt::tune {

namespace {

// `schedule` with the knob moved by `steps` in its list of values; none beyond the ends.
std::optional<Schedule> moved(const Knob& knob, const Schedule& schedule, int steps) {
    const int to = step_of(knob, schedule) + steps;
    if (to < 0 || to >= static_cast<int>(knob.values.size())) return std::nullopt;
    Schedule result = schedule;
    result.set(knob.name, knob.values[static_cast<std::size_t>(to)]);
    return result;
}

}  // namespace

int step_of(const Knob& knob, const Schedule& schedule) {
    const auto after = std::upper_bound(knob.values.begin(), knob.values.end(), schedule.get(knob.name));
    return std::max(0, static_cast<int>(after - knob.values.begin()) - 1);
}

std::vector<Schedule> single_steps(const std::vector<Knob>& knobs, const Schedule& schedule) {
    std::vector<Schedule> result;
    for (const Knob& knob : knobs)
        for (const int steps : {-1, 1})
            if (auto one = moved(knob, schedule, steps)) result.push_back(std::move(*one));
    return result;
}

std::vector<Schedule> exchanges(const std::vector<Knob>& knobs, const Schedule& schedule) {
    std::vector<Schedule> result;
    for (const Knob& up : knobs) {
        const auto raised = moved(up, schedule, 1);
        if (!raised) continue;
        for (const Knob& down : knobs)
            if (&up != &down)
                if (auto both = moved(down, *raised, -1)) result.push_back(std::move(*both));
    }
    return result;
}

std::vector<Schedule> long_steps(const std::vector<Knob>& knobs, const Schedule& schedule) {
    std::vector<Schedule> result;
    for (const Knob& knob : knobs) {
        const int count = static_cast<int>(knob.values.size());
        for (int steps = -count; steps <= count; ++steps)
            if (std::abs(steps) > 1)
                if (auto one = moved(knob, schedule, steps)) result.push_back(std::move(*one));
    }
    return result;
}

}  // namespace convt::tune
