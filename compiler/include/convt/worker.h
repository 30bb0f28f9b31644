// SPDX-License-Identifier: Apache-2.0
// Compiling in a worker process, convt-cc: a crash, a hang or a leak costs one kernel, and Halide stays out of the
// host.
#pragma once

#include "convt/export.h"
#include "convt/object.h"
#include "convt/tuned.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

namespace convt {

struct WorkerOptions {
    // The worker's path; empty: $CONVT_CC, else convt-cc beside the running program, else ../bin/convt-cc beside this
    // library.
    std::string path;
    std::uint32_t time_limit_ms = 60'000;  // wall time; the worker is killed at the limit (Code::timed_out)
    // Of address space, at least 256 MiB, which the worker needs for itself (Code::out_of_memory when it is reached).
    std::uint64_t memory_limit_bytes = std::uint64_t{4} << 30U;
    std::string strategy;  // empty: chosen
    std::string schedule;  // empty: tuned or default
    TunedOptions tuned;
    bool admit = true;
    // Not owned, outlives every call. When it becomes true, running workers are ended: Code::interrupted.
    const std::atomic<bool>* cancel = nullptr;
};

// Runs one worker process a compile. Thread-safe; several may run at once. Code::io_error names the path where there is
// no worker.
CONVT_API std::shared_ptr<Compiler> worker_compiler(const WorkerOptions& options = {});

}  // namespace convt
