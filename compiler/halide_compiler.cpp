// SPDX-License-Identifier: Apache-2.0
// The compiler as others call it: plan, lower, admit.
#include "convt/halide_compiler.h"

#include "compiler/identity.h"
#include "compiler/lower.h"
#include "convt/admission.h"
#include "runtime/target/dot_product.h"

#include <chrono>

namespace convt {
namespace {

double milliseconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

// Whether a device runs it, admission finds out.
bool runs_here(const Target& target) {
    return (target.is_gpu() || std::string_view(target.info().arch) == host_arch()) &&
           missing_features(target.features(), host_features()).empty();
}

Status admit_object(Object& object) {
    const auto start = std::chrono::steady_clock::now();
    const Result<std::shared_ptr<const Kernel>> kernel = Kernel::load(object);
    if (!kernel.ok()) return kernel.status();
    Status status = admit(*kernel.value());
    if (!status.ok()) return status;
    object.info.admitted = true;
    object.info.admission_ms = milliseconds_since(start);
    return {};
}

class InProcess final : public Compiler {
  public:
    explicit InProcess(CompileOptions options) : options_(std::move(options)) {}

    Result<std::string> fingerprint(const Problem& problem, const Target& target) override {
        const Result<Plan> plan = make_plan(problem, target, options_);
        if (!plan.ok()) return plan.status();
        return compiler_identity() + "; " + plan.value().strategy + "; " + plan.value().schedule.text() +
               (options_.asserts ? "; asserts" : "");
    }

    Result<Object> compile(const Problem& problem, const Target& target) override {
        return compile_object(problem, target, options_);
    }

  private:
    CompileOptions options_;
};

}  // namespace

std::string compiler_identity() {
    return identity_text;
}

Result<Object> compile_object(const Problem& problem, const Target& asked, const CompileOptions& options) {
    const Target target = relevant_target(problem, asked);
    const auto start = std::chrono::steady_clock::now();
    const Result<Plan> plan = make_plan(problem, target, options);
    if (!plan.ok()) return plan.status();
    Result<Object> object = lower(problem, target, plan.value(), options);
    if (!object.ok()) return object;
    object.value().info.compile_ms = milliseconds_since(start);
    if (!options.admit || !runs_here(target)) return object;
    Status status = admit_object(object.value());
    if (status.ok() || status.code() == Code::no_device) return object;
    return status;
}

std::shared_ptr<Compiler> halide_compiler(const CompileOptions& options) {
    return std::make_shared<InProcess>(options);
}

}  // namespace convt
