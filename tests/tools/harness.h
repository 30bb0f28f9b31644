// SPDX-License-Identifier: Apache-2.0
// How the tests call a tool, and the folder it works in.
#pragma once

#include "tests/support/temporary_folder.h"
#include "tools/common/cli.h"

#include <span>
#include <string>
#include <vector>

namespace convt::test {

struct Called {
    int exit_code = -1;
    std::string out;
    std::string err;
};

// In this process.
Called call(cli::ToolFunction tool, const cli::Arguments& arguments);
// As a process; the built tool of that name.
Called call(const std::string& tool, const cli::Arguments& arguments);

// A folder of a test's own, gone with it. While it lives, caches and tuned tables are looked for inside.
class Workplace : public TemporaryFolder {
  public:
    Workplace();
    std::vector<std::string> names() const;  // of what lies in it, sorted
};

std::string tool_path(const std::string& tool);
void write_text(const std::string& path, const std::string& text);
std::string read_text(const std::string& path);  // empty where there is no such file

// Raw bytes of numbers.
template <typename T>
std::string bytes_of(const std::vector<T>& values) {
    return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

// A .npy file from its parts, whatever they say.
std::string npy_bytes(int major, const std::string& header, const std::string& data);

}  // namespace convt::test
