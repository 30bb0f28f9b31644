// SPDX-License-Identifier: Apache-2.0
#include "tools/tune/tune.h"

#include "tools/tune/calibrate.h"
#include "tools/tune/duration.h"
#include "tools/tune/measure.h"
#include "tools/tune/merge.h"
#include "tools/tune/modelled.h"
#include "tools/tune/session.h"

namespace convt::cli {

namespace {

Status read_duration(const std::string& option, const std::string& text, double& seconds) {
    const auto duration = convt::tune::parse_duration(text);
    if (!duration.ok()) return {duration.status().code(), option + ": " + duration.status().message()};
    seconds = duration.value();
    return {};
}

}  // namespace

int tune(const Arguments& arguments, std::ostream& out, std::ostream& err) {
    if (!arguments.empty() && arguments[0] == "measure") return convt::tune::measure(arguments, out, err);
    convt::tune::Options options;
    std::string budget = "60s";
    std::string total = "30m";
    std::string dir;
    std::vector<std::string> tables, devices;
    bool by_model = false, fit_model = false;
    Tool tool("convt-tune", "Search strategies and schedules by measuring and write the tuned table that compiles use");
    const CLI::Option* const problems = tool.add_problem_file(options.problems, false);
    const CLI::Option* const merge =
        tool.app()
            .add_option("--merge", tables, "Instead: merge tables of other machines, <target>.tsv or folders of them")
            ->type_name("TABLE...");
    tool.app()
        .add_option("--budget", budget, "Time for a problem: 500ms, 5s, 2m, 1h (default: 60s)")
        ->type_name("TIME");
    tool.app().add_option("--total", total, "Time for all of them (default: 30m)")->type_name("TIME");
    tool.app()
        .add_option("--jobs", options.jobs, "Compile workers side by side (default: one per CPU but one)")
        ->check(CLI::Range(1, 256))
        ->type_name("N");
    tool.add_target(options.target);
    tool.app()
        .add_option("--db", dir, "Folder of tuned schedules (default: $XDG_DATA_HOME/convt/tuned)")
        ->type_name("DIR");
    CLI::Option* const model = tool.app().add_flag(
        "--model", by_model,
        "For a GPU's target: rank by the analytic model, without a device; rows are marked as modelled");
    tool.app()
        .add_option("--device", devices, "With --model: a100, h100, ... (default: all that run the target)")
        ->needs(model)
        ->type_name("NAME...");
    tool.app()
        .add_flag("--calibrate", fit_model, "Measure the problems on this machine's GPU and correct the model by them")
        ->excludes(model);
    tool.app()
        .add_option("--report", options.report_dir, "Write a page with plots, and logs, to DIR")
        ->type_name("DIR");
    return tool.run(arguments, out, err, [&]() -> Status {
        Status status = read_duration("--budget", budget, options.budget_s);
        if (status.ok()) status = read_duration("--total", total, options.total_s);
        if (!status.ok()) return status;
        options.db_dir = dir.empty() ? default_db_dir() : dir;
        if (options.db_dir.empty())
            return {Code::invalid_argument, "--db: no folder is given and neither XDG_DATA_HOME nor HOME is set"};
        if (problems->empty() == merge->empty())
            return {Code::invalid_argument, "either --problems or --merge is needed, and not both"};
        if (!merge->empty()) return convt::tune::merge_tables(tables, options.db_dir, out);
        if (by_model) return convt::tune::tune_by_model(options, devices, out);
        if (fit_model) return convt::tune::calibrate(options, out);
        return convt::tune::tune_problems(options, out, err);
    });
}

}  // namespace convt::cli
