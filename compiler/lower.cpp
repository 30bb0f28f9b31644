// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower.h"

#include "compiler/device_code.h"
#include "compiler/fold.h"
#include "compiler/ordered_sums.h"
#include "compiler/prefetch_levels.h"
#include "compiler/strategies/strategy.h"
#include "runtime/target/features.h"
#include "schedules/model.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <exception>
#include <mutex>

namespace convt {
namespace {

constexpr const char* symbol = "convt";

// Collects what Halide would print. A warning that a check is guaranteed to fail is a false promise about bounds: it is
// an error here, because without run-time checks it would corrupt memory.
class Reporter : public Halide::CompileTimeErrorReporter {
  public:
    void warning(const char* text) override {
        if (std::strstr(text, "guaranteed to fail") != nullptr) false_promise_ = text;
    }
    void error(const char* text) override { throw Halide::CompileError(text); }
    const std::string& false_promise() const noexcept { return false_promise_; }
    void reset() { false_promise_.clear(); }

  private:
    std::string false_promise_;
};

Reporter& reporter() {
    static Reporter instance;
    return instance;
}

Halide::Target::Feature cuda_capability(const Target& target) {
    switch (target.info().capability) {
        case 75:
            return Halide::Target::CUDACapability75;
        case 80:
            return Halide::Target::CUDACapability80;
        default:
            return Halide::Target::CUDACapability86;
    }
}

Halide::Target halide_target(const Problem& problem, const Target& target, bool asserts) {
    Halide::Target t;
    t.os = Halide::Target::Linux;
    t.arch = std::string_view(target.info().arch) == "arm" ? Halide::Target::ARM : Halide::Target::X86;
    t.bits = 64;
    std::vector<Halide::Target::Feature> features{Halide::Target::NoRuntime, Halide::Target::UserContext};
    if (problem.sums == Sums::ordered) features.push_back(Halide::Target::StrictFloat);
    if (target.is_gpu()) {
        features.insert(features.end(), {Halide::Target::CUDA, cuda_capability(target)});
    } else if (!asserts) {  // a GPU's kernel looks at what the driver answered through them
        features.insert(features.end(), {Halide::Target::NoAsserts, Halide::Target::NoBoundsQuery});
    }
    for (const FeatureInfo& info : cpu_features()) {
        if ((target.features() & info.bit) == 0 || *info.halide == '\0') continue;
        const Halide::Target::Feature feature = Halide::Target::feature_from_name(info.halide);
        if (feature != Halide::Target::FeatureEnd) features.push_back(feature);
    }
    t.set_features(features);
    return t;
}

bool has_fused_multiply_add(const Target& target) {
    return std::string_view(target.info().arch) == "arm" || (target.features() & feature::fma) != 0;
}

Halide::Module run_and_pack(const std::vector<Halide::Argument>& arguments, Pipeline& pipeline,
                            const Halide::Target& target) {
    Halide::Module module = pipeline.output.compile_to_module(arguments, fmt::format("{}_run", symbol), target);
    const Halide::Module pack =
        pipeline.pack.compile_to_module({pipeline.raw_weights}, fmt::format("{}_pack", symbol), target);
    for (const Halide::Internal::LoweredFunc& function : pack.functions())
        module.append(function);
    return module;
}

// An anonymous file in memory that Halide can write by name.
class MemoryFile {
  public:
    MemoryFile() : fd_(memfd_create("convt-object", MFD_CLOEXEC)) {}
    ~MemoryFile() {
        if (fd_ >= 0) close(fd_);
    }
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;
    bool ok() const noexcept { return fd_ >= 0; }
    std::string path() const { return fmt::format("/proc/self/fd/{}", fd_); }

    Result<std::vector<std::byte>> read() const {
        struct stat info {};
        if (fstat(fd_, &info) != 0) return failure("fstat");
        std::vector<std::byte> bytes(static_cast<std::size_t>(info.st_size));
        std::size_t done = 0;
        while (done < bytes.size()) {
            const ssize_t got = pread(fd_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) return failure("pread");
            done += static_cast<std::size_t>(got);
        }
        return bytes;
    }

  private:
    static Status failure(const char* call) {
        return {Code::io_error, fmt::format("the object in memory: {} failed: {}", call, std::strerror(errno))};
    }
    int fd_;
};

Result<Object> lower_unguarded(const Problem& problem, const Target& target, const Plan& plan,
                               const CompileOptions& options) {
    reporter().reset();
    const Strategy* strategy = find_strategy(plan.strategy, target);
    Operands operands(problem.gathered().unfolded());
    operands.mirrored = problem.pass == Pass::grad_input;
    Pipeline pipeline = strategy->build(operands, target, plan.schedule);
    std::vector<Halide::Argument> arguments = operands.arguments();
    if (problem.padding_mode != PaddingMode::zeros)
        fold_output(problem, operands.input, target, plan.schedule, pipeline, arguments);
    if (problem.rounds_in_order()) fuse_products(pipeline.output, has_fused_multiply_add(target));
    Halide::Module module = run_and_pack(arguments, pipeline, halide_target(problem, target, options.asserts));
    if (target.is_gpu()) module = with_container(module, target.info().capability);
    if (!reporter().false_promise().empty()) return {Code::compile_failed, reporter().false_promise()};

    const MemoryFile file;
    if (!file.ok()) return {Code::io_error, fmt::format("memfd_create failed: {}", std::strerror(errno))};
    module.compile({{Halide::OutputFileType::object, file.path()}});
    Result<std::vector<std::byte>> code = file.read();
    if (!code.ok()) return code.status();
    if (plan.schedule.get("fetch") == fetch_into_all_levels && std::string_view(target.info().arch) == "x86") {
        const Status status = prefetch_into_all_levels(code.value());
        if (!status.ok()) return status;
    }

    Object object;
    object.code = std::move(code).value();
    object.info.problem = problem.text();
    object.info.target = target.text();
    object.info.features = target.features();
    object.info.strategy = plan.strategy;
    object.info.schedule = plan.schedule.text();
    object.info.schedule_source = plan.source;
    object.info.compiler = compiler_identity();
    object.info.symbol = symbol;
    object.info.packed_extents.assign(operands.packed_extents().begin(), operands.packed_extents().end());
    object.info.packed_type = operands.packed_type();
    object.info.transform = pipeline.transform;
    return object;
}

}  // namespace

Result<Object> lower(const Problem& problem, const Target& target, const Plan& plan, const CompileOptions& options) {
    // Halide keeps process-wide state: unique names, and the reporter set here.
    static std::mutex mutex;
    const std::lock_guard lock(mutex);
    Halide::set_custom_compile_time_error_reporter(&reporter());
    try {
        return lower_unguarded(problem, target, plan, options);
    } catch (const Halide::Error& error) {
        return {Code::compile_failed, fmt::format("{} strategy {} schedule {} target {}: {}", problem.text(),
                                                  plan.strategy, plan.schedule.text(), target.text(), error.what())};
    } catch (const std::bad_alloc&) {
        return {Code::out_of_memory, fmt::format("{}: out of memory while compiling", problem.text())};
    } catch (const std::exception& error) {
        return {Code::internal, fmt::format("{}: {}", problem.text(), error.what())};
    }
}

}  // namespace convt
