// SPDX-License-Identifier: Apache-2.0
// Makes archives in the test's own process and lets programs at them.
#pragma once

#include "tests/support/oracle.h"
#include "tests/support/temporary_folder.h"

#include "convt/problem.h"

#include <cstddef>
#include <string>
#include <vector>

namespace convt::test {

struct Ran {
    int code = -1;  // exit code; 128 + signal where one ended it
    std::string out;
    std::string err;
};

// Runs a program found in PATH.
Ran run_program(const std::vector<std::string>& command);
// convt-aot with these arguments.
Ran run_aot(const std::vector<std::string>& arguments);

void put_file(const std::string& path, const std::string& text);
std::string get_file(const std::string& path);
// Writes a problem file of name<TAB>problem lines.
void put_problems(const std::string& path, const std::vector<NamedProblem>& problems);
// Parses; a problem that is not valid fails the test.
NamedProblem named(const std::string& name, const std::string& problem);

// An archive and its header in a folder of its own. A failure of convt-aot fails the test.
class Archive {
  public:
    Archive(const std::string& name, const std::vector<NamedProblem>& problems, const std::string& targets);
    std::string library() const { return folder_.path() + "/lib" + name_ + ".a"; }
    std::string header() const { return folder_.path() + "/" + name_ + ".h"; }
    const std::string& folder() const noexcept { return folder_.path(); }
    const std::string& name() const noexcept { return name_; }
    // What convt-aot said.
    const std::string& listing() const noexcept { return listing_; }

  private:
    TemporaryFolder folder_;
    std::string name_;
    std::string listing_;
};

// The archive made a shared library and loaded, so that its functions can be called by name.
class LoadedArchive {
  public:
    explicit LoadedArchive(const Archive& archive);
    ~LoadedArchive();
    LoadedArchive(const LoadedArchive&) = delete;
    LoadedArchive& operator=(const LoadedArchive&) = delete;

    // pack and run, or run_unpacked. The status: 0 is ok. `y` receives the output's bytes.
    int run(const NamedProblem& problem, const Operands& operands, std::vector<std::byte>& y) const;
    int run_unpacked(const NamedProblem& problem, const Operands& operands, std::vector<std::byte>& y) const;
    // One call with these pointers.
    int call_run(const NamedProblem& problem, const void* x, const void* packed, const void* bias, void* y) const;
    std::string target() const;
    std::string last_error() const;
    void set_threads(int threads) const;

  private:
    void* symbol(const std::string& ending) const;

    std::string name_;
    void* library_ = nullptr;
};

}  // namespace convt::test
