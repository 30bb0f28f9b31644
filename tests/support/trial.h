// SPDX-License-Identifier: Apache-2.0
// A trial: one problem computed by one strategy with one schedule on one target with data from one seed, held against
// the oracle. Its text replays it:
//   CONVT_REPLAY='<text>' build/bin/convt_test_differential replay
#pragma once

#include "convt/halide_compiler.h"
#include "convt/kernel.h"
#include "tests/support/random.h"
#include "tests/support/run.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace convt::test {

struct Trial {
    Problem problem;
    Target target = Target::host();
    std::string strategy;
    std::optional<Schedule> schedule;  // none: the strategy's default
    std::uint64_t seed = 0;            // of the data, and of an open problem's calls
    bool asserts = false;              // Halide's run-time checks in the kernel

    std::string text() const;  // <problem> <target> <strategy> <schedule, or default> <seed>, then asserts
    static Result<Trial> parse(std::string_view text);
};

// The trials of cases/trials.txt. A line that does not read throws: the test fails by its text.
std::vector<Trial> trial_cases();

// Targets of the table whose code this machine can run.
std::vector<Target> runnable_targets();

// A legal schedule drawn from the strategy's space, or nothing where a hundred draws found none (or one time in five):
// the default is to be used.
std::optional<Schedule> random_schedule(Random& random, const std::string& strategy, const Problem& problem,
                                        const Target& target);

// Compiled without admission, so that what the oracle finds does not depend on it, and loaded.
Result<std::shared_ptr<const Kernel>> compile(const Trial& trial);

// Compiles and runs the trial on integer data (exact) and on uniform data (bounded). A failure's message ends with the
// trial's text.
Status check(const Trial& trial);

// The smallest trial found by replacing the problem by simpler ones for as long as `fails` says so; schedules that are
// not legal for a simpler problem give way to the default.
Trial shrink(Trial trial, const std::function<bool(const Trial&)>& fails);

}  // namespace convt::test
