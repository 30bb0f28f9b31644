// SPDX-License-Identifier: Apache-2.0
// One process's worth of measuring: load a kernel from the cache, time it, look at what it wrote. Asked for by text and
// answered by text, for it happens in a process of its own.
#pragma once

#include "convt/problem.h"
#include "convt/status.h"
#include "convt/target.h"
#include "convt/tuned.h"

#include <cstdint>
#include <string>

namespace convt::cli {

struct MeasureRequest {
    Problem problem;
    Target target;
    TunedOptions tuned;
    std::string cache_dir;  // holds the kernel
    int threads = 1;
    std::uint64_t data_seed = 0;
    std::uint64_t sample_seed = 0;

    std::string text() const;
    static Result<MeasureRequest> parse(const std::string& text);
};

struct Measurement {
    double load_ms = 0.0;    // from a cached file to something that can be called
    double median_us = 0.0;  // of one call
    double max_error = 0.0;
    double error_bound = 0.0;
    std::string wrong;  // empty, or the output that is beyond its bound

    std::string text() const;
    static Result<Measurement> parse(const std::string& text);
};

// In this process.
Result<Measurement> measure(const MeasureRequest& request);
// In a fresh process of the running program, which must be convt-bench.
Result<Measurement> measure_in_process(const MeasureRequest& request);

// First argument of the hidden sub-command; the second one is the request.
constexpr const char* measure_argument = "--measure-one-process";

}  // namespace convt::cli
