// SPDX-License-Identifier: Apache-2.0
// The command line of every tool: options they share, `--help` and `--version`, exit codes, errors on stderr. A tool is
// a function of arguments and two streams, so that tests call it in their own process; its `main` is one line.
// The one header that includes CLI11.
#pragma once

#include "convt/problem.h"
#include "convt/status.h"
#include "convt/target.h"
#include "convt/tuned.h"

#include <CLI/CLI.hpp>

#include <functional>
#include <ostream>
#include <string>
#include <vector>

namespace convt::cli {

using Arguments = std::vector<std::string>;  // without the program's name
using ToolFunction = int (*)(const Arguments& arguments, std::ostream& out, std::ostream& err);

// `main` of a tool: standard streams, SIGINT ends with 130, a standard output that cannot be written ends with 4.
int run_main(int argc, char** argv, ToolFunction tool) noexcept;

// One tool's command line. Usage: construct, add options (shared ones by the members below, its own through `app`),
// then return `run(...)`.
class Tool {
  public:
    Tool(const std::string& name, const std::string& summary);

    CLI::App& app() noexcept { return app_; }

    void add_schedules(TunedOptions& tuned);  // --db DIR, --untuned
    void add_threads(int& threads);           // --threads N; unset leaves `threads`, 0: one per CPU
    void add_target(Target& target);          // --target T; unset is the host
    void add_problem(Problem& problem);       // PROBLEM, required
    // --problems FILE; what is not required and not given leaves `problems` empty.
    CLI::Option* add_problem_file(std::vector<NamedProblem>& problems, bool required = true);

    // Parses, reads what the shared options name, then calls `body`. Returns the exit code: 2 for bad usage, else that
    // of the status (`exit_code`); its message goes to `err` behind the tool's name.
    int run(const Arguments& arguments, std::ostream& out, std::ostream& err, const std::function<Status()>& body);

  private:
    // Work on options that may fail with a status; done after parsing, in the order added.
    using Step = std::function<Status()>;
    Status run_steps(const std::function<Status()>& body) const;

    std::string name_;
    CLI::App app_;
    std::vector<Step> steps_;
};

// Reads a problem file; messages begin with its path.
Result<std::vector<NamedProblem>> read_problem_file(const std::string& path);

}  // namespace convt::cli
