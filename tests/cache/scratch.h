// SPDX-License-Identifier: Apache-2.0
// A folder of a test's own, gone with it; and children that do what the test's own process should not.
#pragma once

#include "tests/support/temporary_folder.h"

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace convt::test {

// In memory where that can be had: thousands of entries are synced.
class ScratchFolder : public TemporaryFolder {
  public:
    ScratchFolder();
};

std::vector<std::byte> read_bytes(const std::string& path);
void write_bytes(const std::string& path, const std::vector<std::byte>& bytes);
std::vector<std::string> names_in(const std::string& folder);  // sorted

// What a child that cannot be set up here exits with.
constexpr int not_here = 77;

pid_t start_child(const std::function<int()>& work);
int wait_for(pid_t child);  // exit code, or 128 + signal
inline int in_child(const std::function<int()>& work) {
    return wait_for(start_child(work));
}

// Runs `work` in a child, and `then` while the child stands still: when it has entered or left system calls `stops`
// times.
struct Interrupted {
    bool reached = false;  // else it came to its end before
    int end = 0;           // as `wait_for` says; `not_here`: this system does not let processes be traced
};
Interrupted interrupted_after(int stops, const std::function<int()>& work, const std::function<void(pid_t)>& then);

}  // namespace convt::test
