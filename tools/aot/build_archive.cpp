// SPDX-License-Identifier: Apache-2.0
// Steps: each kernel object gets its two entry points renamed and everything else made local; the generated C is
// compiled; all are linked into one relocatable object from which unreachable sections are dropped; everything but the
// archive's entry points is made local; the result becomes the archive's one member.
#include "tools/aot/build_archive.h"

#include "compiler/worker/process.h"
#include "tools/common/files.h"
#include "tools/common/temporary_folder.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <system_error>

namespace convt::aot {

namespace {

namespace fs = std::filesystem;
using Command = std::vector<std::string>;

constexpr std::uint32_t step_limit_ms = 120'000;  // the longest step, cc on some 1,000 problems, takes about 2 s

// Programs are looked up in PATH by env: `process::run` takes a path.
Status run_step(const Command& command) {
    Command full = {"/usr/bin/env"};
    full.insert(full.end(), command.begin(), command.end());
    process::Limits limits;
    limits.time_ms = step_limit_ms;
    const Result<process::Outcome> ran = process::run(full, limits);
    if (!ran.ok()) return ran.status();
    const process::Outcome& outcome = ran.value();
    if (outcome.end == process::End::exited && outcome.value == 0) return {};
    // env: 127 not found, 126 found but not runnable (POSIX).
    if (outcome.end == process::End::exited && (outcome.value == 126 || outcome.value == 127))
        return {Code::unsupported,
                fmt::format("{} cannot be run: an archive needs a C compiler ($CC or cc) and binutils "
                            "(ld, objcopy, ar)",
                            command.front())};
    return {Code::internal, fmt::format("{} ended with {}: {}", command.front(), outcome.value, outcome.errors)};
}

Status run_steps(const std::vector<Command>& commands) {
    for (const Command& command : commands) {
        Status status = run_step(command);
        if (!status.ok()) return status;
    }
    return {};
}

std::string lines(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words)
        text += word + "\n";
    return text;
}

// $CC may hold options, as for make.
Command compiler_command() {
    const char* given = std::getenv("CC");
    std::istringstream words(given == nullptr ? "" : given);
    Command command;
    for (std::string word; words >> word;)
        command.push_back(word);
    if (command.empty()) command = {"cc"};
    return command;
}

// Writes the object and makes its two entry points the only global symbols it defines.
Status put_kernel(const cli::TemporaryFolder& work, const Object& object, std::size_t p, std::size_t t,
                  std::string& file) {
    file = work.file(fmt::format("p{}_t{}.o", p, t));
    const std::string_view code(reinterpret_cast<const char*>(object.code.data()), object.code.size());
    Status status = cli::write_file(file, code);
    if (!status.ok()) return status;
    Command command = {"objcopy"};
    for (const char* what : {"run", "pack"}) {
        const std::string from = fmt::format("{}_{}_argv", object.info.symbol, what);
        const std::string to = kernel_symbol(p, t, what);
        command.push_back(fmt::format("--redefine-sym={}={}", from, to));
        command.push_back("--keep-global-symbol=" + to);
    }
    command.push_back(file);
    return run_step(command);
}

Result<std::vector<std::string>> put_kernels(const cli::TemporaryFolder& work, const ArchiveSpec& spec) {
    std::vector<std::string> files;
    for (std::size_t p = 0; p < spec.problems.size(); ++p) {
        for (std::size_t t = 0; t < spec.targets.size(); ++t) {
            Status status = put_kernel(work, spec.problems[p].objects[t], p, t, files.emplace_back());
            if (!status.ok()) return status;
        }
    }
    return files;
}

// The flags: position-independent, for any executable or library; nothing of the folder's name in the object.
Status compile_source(const cli::TemporaryFolder& work, const ArchiveSpec& spec, const std::string& support) {
    Command command = compiler_command();
    const Command flags = {"-std=c99",
                           "-O2",
                           "-fPIC",
                           "-g0",
                           "-ffile-prefix-map=" + work.path() + "=.",
                           fmt::format("-I{}", support),
                           "-c",
                           work.file(spec.name + ".c"),
                           "-o",
                           work.file("source.o")};
    command.insert(command.end(), flags.begin(), flags.end());
    return run_step(command);
}

// --force-group-allocation: sections that C++ shares between objects by name become the archive's own, else a second
// archive in one program would lose its copies.
Status link(const cli::TemporaryFolder& work, const ArchiveSpec& spec, const std::string& support,
            const std::vector<std::string>& kernels) {
    const std::vector<std::string> symbols = entry_points(spec);
    std::vector<std::string> arguments = {"-r", "--gc-sections", "--force-group-allocation"};
    for (const std::string& symbol : symbols)
        arguments.push_back(fmt::format("-u{}", symbol));
    arguments.push_back(work.file("source.o"));
    arguments.push_back(support + (spec.for_gpus() ? "/aot_support_cuda.o" : "/aot_support.o"));
    arguments.insert(arguments.end(), kernels.begin(), kernels.end());
    Status status = cli::write_file(work.file("link.rsp"), lines(arguments));
    if (status.ok()) status = cli::write_file(work.file("symbols.txt"), lines(symbols));
    if (!status.ok()) return status;
    const std::string object = work.file(spec.name + ".o");
    const std::string library = work.file("lib" + spec.name + ".a");
    return run_steps({{"ld", fmt::format("@{}", work.file("link.rsp")), "-o", object},
                      {"objcopy", "--keep-global-symbols=" + work.file("symbols.txt"), "--strip-unneeded",
                       "--remove-section=.comment", object},
                      {"ar", "rcD", library, object}});
}

}  // namespace

Result<std::string> support_folder() {
    std::error_code error;
    const fs::path program = fs::read_symlink("/proc/self/exe", error);
    const fs::path folder = (program.parent_path() / "../lib/convt/aot").lexically_normal();
    for (const char* part : {"aot.h", "aot_support.o", "aot_support_cuda.o"})
        if (!fs::exists(folder / part, error))
            return {Code::io_error,
                    fmt::format("{}: there is no such file: convt-aot is not whole", (folder / part).string())};
    return folder.string();
}

Result<ArchiveFiles> build_archive(const ArchiveSpec& spec, const std::string& support) {
    const cli::TemporaryFolder work;
    if (!work.status().ok()) return work.status();
    ArchiveFiles files;
    files.header = header_text(spec);
    Status status = cli::write_file(work.file(spec.name + ".h"), files.header);
    if (status.ok()) status = cli::write_file(work.file(spec.name + ".c"), source_text(spec));
    if (status.ok()) status = compile_source(work, spec, support);
    if (!status.ok()) return status;
    const Result<std::vector<std::string>> kernels = put_kernels(work, spec);
    if (!kernels.ok()) return kernels.status();
    status = link(work, spec, support, kernels.value());
    if (!status.ok()) return status;
    Result<std::string> library = cli::read_file(work.file("lib" + spec.name + ".a"));
    if (!library.ok()) return library.status();
    files.library = std::move(library).value();
    return files;
}

}  // namespace convt::aot
