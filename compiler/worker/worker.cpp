// SPDX-License-Identifier: Apache-2.0
// The client of the compile worker: which program, with which arguments, and what its end means. Nothing that the
// worker writes is believed before it is checked.
#include "convt/worker.h"

#include "compiler/identity.h"
#include "compiler/worker/process.h"
#include "compiler/worker/protocol.h"
#include "runtime/target/dot_product.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdlib>
#include <exception>
#include <new>

namespace convt {

namespace {

// Below this the worker's own libraries do not load, and every way to fail is possible.
constexpr std::uint64_t least_memory = std::uint64_t{256} << 20U;
constexpr std::size_t shown_errors = 2000;  // of a worker's own words in a message

std::string folder_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? "." : path.substr(0, slash);
}

std::string running_program() {
    char path[PATH_MAX];
    const ssize_t n = ::readlink("/proc/self/exe", path, sizeof path);
    return n > 0 ? std::string(path, static_cast<std::size_t>(n)) : std::string();
}

std::string this_library() {
    Dl_info info = {};
    static const char inside = 0;
    return ::dladdr(&inside, &info) != 0 && info.dli_fname != nullptr ? info.dli_fname : "";
}

// A path that was asked for is taken as it is; else the first of the usual places where the worker is.
Result<std::string> find_worker(const std::string& wanted) {
    const char* const variable = std::getenv("CONVT_CC");
    const bool named = variable != nullptr && *variable != '\0';
    std::vector<std::string> places;
    if (!wanted.empty()) {
        places = {wanted};
    } else if (named) {
        places = {variable};
    } else {
        places = {folder_of(running_program()) + "/convt-cc", folder_of(this_library()) + "/../bin/convt-cc"};
    }
    for (const std::string& place : places)
        if (::access(place.c_str(), X_OK) == 0) return place;
    return Status(Code::io_error, fmt::format("no compile worker at {}; set CONVT_CC", fmt::join(places, " or ")));
}

std::string signal_name(int number) {
    const char* const name = ::sigabbrev_np(number);
    return name == nullptr ? fmt::format("signal {}", number) : fmt::format("SIG{}", name);
}

// How LLVM, the C++ run time, the loader and the C library say that an allocation failed.
bool speaks_of_memory(const std::string& errors) {
    constexpr std::array<std::string_view, 5> words = {"out of memory", "bad_alloc", "Cannot allocate memory",
                                                       "failed to map segment", "cannot allocate"};
    return std::any_of(words.begin(), words.end(),
                       [&](std::string_view word) { return errors.find(word) != std::string::npos; });
}

// The end of what a worker wrote: the cause stands last.
std::string last_words(const std::string& errors) {
    std::string_view text = errors;
    while (text.ends_with('\n'))
        text.remove_suffix(1);
    if (text.empty()) return "it wrote no message";
    const bool cut = text.size() > shown_errors;
    if (cut) text.remove_prefix(text.size() - shown_errors);
    return fmt::format("it wrote: {}{}", cut ? "... " : "", text);
}

class WorkerCompiler : public Compiler {
  public:
    explicit WorkerCompiler(WorkerOptions options) : options_(std::move(options)) {}

    Result<std::string> fingerprint(const Problem& problem, const Target& target) override try {
        const std::string given = fmt::format("{}; strategy {}", identity_text, or_else(options_.strategy, "chosen"));
        if (!options_.schedule.empty()) return fmt::format("{}; given {}", given, options_.schedule);
        const auto rows = find_tuned(problem, target, options_.tuned);
        if (!rows.ok()) return rows.status();
        // Which of them is legal only the compiler knows: all enter, in their order.
        std::string text = rows.value().empty() ? fmt::format("{}; default", given) : fmt::format("{}; tuned", given);
        for (const TunedRow& row : rows.value())
            text += fmt::format(" {} {}", row.strategy, row.schedule.text());
        // Where none is legal the default is taken, which follows the caches.
        const Machine& machine = options_.tuned.machine();
        return fmt::format("{}; caches {} {} {}", text, machine.l1_kib, machine.l2_kib, machine.l3_kib);
    } catch (const std::bad_alloc&) {
        return Status(Code::out_of_memory, "out of memory");
    } catch (const std::exception& error) {
        return Status(Code::internal, error.what());
    }

    Result<Object> compile(const Problem& problem, const Target& asked) override try {
        const Target target = relevant_target(problem, asked);
        if (options_.memory_limit_bytes < least_memory)
            return Status(Code::invalid_argument, fmt::format("memory_limit_bytes is {}, must be at least {}",
                                                              options_.memory_limit_bytes, least_memory));
        const Result<std::string> path = find_worker(options_.path);
        if (!path.ok()) return path.status();
        process::Limits limits;
        limits.time_ms = options_.time_limit_ms;
        // A CUDA driver reserves addresses for the memory of all devices: what is admitted on one knows no such limit.
        limits.memory_bytes = target.is_gpu() ? 0 : options_.memory_limit_bytes;
        limits.cancel = options_.cancel;
        const auto outcome = process::run(arguments(path.value(), problem, target), limits);
        if (!outcome.ok()) return outcome.status();
        return read_outcome(outcome.value(), path.value(), problem, target);
    } catch (const std::bad_alloc&) {
        return Status(Code::out_of_memory, "out of memory");
    } catch (const std::exception& error) {
        return Status(Code::internal, error.what());
    }

  private:
    static std::string or_else(const std::string& text, const char* otherwise) {
        return text.empty() ? otherwise : text;
    }

    std::vector<std::string> arguments(const std::string& path, const Problem& problem, const Target& target) const {
        std::vector<std::string> all = {path, problem.text(), "--target", target.text()};
        const auto add = [&](const char* name, const std::string& value) {
            if (!value.empty()) all.insert(all.end(), {name, value});
        };
        add("--strategy", options_.strategy);
        add("--schedule", options_.schedule);
        add("--db", options_.tuned.db_dir);
        if (options_.tuned.untuned) all.emplace_back("--untuned");
        if (options_.tuned.any_machine) all.emplace_back("--any-machine");
        if (!options_.admit) all.emplace_back("--no-admit");
        return all;
    }

    // Names what was being compiled, so that a failure can be replayed with the worker alone.
    std::string subject(const Problem& problem, const Target& target) const {
        return fmt::format("{} on {}, strategy {}, schedule {}", problem.text(), target.text(),
                           or_else(options_.strategy, "chosen"), or_else(options_.schedule, "chosen"));
    }

    Result<Object> read_outcome(const process::Outcome& outcome, const std::string& path, const Problem& problem,
                                const Target& target) const {
        const std::string what = fmt::format("{} compiling {}", path, subject(problem, target));
        switch (outcome.end) {
            case process::End::exited:
                if (outcome.value == 0) return read_object(outcome.output, what, problem, target);
                if (auto reported = protocol::decode_failure(outcome.errors, outcome.value)) return *reported;
                return failure(outcome, fmt::format("{}: exited with {}", what, outcome.value));
            case process::End::signalled:
                if (outcome.value == SIGXCPU) return Status(Code::timed_out, what + ": used up its CPU time");
                return failure(outcome, fmt::format("{}: ended by {}", what, signal_name(outcome.value)));
            case process::End::unknown: {
                auto object = read_object(outcome.output, what, problem, target);
                return object.ok() ? std::move(object) : failure(outcome, what + ": its exit code was taken away");
            }
            case process::End::timed_out:
                return Status(Code::timed_out, fmt::format("{}: not done after {} ms", what, options_.time_limit_ms));
            case process::End::cancelled:
                return Status(Code::interrupted, what + ": stopped");
            case process::End::too_much_output:
                break;
        }
        return Status(Code::corrupt, fmt::format("{}: wrote more than {} bytes", what, process::Limits().output_bytes));
    }

    // An end that the worker did not announce. SIGKILL that is not ours is how Linux ends a process when memory is out.
    Status failure(const process::Outcome& outcome, const std::string& what) const {
        const bool killed = outcome.end == process::End::signalled && outcome.value == SIGKILL;
        if (killed || speaks_of_memory(outcome.errors))
            return {Code::out_of_memory, fmt::format("{} (limit on memory: {} MiB); {}", what,
                                                     options_.memory_limit_bytes >> 20U, last_words(outcome.errors))};
        return {Code::compile_failed, fmt::format("{}; {}", what, last_words(outcome.errors))};
    }

    static Result<Object> read_object(const std::string& bytes, const std::string& what, const Problem& problem,
                                      const Target& target) {
        auto object = Object::deserialize(std::as_bytes(std::span(bytes.data(), bytes.size())));
        if (!object.ok()) return Status(Code::corrupt, fmt::format("{}: {}", what, object.status().message()));
        const ObjectInfo& info = object.value().info;
        if (info.problem != problem.text() || info.target != target.text())
            return Status(Code::corrupt, fmt::format("{}: answered for {} on {}", what, info.problem, info.target));
        // Its objects would enter a cache under our fingerprint.
        if (info.compiler != identity_text)
            return Status(Code::unsupported,
                          fmt::format("{}: another build ({}; this is {})", what, info.compiler, identity_text));
        return object;
    }

    const WorkerOptions options_;
};

}  // namespace

std::shared_ptr<Compiler> worker_compiler(const WorkerOptions& options) {
    return std::make_shared<WorkerCompiler>(options);
}

}  // namespace convt
