// SPDX-License-Identifier: Apache-2.0
// What this machine can do at most, measured: multiply-adds a second, and bytes a second for a given amount read and
// written. The best of many repetitions counts: a limit is what was reached once.
#pragma once

#include "convt/problem.h"

#include <cstdint>
#include <functional>
#include <string>

namespace convt::cli {

// Multiply-adds a second of real numbers, in registers, on `threads` threads, with vectors of at most `vector_bytes`.
double fma_peak(ProblemType type, int vector_bytes, int threads);

// Seconds to read `bytes_read` and write `bytes_written` once; done again and again, so that what fits a cache is
// there. Writes go through the caches and past them (non-temporal); the faster way counts, for a kernel may choose.
double stream_seconds(std::int64_t bytes_read, std::int64_t bytes_written, int threads);

// Runs `work(thread)` on `threads` threads that start together; seconds from the first start to the last end. A single
// thread stays on the benchmark's CPU.
double timed_together(int threads, const std::function<void(int)>& work);

// Keeps the calling thread on the last CPU this process may use: the first ones take most interrupts. False where the
// system refuses.
bool pin_to_benchmark_cpu() noexcept;

std::string cpu_model();
int available_cpus() noexcept;

}  // namespace convt::cli
