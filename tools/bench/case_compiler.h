// SPDX-License-Identifier: Apache-2.0
// Compiles cases with one choice of schedules, into a folder where the processes that measure find the kernels.
#pragma once

#include "convt/engine.h"
#include "convt/tuned.h"
#include "tools/bench/timed_compiler.h"

#include <memory>
#include <string>

namespace convt::cli {

struct CompiledCase {
    std::shared_ptr<const Kernel> kernel;
    double compile_ms = 0;  // without the admission
    std::string fingerprint;
};

class CaseCompiler {
  public:
    static Result<CaseCompiler> create(const std::string& folder, const TunedOptions& tuned, const Target& target);
    // Reads the worker from the disk; later ones find it in memory. Code::io_error where there is none.
    Status warm_up(const Problem& problem);
    Result<CompiledCase> compile(const Problem& problem);

  private:
    CaseCompiler(std::shared_ptr<TimedCompiler> compiler, std::unique_ptr<Engine> engine, const Target& target)
        : compiler_(std::move(compiler)), engine_(std::move(engine)), target_(target) {}

    std::shared_ptr<TimedCompiler> compiler_;
    std::unique_ptr<Engine> engine_;
    Target target_;
};

}  // namespace convt::cli
