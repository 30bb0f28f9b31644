// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/conversation.h"

#include "tools/common/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <system_error>

extern char** environ;

namespace convt::cli {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int slice_ms = 50;  // how late a cancellation is noticed

// 0 or an errno. The child gets `socket` as its standard input and output, and a process group of its own.
int spawn(pid_t& pid, const std::vector<std::string>& arguments, int socket, const std::string& log) {
    std::vector<char*> argv;
    for (const std::string& argument : arguments)
        argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    int error = ::posix_spawn_file_actions_adddup2(&actions, socket, STDIN_FILENO);
    if (error == 0) error = ::posix_spawn_file_actions_adddup2(&actions, socket, STDOUT_FILENO);
    if (error == 0) {
        error = ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC,
                                                   0600);
    }
    if (error == 0) error = ::posix_spawnattr_setpgroup(&attributes, 0);
    if (error == 0) error = ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    if (error == 0) error = ::posix_spawn(&pid, argv[0], &actions, &attributes, argv.data(), environ);
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&actions);
    return error;
}

std::string last_line(std::string text) {
    while (!text.empty() && text.back() == '\n')
        text.pop_back();
    return text.substr(text.rfind('\n') + 1);
}

}  // namespace

Result<std::unique_ptr<Conversation>> Conversation::start(const std::vector<std::string>& arguments,
                                                          const std::string& log) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return file_error("a socket", "cannot be made");
    pid_t pid = -1;
    const int error = spawn(pid, arguments, ends[1], log);
    ::close(ends[1]);
    if (error != 0) {
        ::close(ends[0]);
        return Status(Code::io_error,
                      fmt::format("{}: cannot be started: {}", arguments[0], std::generic_category().message(error)));
    }
    return std::unique_ptr<Conversation>(new Conversation(pid, ends[0], log));
}

Conversation::~Conversation() {
    ::close(socket_);
    if (pid_ > 0) ::kill(-pid_, SIGKILL);
    while (pid_ > 0 && ::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

// The child has closed its end: how it ended, and the last thing it said about it.
Status Conversation::gone() {
    ::kill(-pid_, SIGKILL);
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    const auto errors = read_file(log_);
    const std::string said = errors.ok() ? last_line(errors.value()) : "";
    return {Code::internal,
            fmt::format("ended {} {}{}{}", WIFSIGNALED(status) ? "by signal" : "with status",
                        WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), said.empty() ? "" : ": ", said)};
}

Result<std::string> Conversation::ask(const std::string& line, int limit_ms, const std::atomic<bool>& cancel) {
    if (pid_ < 0) return Status(Code::internal, "has ended");
    const std::string text = line + "\n";
    for (std::size_t sent = 0; sent < text.size();) {
        // A request is shorter than the socket's buffer: this waits for nobody.
        const ssize_t n = ::send(socket_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR) return gone();
        if (n > 0) sent += static_cast<std::size_t>(n);
    }
    return listen(limit_ms, cancel);
}

Result<std::string> Conversation::listen(int limit_ms, const std::atomic<bool>& cancel) {
    if (pid_ < 0) return Status(Code::internal, "has ended");
    const auto deadline = Clock::now() + std::chrono::milliseconds(limit_ms);
    while (true) {
        const std::size_t end = unread_.find('\n');
        if (end != std::string::npos) {
            std::string line = unread_.substr(0, end);
            unread_.erase(0, end + 1);
            return line;
        }
        if (cancel) return Status(Code::interrupted, "interrupted");
        if (Clock::now() >= deadline) return Status(Code::timed_out, fmt::format("no answer after {} ms", limit_ms));
        pollfd fd = {socket_, POLLIN, 0};
        if (::poll(&fd, 1, slice_ms) <= 0) continue;
        char block[4096];
        const ssize_t n = ::read(socket_, block, sizeof block);
        if (n > 0) {
            unread_.append(block, static_cast<std::size_t>(n));
        } else if (n == 0 || errno != EINTR) {
            return gone();
        }
    }
}

}  // namespace convt::cli
