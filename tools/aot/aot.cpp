// SPDX-License-Identifier: Apache-2.0
#include "tools/aot/aot.h"

#include "convt/worker.h"
#include "tools/aot/build_archive.h"
#include "tools/aot/compile_kernels.h"
#include "tools/aot/request.h"
#include "tools/common/files.h"
#include "tools/common/interrupt.h"
#include "tools/common/progress.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>
#include <thread>

namespace convt::aot {

namespace {

struct Options {
    std::vector<NamedProblem> problems;
    std::string problem_file;
    std::vector<std::string> targets = {"x86-64-v3", "x86-64-v4"};
    std::string folder;
    std::string name;
    TunedOptions tuned;
    int jobs = 0;
};

// Each kernel by a worker of its own: only a fresh process gives the same bytes every time, for Halide numbers its
// names from process start.
Result<ArchiveSpec> compile_all(const Options& options, const std::string& name, const std::vector<Target>& targets,
                                std::ostream& err) {
    WorkerOptions worker;
    worker.tuned = options.tuned;
    worker.tuned.any_machine = true;  // the same archive wherever it is built
    const auto compiler = worker_compiler(worker);
    const cli::PollInterrupts polling;
    cli::Progress progress(err);
    const auto report = [&](std::size_t done, std::size_t total, const std::string& kernel) {
        progress.update(static_cast<double>(done) / static_cast<double>(total), kernel);
        return !cli::interrupted();
    };
    const int jobs = options.jobs > 0 ? options.jobs : static_cast<int>(std::thread::hardware_concurrency());
    return compile_kernels(name, options.problems, targets, *compiler, jobs, report);
}

void list_kernels(const ArchiveSpec& spec, std::ostream& out) {
    for (const ProblemKernels& kernels : spec.problems)
        for (const Object& object : kernels.objects)
            out << fmt::format("{} {}: {} ({}), {}\n", kernels.named.name, object.info.target, object.info.strategy,
                               object.info.schedule_source,
                               object.info.admitted ? "admitted" : "unadmitted: this machine cannot run it");
}

Status write_files(const Options& options, const std::string& name, const ArchiveFiles& files, std::ostream& out) {
    std::error_code error;
    std::filesystem::create_directories(options.folder, error);
    if (error) return {Code::io_error, fmt::format("{}: cannot be made: {}", options.folder, error.message())};
    const std::string library = fmt::format("{}/lib{}.a", options.folder, name);
    const std::string header = fmt::format("{}/{}.h", options.folder, name);
    Status status = cli::write_file(library, files.library);
    if (status.ok()) status = cli::write_file(header, files.header);
    if (status.ok()) out << fmt::format("{} ({} bytes)\n{}\n", library, files.library.size(), header);
    return status;
}

Status make(const Options& options, std::ostream& out, std::ostream& err) {
    const Result<std::string> name = archive_name(options.name, options.problem_file);
    if (!name.ok()) return name.status();
    if (options.problems.empty())
        return {Code::invalid_argument, fmt::format("problems: {} holds none", options.problem_file)};
    const Result<std::vector<Target>> targets = archive_targets(options.targets);
    if (!targets.ok()) return targets.status();
    const Result<std::string> support = support_folder();
    if (!support.ok()) return support.status();
    const Result<ArchiveSpec> spec = compile_all(options, name.value(), targets.value(), err);
    if (!spec.ok()) return spec.status();
    const Result<ArchiveFiles> files = build_archive(spec.value(), support.value());
    if (!files.ok()) return files.status();
    list_kernels(spec.value(), out);
    return write_files(options, name.value(), files.value(), out);
}

}  // namespace

int aot_main(const cli::Arguments& arguments, std::ostream& out, std::ostream& err) {
    Options options;
    cli::Tool tool("convt-aot", "Compile problems ahead of time into a static library and a C header");
    tool.add_problem_file(options.problems);
    tool.app()
        .add_option("--targets", options.targets,
                    "Instruction sets, separated by commas; the best one that a CPU has is "
                    "picked at run time (default: x86-64-v3,x86-64-v4)")
        ->delimiter(',')
        ->type_name("T");
    tool.app().add_option("--out", options.folder, "Folder for lib<NAME>.a and <NAME>.h")->required()->type_name("DIR");
    tool.app()
        .add_option("--name", options.name, "What the library and its functions are called (default: FILE's stem)")
        ->type_name("NAME");
    tool.add_schedules(options.tuned);
    tool.app()
        .add_option("--threads", options.jobs, "Kernels compiled at once (default: one per CPU)")
        ->check(CLI::Range(1, 1024))
        ->type_name("N");
    return tool.run(arguments, out, err, [&] {
        options.problem_file = tool.app().get_option("--problems")->as<std::string>();
        return make(options, out, err);
    });
}

}  // namespace convt::aot
