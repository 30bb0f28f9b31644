// SPDX-License-Identifier: Apache-2.0
#include "tools/tune/bench.h"

#include "compiler/worker/process.h"
#include "convt/worker.h"

#include <fmt/format.h>
#include <limits.h>
#include <sched.h>
#include <unistd.h>

#include <charconv>
#include <fstream>

namespace convt::tune {

namespace {

// A candidate compiles in about 0.3 s; one that needs this much is no candidate.
constexpr std::uint32_t compile_limit_ms = 10'000;
constexpr std::uint32_t measure_limit_ms = 30'000;
// Tensors have at most 2 GiB each; a kernel that needs more than this beside them is no candidate either.
constexpr std::uint64_t measure_memory = std::uint64_t{16} << 30U;

std::string running_program() {
    char path[PATH_MAX];
    const ssize_t n = ::readlink("/proc/self/exe", path, sizeof path);
    return n > 0 ? std::string(path, static_cast<std::size_t>(n)) : std::string();
}

class ProcessBench : public Bench {
  public:
    ProcessBench(const Problem& problem, const Target& target, std::string dir, const Cores& cores,
                 const std::atomic<bool>* cancel)
        : problem_(problem), target_(target), dir_(std::move(dir)), cores_(cores), cancel_(cancel) {}

    Result<std::string> compile(const Candidate& candidate) override {
        leave_measuring_core();
        WorkerOptions options;
        options.time_limit_ms = compile_limit_ms;
        options.strategy = candidate.strategy;
        options.schedule = candidate.schedule.text();
        options.tuned.untuned = true;
        options.cancel = cancel_;
        const auto object = worker_compiler(options)->compile(problem_, target_);
        if (!object.ok()) return object.status();
        const std::vector<std::byte> bytes = object.value().serialize();
        const std::string path = fmt::format("{}/{}", dir_, next_++);
        std::ofstream file(path, std::ios::binary);
        file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
        file.close();
        if (!file) return Status(Code::io_error, path + ": cannot be written");
        return path;
    }

    Result<double> measure(const std::string& handle, const MeasureOptions& options) override {
        process::Limits limits;
        limits.time_ms = measure_limit_ms;
        limits.memory_bytes = measure_memory;
        limits.cancel = cancel_;
        const std::vector<std::string> command = {running_program(),
                                                  "measure",
                                                  handle,
                                                  fmt::format("{}", cores_.measuring),
                                                  fmt::format("{}", options.at_least_ms),
                                                  fmt::format("{}", options.cap_us)};
        const auto outcome = process::run(command, limits);
        if (!outcome.ok()) return outcome.status();
        return read(outcome.value());
    }

  private:
    // The worker inherits the affinity of the thread that starts it.
    void leave_measuring_core() const {
        cpu_set_t set;
        if (cores_.count < 2 || ::sched_getaffinity(0, sizeof set, &set) != 0) return;
        CPU_CLR(static_cast<std::size_t>(cores_.measuring), &set);
        if (CPU_COUNT(&set) > 0) ::sched_setaffinity(0, sizeof set, &set);
    }

    static Result<double> read(const process::Outcome& outcome) {
        switch (outcome.end) {
            case process::End::timed_out:
                return Status(Code::timed_out, "a measurement hangs");
            case process::End::cancelled:
                return Status(Code::interrupted, "stopped");
            case process::End::signalled:
                return Status(Code::compile_failed, fmt::format("crashed with signal {}", outcome.value));
            default:
                break;
        }
        double us = 0.0;
        const char* const end = outcome.output.data() + outcome.output.size();
        const auto parsed = std::from_chars(outcome.output.data(), end, us);
        if (parsed.ec == std::errc() && parsed.ptr + 1 == end && us > 0.0) return us;
        return Status(Code::compile_failed, fmt::format("no measurement: {}", outcome.errors));
    }

    const Problem problem_;
    const Target target_;
    const std::string dir_;
    const Cores cores_;
    const std::atomic<bool>* const cancel_;
    std::atomic<int> next_{0};
};

}  // namespace

Cores Cores::of_this_process() {
    cpu_set_t set;
    if (::sched_getaffinity(0, sizeof set, &set) != 0) return {};
    Cores cores;
    cores.count = CPU_COUNT(&set);
    // The last one: interrupts and other people's work gather on the first.
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
        if (CPU_ISSET(static_cast<std::size_t>(cpu), &set)) cores.measuring = cpu;
    return cores;
}

std::unique_ptr<Bench> process_bench(const Problem& problem, const Target& target, const std::string& dir,
                                     const Cores& cores, const std::atomic<bool>* cancel) {
    return std::make_unique<ProcessBench>(problem, target, dir, cores, cancel);
}

}  // namespace convt::tune
