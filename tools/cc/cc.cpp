// SPDX-License-Identifier: Apache-2.0
#include "tools/cc/cc.h"

#include "compiler/worker/protocol.h"
#include "convt/admission.h"
#include "convt/halide_compiler.h"
#include "tools/common/files.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <iostream>
#include <span>

namespace convt::cli {

namespace {

struct Request {
    std::string problem;
    std::string target = "host";
    CompileOptions options;
    bool no_admit = false;
    std::string out;    // empty: standard output
    std::string admit;  // a file to admit in place of a problem to compile
};

std::string bytes_of(const Object& object) {
    const std::vector<std::byte> bytes = object.serialize();
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Address space this process has held at most; 0 where the system does not say.
std::uint64_t peak_memory() {
    std::ifstream file("/proc/self/status");
    for (std::string word; file >> word;) {
        std::uint64_t kibibytes = 0;
        if (word == "VmPeak:" && file >> kibibytes) return kibibytes << 10U;
    }
    return 0;
}

// Near the limit on address space anything may fail, under any name: Halide reports an allocation that failed as the
// system call that did. An allocator asks for at most 64 MiB at a time unless a tensor needs more.
Status blame_memory(const Status& status) {
    constexpr std::uint64_t one_request = 64U << 20U;
    rlimit limit = {};
    const bool compiler = status.code() == Code::compile_failed || status.code() == Code::internal;
    if (!compiler || ::getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return status;
    if (peak_memory() + one_request < limit.rlim_cur) return status;
    return {Code::out_of_memory,
            fmt::format("the limit on memory, {} MiB, is reached: {}", limit.rlim_cur >> 20U, status.message())};
}

Status compile(Request& request, std::ostream& out) {
    if (request.out.empty() && &out == &std::cout && ::isatty(STDOUT_FILENO) == 1)
        return {Code::invalid_argument, "an object is not for a terminal: give --out FILE"};
    const auto problem = Problem::parse(request.problem);
    if (!problem.ok()) return problem.status();
    const auto target = Target::parse(request.target);
    if (!target.ok()) return target.status();
    request.options.admit = !request.no_admit;
    const auto object = compile_object(problem.value(), target.value(), request.options);
    if (!object.ok()) return blame_memory(object.status());
    const std::string bytes = bytes_of(object.value());
    if (!request.out.empty()) return write_file(request.out, bytes);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return {};
}

Status admit_file(const std::string& path) {
    const auto text = read_file(path);
    if (!text.ok()) return text.status();
    auto object = Object::deserialize(std::as_bytes(std::span(text.value().data(), text.value().size())));
    if (!object.ok()) return {object.status().code(), path + ": " + object.status().message()};
    const auto kernel = Kernel::load(object.value());
    if (!kernel.ok()) return kernel.status();
    const auto start = std::chrono::steady_clock::now();
    Status admitted = admit(*kernel.value());
    if (!admitted.ok()) return admitted;
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    object.value().info.admitted = true;
    object.value().info.admission_ms = took.count();
    return write_file(path, bytes_of(object.value()));
}

}  // namespace

int cc(const Arguments& arguments, std::ostream& out, std::ostream& err) {
    Request request;
    Tool tool(std::string(protocol::worker_name), "Compile one problem to an object");
    auto* const problem = tool.app().add_option("PROBLEM", request.problem, "The problem's text");
    tool.app().add_option("--target", request.target, "Instruction set (default: host)")->type_name("T");
    tool.app().add_option("--strategy", request.options.strategy, "Strategy (default: chosen)")->type_name("S");
    tool.app()
        .add_option("--schedule", request.options.schedule, "Schedule's text (default: tuned or default)")
        ->type_name("TXT");
    tool.add_schedules(request.options.tuned);
    tool.app().add_flag("--any-machine", request.options.tuned.any_machine,
                        "Default schedules for any machine, not for the caches of this one");
    tool.app().add_flag("--no-admit", request.no_admit, "Leave out the admission check");
    tool.app().add_flag("--asserts", request.options.asserts, "Keep Halide's run-time checks");
    tool.app().add_option("--out", request.out, "Where the object goes (default: standard output)")->type_name("FILE");
    auto* const admission =
        tool.app().add_option("--admit", request.admit, "Admit the object in FILE and mark it so")->type_name("FILE");
    problem->excludes(admission);
    return tool.run(arguments, out, err, [&] {
        if (request.admit.empty() && request.problem.empty())
            return protocol::encode_failure(
                Status(Code::invalid_argument, "nothing to do: give a problem or --admit FILE"));
        return protocol::encode_failure(request.admit.empty() ? compile(request, out) : admit_file(request.admit));
    });
}

}  // namespace convt::cli
