// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/case_compiler.h"

#include "convt/worker.h"
#include "tools/common/interrupt.h"

namespace convt::cli {

Result<CaseCompiler> CaseCompiler::create(const std::string& folder, const TunedOptions& tuned, const Target& target) {
    WorkerOptions worker;
    worker.tuned = tuned;
    worker.cancel = &interrupt_flag();
    auto compiler = std::make_shared<TimedCompiler>(worker_compiler(worker));
    EngineOptions options;
    options.cache_dir = folder;
    options.compiler = compiler;
    Result<std::unique_ptr<Engine>> engine = Engine::create(std::move(options));
    if (!engine.ok()) return engine.status();
    return CaseCompiler(std::move(compiler), std::move(engine).value(), target);
}

Status CaseCompiler::warm_up(const Problem& problem) {
    const auto warm = compiler_->compile(problem, target_);
    return warm.status().code() == Code::io_error ? warm.status() : Status();
}

Result<CompiledCase> CaseCompiler::compile(const Problem& problem) {
    auto kernel = engine_->kernel(problem, target_);
    if (!kernel.ok()) return kernel.status();
    CompiledCase compiled;
    compiled.kernel = std::move(kernel).value();
    compiled.compile_ms = compiler_->milliseconds() - compiled.kernel->info().admission_ms;
    if (auto fingerprint = compiler_->fingerprint(problem, target_); fingerprint.ok())
        compiled.fingerprint = fingerprint.value();
    return compiled;
}

}  // namespace convt::cli
