// SPDX-License-Identifier: Apache-2.0
// The compiler itself: from a problem to an object, with Halide. Halide.h stays inside: a host that compiles in its own
// process links libconvt_compiler and sees only this.
#pragma once

#include "convt/object.h"
#include "convt/schedule.h"
#include "convt/tuned.h"

#include <memory>
#include <string>
#include <vector>

namespace convt {

struct CompileOptions {
    std::string strategy;  // empty: chosen
    std::string schedule;  // text; empty: tuned or default
    TunedOptions tuned;
    bool asserts = false;  // keep Halide's run-time checks (tests)
    bool admit = true;     // run the admission check where this machine can execute the target
};

// A strategy that was passed over, and why.
struct Refusal {
    std::string strategy;
    std::string reason;
};

// A tuned row that was passed over: its strategy, schedule, date and CPU, and why.
struct StaleRow {
    std::string row;
    std::string reason;
};

struct Plan {
    std::string strategy;
    Schedule schedule;
    std::string source;  // "default", "tuned", "modelled" or "given"
    std::string reason;  // why this strategy
    std::vector<Refusal> refusals;
    std::vector<StaleRow> stale;
    double measured_us = 0,
           default_us = 0;  // where measured: medians of this schedule and of the default, from the table
};

// Names of the strategies for such a target in the order they are tried; the last one takes every valid
// problem of the types that there are for such a target.
std::vector<std::string> strategy_names(const Target& target = Target::host());
// Empty where `strategy` takes the problem, else the reason it gives.
std::string refusal(const std::string& strategy, const Problem& problem, const Target& target);
Result<Plan> make_plan(const Problem& problem, const Target& target, const CompileOptions& options = {});
// Identity of this compiler: convt's and Halide's versions. Enters every key.
std::string compiler_identity();
// Thread-safe; compiles one at a time. Code::compile_failed carries Halide's message, Code::wrong_result the
// admission's.
Result<Object> compile_object(const Problem& problem, const Target& target, const CompileOptions& options = {});
// For an engine that compiles in its own process.
std::shared_ptr<Compiler> halide_compiler(const CompileOptions& options = {});

}  // namespace convt
