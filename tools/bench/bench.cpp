// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/bench.h"

#include "tools/bench/measure.h"
#include "tools/bench/run.h"
#include "tools/common/interrupt.h"

namespace convt::cli {

namespace {

int measure_tool(const std::string& text, std::ostream& out, std::ostream& err) {
    const auto request = MeasureRequest::parse(text);
    const auto measured = request.ok() ? measure(request.value()) : Result<Measurement>(request.status());
    if (measured.ok()) {
        out << measured.value().text() << '\n';
    } else {
        err << measured.status().message() << '\n';
    }
    return exit_code(measured.status().code());
}

}  // namespace

int bench_tool(const Arguments& arguments, std::ostream& out, std::ostream& err) {
    if (arguments.size() == 2 && arguments[0] == measure_argument) return measure_tool(arguments[1], out, err);
    Tool tool("convt-bench", "Measures kernels against the limits of this machine.");
    BenchOptions options;
    tool.add_problem_file(options.problems);
    tool.app()
        .add_option("--peers", options.peers,
                    "Libraries to compare with, or \"all\" (tools/setup-peers installs them); convt_untuned is convt "
                    "itself with its default schedules")
        ->delimiter(',')
        ->type_name("NAME,...");
    tool.app().add_option("--json", options.json, "File for the results")->required()->type_name("OUT");
    tool.app()
        .add_option("--picture", options.picture, "File for the ratios as a picture: FILE.svg and FILE.png")
        ->type_name("FILE");
    tool.app().add_flag("--resume", options.resume, "Go on with an interrupted run (its journal lies next to OUT)");
    tool.add_schedules(options.tuned);
    tool.add_threads(options.threads);
    tool.add_target(options.target);
    return tool.run(arguments, out, err, [&]() -> Status {
        const PollInterrupts poll;
        return run_bench(options, out, err);
    });
}

}  // namespace convt::cli
