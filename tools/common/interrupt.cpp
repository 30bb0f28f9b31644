// SPDX-License-Identifier: Apache-2.0
// All state is lock-free and static: the handler may run at any instruction, on any thread.
#include "tools/common/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <climits>

namespace convt::cli {

namespace {

constexpr int interrupted_exit = 130;

std::atomic<bool> polled{false};
std::atomic<bool> requested{false};
std::atomic<bool> temporary_exists{false};
char temporary_path[PATH_MAX];
static_assert(std::atomic<bool>::is_always_lock_free);

void on_interrupt(int) {
    if (polled && !requested.exchange(true)) return;
    if (temporary_exists) ::unlink(temporary_path);
    ::_exit(interrupted_exit);
}

}  // namespace

void exit_on_interrupt() noexcept {
    struct sigaction action = {};
    action.sa_handler = on_interrupt;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    ::sigaction(SIGINT, &action, nullptr);
}

PollInterrupts::PollInterrupts() noexcept {
    requested = false;
    polled = true;
    exit_on_interrupt();
}

PollInterrupts::~PollInterrupts() {
    polled = false;
}

bool interrupted() noexcept {
    return requested;
}

const std::atomic<bool>& interrupt_flag() noexcept {
    return requested;
}

TemporaryFile::TemporaryFile(const std::string& path) noexcept {
    if (path.size() >= sizeof temporary_path) return;  // open(2) has refused such a path
    *std::copy(path.begin(), path.end(), temporary_path) = '\0';
    temporary_exists = true;
}

TemporaryFile::~TemporaryFile() {
    temporary_exists = false;
}

}  // namespace convt::cli
