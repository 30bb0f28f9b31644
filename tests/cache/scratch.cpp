// SPDX-License-Identifier: Apache-2.0
#include "tests/cache/scratch.h"

#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <span>
#include <stdexcept>

namespace convt::test {

ScratchFolder::ScratchFolder()
    : TemporaryFolder(access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : std::filesystem::temp_directory_path()) {}

std::vector<std::byte> read_bytes(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

void write_bytes(const std::string& path, const std::vector<std::byte>& bytes) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

std::vector<std::string> names_in(const std::string& folder) {
    std::vector<std::string> names;
    for (const auto& item : std::filesystem::directory_iterator(folder))
        names.push_back(item.path().filename());
    std::ranges::sort(names);
    return names;
}

pid_t start_child(const std::function<int()>& work) {
    std::fflush(nullptr);  // or a sanitizer's _exit writes what is buffered once more
    const pid_t child = fork();
    if (child < 0) throw std::runtime_error("fork");
    if (child == 0) _exit(work());
    return child;
}

int wait_for(pid_t child) {
    int status = 0;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) throw std::runtime_error("waitpid");
    }
    if (WIFSTOPPED(status)) return 256 + WSTOPSIG(status);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Interrupted interrupted_after(int stops, const std::function<int()>& work, const std::function<void(pid_t)>& then) {
    const pid_t child = start_child([&] {
        if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) return not_here;
        raise(SIGSTOP);
        return work();
    });
    int ended = wait_for(child);
    for (int i = 0; i < stops && ended >= 256; ++i) {
        if (ptrace(PTRACE_SYSCALL, child, nullptr, nullptr) != 0) throw std::runtime_error("ptrace");
        ended = wait_for(child);
    }
    if (ended < 256) return {false, ended};
    then(child);
    ptrace(PTRACE_DETACH, child, nullptr, nullptr);  // fails where it was killed
    return {true, wait_for(child)};
}

}  // namespace convt::test
