// SPDX-License-Identifier: Apache-2.0
#include "compiler/worker/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>

extern char** environ;

namespace convt::process {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t errors_kept = 1U << 20U;
// How late a limit, a cancellation or an exit behind a grandchild that holds the pipes is noticed; an ordinary end
// closes the pipes and is seen at once.
constexpr int slice_ms = 20;

class Descriptor {
  public:
    Descriptor() noexcept = default;
    ~Descriptor() { reset(); }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const noexcept { return fd_; }
    void reset(int fd = -1) noexcept {
        if (fd_ >= 0) ::close(fd_);
        fd_ = fd;
    }

  private:
    int fd_ = -1;
};

Status system_error(const char* what, int error) {
    return {Code::io_error, fmt::format("{}: {}", what, std::generic_category().message(error))};
}

// A pipe whose ends lie above the standard descriptors: where a host has closed those, a new pipe would take their
// numbers, and the child's redirections would overwrite each other.
Status make_pipe(Descriptor& read_end, Descriptor& write_end) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return system_error("a pipe cannot be made", errno);
    Descriptor low_read;
    Descriptor low_write;
    low_read.reset(ends[0]);
    low_write.reset(ends[1]);
    read_end.reset(::fcntl(ends[0], F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    write_end.reset(::fcntl(ends[1], F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    if (read_end.get() < 0 || write_end.get() < 0) return system_error("a pipe cannot be made", errno);
    if (::fcntl(read_end.get(), F_SETFL, O_NONBLOCK) != 0) return system_error("a pipe cannot be set up", errno);
    return {};
}

// What the child starts with: our two pipes and nothing else of the host's descriptors; default signals, none blocked.
class SpawnPlan {
  public:
    SpawnPlan(int output, int errors) noexcept {
        ::posix_spawn_file_actions_init(&actions_);
        ::posix_spawnattr_init(&attributes_);
        sigset_t all;
        sigset_t none;
        sigfillset(&all);
        sigemptyset(&none);
        ready_ = 0 == ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0) &&
                 0 == ::posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO) &&
                 0 == ::posix_spawn_file_actions_adddup2(&actions_, errors, STDERR_FILENO) &&
                 0 == ::posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1) &&
                 0 == ::posix_spawnattr_setsigdefault(&attributes_, &all) &&
                 0 == ::posix_spawnattr_setsigmask(&attributes_, &none) &&
                 0 == ::posix_spawnattr_setpgroup(&attributes_, 0) &&
                 0 == ::posix_spawnattr_setflags(
                          &attributes_, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    }
    ~SpawnPlan() {
        ::posix_spawnattr_destroy(&attributes_);
        ::posix_spawn_file_actions_destroy(&actions_);
    }
    SpawnPlan(const SpawnPlan&) = delete;
    SpawnPlan& operator=(const SpawnPlan&) = delete;

    // 0 or an errno.
    int spawn(pid_t& pid, const std::vector<std::string>& arguments) const {
        if (!ready_) return ENOMEM;
        std::vector<char*> argv;
        for (const std::string& argument : arguments)
            argv.push_back(const_cast<char*>(argument.c_str()));
        argv.push_back(nullptr);
        return ::posix_spawn(&pid, argv[0], &actions_, &attributes_, argv.data(), environ);
    }

  private:
    posix_spawn_file_actions_t actions_;
    posix_spawnattr_t attributes_;
    bool ready_ = false;
};

void limit(pid_t pid, __rlimit_resource resource, std::uint64_t value) noexcept {
    const rlimit both = {value, value};
    ::prlimit(pid, resource, &both, nullptr);  // fails only where a harder limit stands already
}

// Set from here right after the spawn, so that they hold for any worker, whatever it does. The limit on CPU time is for
// a worker that outlives a killed host: it cannot be reached before the one on wall time.
void set_limits(pid_t pid, const Limits& limits) noexcept {
    limit(pid, RLIMIT_CORE, 0);
    const auto cpus = static_cast<std::uint64_t>(std::max(1L, ::sysconf(_SC_NPROCESSORS_CONF)));
    limit(pid, RLIMIT_CPU, (limits.time_ms / 1000 + 1) * cpus);
    if (limits_memory && limits.memory_bytes > 0) limit(pid, RLIMIT_AS, limits.memory_bytes);
}

// Reads what is there, a bounded amount at a time for a child that writes without end, and closes at the end of the
// file. Keeps at most `keep` bytes in all and drops the rest; false where something was dropped.
bool drain(Descriptor& fd, std::string& into, std::size_t keep) {
    bool all = true;
    char block[1U << 16U];
    for (int reads = 0; reads < 64 && fd.get() >= 0; ++reads) {
        const ssize_t n = ::read(fd.get(), block, sizeof block);
        if (n > 0) {
            const std::size_t taken = std::min(static_cast<std::size_t>(n), keep - into.size());
            into.append(block, taken);
            all = all && taken == static_cast<std::size_t>(n);
        } else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
            fd.reset();
        } else if (errno == EAGAIN) {
            break;
        }
    }
    return all;
}

// Follows a child to its end or to one of the limits.
class Watch {
  public:
    Watch(pid_t pid, Descriptor& output, Descriptor& errors, const Limits& limits) noexcept
        : pid_(pid), output_(output), errors_(errors), limits_(limits) {}
    ~Watch() { finish(); }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    Outcome run() {
        const Clock::time_point deadline = Clock::now() + std::chrono::milliseconds(limits_.time_ms);
        while (!over(deadline))
            // After the pipes are closed only the exit itself is missing, which takes microseconds.
            wait(output_.get() >= 0 || errors_.get() >= 0 ? slice_ms : 1);
        finish();
        return std::move(outcome_);
    }

  private:
    bool over(Clock::time_point deadline) {
        const bool gone = ended();  // asked before the last read, so that nothing written is missed
        drain(errors_, outcome_.errors, errors_kept);
        if (!drain(output_, outcome_.output, limits_.output_bytes)) return end(End::too_much_output);
        if (gone) return end(reaped_ ? End::unknown : End::exited);
        if (limits_.cancel != nullptr && limits_.cancel->load()) return end(End::cancelled);
        return Clock::now() >= deadline && end(End::timed_out);
    }

    bool end(End how) noexcept {
        outcome_.end = how;
        return true;
    }

    // The child stays a zombie, so that its number, and its group's, cannot be reused before we are done with them.
    bool ended() noexcept {
        siginfo_t info = {};
        while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0) {
            if (errno == EINTR) continue;
            reaped_ = true;  // ECHILD: by somebody else
            return true;
        }
        return info.si_pid == pid_;
    }

    void wait(int ms) const noexcept {
        pollfd fds[2] = {{output_.get(), POLLIN, 0}, {errors_.get(), POLLIN, 0}};  // a negative one is ignored
        ::poll(fds, 2, ms);  // an error, EINTR, means only that we look earlier
    }

    // Ends the whole group, whatever the child has started, and reaps the child.
    void finish() noexcept {
        if (reaped_) return;
        reaped_ = true;
        ::kill(-pid_, SIGKILL);
        int status = 0;
        pid_t pid = 0;
        do {
            pid = ::waitpid(pid_, &status, 0);
        } while (pid < 0 && errno == EINTR);
        if (outcome_.end != End::exited) return;
        if (pid != pid_) {
            outcome_.end = End::unknown;
        } else if (WIFSIGNALED(status)) {
            outcome_.end = End::signalled;
            outcome_.value = WTERMSIG(status);
        } else {
            outcome_.value = WEXITSTATUS(status);
        }
    }

    pid_t pid_;
    Descriptor& output_;
    Descriptor& errors_;
    const Limits& limits_;
    bool reaped_ = false;
    Outcome outcome_;
};

}  // namespace

Result<Outcome> run(const std::vector<std::string>& arguments, const Limits& limits) {
    if (arguments.empty()) return Status(Code::invalid_argument, "no program is named");
    Descriptor output;
    Descriptor output_child;
    Descriptor errors;
    Descriptor errors_child;
    Status made = make_pipe(output, output_child);
    if (made.ok()) made = make_pipe(errors, errors_child);
    if (!made.ok()) return made;
    pid_t pid = 0;
    const SpawnPlan plan(output_child.get(), errors_child.get());
    const int error = plan.spawn(pid, arguments);
    if (error != 0) return system_error((arguments[0] + " cannot be started").c_str(), error);
    set_limits(pid, limits);
    output_child.reset();
    errors_child.reset();
    return Watch(pid, output, errors, limits).run();
}

}  // namespace convt::process
