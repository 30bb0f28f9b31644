// SPDX-License-Identifier: Apache-2.0
// SIGINT: a tool ends with 130. By default at once, leaving no half-written file behind; a tool that wants to save its
// work holds a PollInterrupts and asks `interrupted` in its loop.
#pragma once

#include <atomic>
#include <string>

namespace convt::cli {

// From now on SIGINT removes the file named by TemporaryFile, if any, and ends the process with 130.
void exit_on_interrupt() noexcept;

// While one lives, the first SIGINT only makes `interrupted` true; the second one ends the process.
class PollInterrupts {
  public:
    PollInterrupts() noexcept;
    ~PollInterrupts();
    PollInterrupts(const PollInterrupts&) = delete;
    PollInterrupts& operator=(const PollInterrupts&) = delete;
};
bool interrupted() noexcept;
// What `interrupted` reads, for calls that watch a flag while they wait.
const std::atomic<bool>& interrupt_flag() noexcept;

// Names a file that is not whole yet. One at a time in a process.
class TemporaryFile {
  public:
    explicit TemporaryFile(const std::string& path) noexcept;
    ~TemporaryFile();
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
};

}  // namespace convt::cli
