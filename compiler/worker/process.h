// SPDX-License-Identifier: Apache-2.0
// One child process run to its end: what it wrote, how it ended. Written for hosts with many threads, closed standard
// descriptors and handlers of their own: no fork, no signal touched, no descriptor leaked either way.
#pragma once

#include "convt/status.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace convt::process {

struct Limits {
    std::uint32_t time_ms = 60'000;             // wall time
    std::uint64_t memory_bytes = 0;             // address space; 0: none
    std::size_t output_bytes = 256U << 20U;     // of standard output; reaching it ends the child
    const std::atomic<bool>* cancel = nullptr;  // becomes true: the child is ended
};

enum class End {
    exited,     // `value` is the exit code
    signalled,  // `value` is the signal
    unknown,    // somebody else reaped it: a host that waits for any child, or ignores SIGCHLD
    timed_out,
    cancelled,
    too_much_output,
};

struct Outcome {
    End end = End::unknown;
    int value = 0;
    std::string output;  // standard output
    std::string errors;  // the first MiB of standard error
};

// Limits on address space make no sense for a child built with a sanitizer, which reserves terabytes.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool limits_memory = false;
#else
inline constexpr bool limits_memory = true;
#endif

// Runs `arguments[0]` with `arguments`, standard input empty, in a process group of its own; when it is over, one way
// or another, nothing of the group is left. A failure to start is Code::io_error. Thread-safe.
Result<Outcome> run(const std::vector<std::string>& arguments, const Limits& limits);

}  // namespace convt::process
