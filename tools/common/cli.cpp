// SPDX-License-Identifier: Apache-2.0
#include "tools/common/cli.h"

#include "convt/engine.h"
#include "tools/common/files.h"
#include "tools/common/interrupt.h"

#include <exception>
#include <iostream>
#include <memory>
#include <new>

namespace convt::cli {

namespace {

constexpr int max_threads = 1024;

}  // namespace

Tool::Tool(const std::string& name, const std::string& summary) : name_(name), app_(summary, name) {
    app_.set_version_flag("--version", name + " " + convt::version(), "Print the version and exit");
    app_.get_formatter()->column_width(32);
}

void Tool::add_schedules(TunedOptions& tuned) {
    app_.add_option("--db", tuned.db_dir, "Folder of tuned schedules (default: $XDG_DATA_HOME/convt/tuned)")
        ->type_name("DIR");
    app_.add_flag("--untuned", tuned.untuned, "Use default schedules, whatever has been tuned");
}

void Tool::add_threads(int& threads) {
    const std::string unset = threads == 0 ? "one per CPU" : std::to_string(threads);
    app_.add_option("--threads", threads, "Threads a kernel runs on (default: " + unset + ")")
        ->check(CLI::Range(1, max_threads))
        ->type_name("N");
}

void Tool::add_target(Target& target) {
    target = Target::host();
    const auto text = std::make_shared<std::string>("host");
    app_.add_option("--target", *text, "Instruction set, with +feature for more (default: host)")->type_name("T");
    steps_.emplace_back([text, &target] {
        Result<Target> parsed = Target::parse(*text);
        if (!parsed.ok()) return parsed.status();
        target = parsed.value();
        return Status();
    });
}

void Tool::add_problem(Problem& problem) {
    const auto text = std::make_shared<std::string>();
    app_.add_option("PROBLEM", *text, "A problem's text, such as convt2d_f32_ci64_co32_i16_k4_s2_p1")->required();
    steps_.emplace_back([text, &problem] {
        Result<Problem> parsed = Problem::parse(*text);
        if (!parsed.ok()) return parsed.status();
        problem = std::move(parsed).value();
        return Status();
    });
}

CLI::Option* Tool::add_problem_file(std::vector<NamedProblem>& problems, bool required) {
    const auto path = std::make_shared<std::string>();
    CLI::Option* const option =
        app_.add_option("--problems", *path, "Problem file: a line is name<TAB>problem[<TAB>note]");
    option->required(required)->type_name("FILE");
    steps_.emplace_back([path, option, &problems] {
        if (option->empty()) return Status();
        auto read = read_problem_file(*path);
        if (!read.ok()) return read.status();
        problems = std::move(read).value();
        return Status();
    });
    return option;
}

Status Tool::run_steps(const std::function<Status()>& body) const {
    for (const Step& step : steps_) {
        Status status = step();
        if (!status.ok()) return status;
    }
    return body();
}

int Tool::run(const Arguments& arguments, std::ostream& out, std::ostream& err, const std::function<Status()>& body) {
    Status status;
    try {
        app_.parse(Arguments(arguments.rbegin(), arguments.rend()));  // CLI11 takes them last first
        status = run_steps(body);
    } catch (const CLI::Success& asked) {
        app_.exit(asked, out, err);
    } catch (const CLI::ParseError& error) {
        status = Status(Code::invalid_argument, std::string(error.what()) + "\nRun with --help for more information.");
    } catch (const std::bad_alloc&) {
        status = Status(Code::out_of_memory, "out of memory");
    } catch (const std::exception& error) {
        status = Status(Code::internal, std::string("internal error: ") + error.what());
    }
    if (!status.ok()) err << name_ << ": " << status.message() << '\n';
    return exit_code(status.code());
}

int run_main(int argc, char** argv, ToolFunction tool) noexcept {
    exit_on_interrupt();
    try {
        const int code = tool(Arguments(argv + (argc > 0 ? 1 : 0), argv + argc), std::cout, std::cerr);
        std::cout.flush();
        if (std::cout.good()) return code;
        std::cerr << "standard output: cannot be written\n";
        return exit_code(Code::io_error);
    } catch (const std::exception&) {
        return exit_code(Code::out_of_memory);  // Tool::run lets nothing else through
    }
}

Result<std::vector<NamedProblem>> read_problem_file(const std::string& path) {
    Result<std::string> text = read_file(path);
    if (!text.ok()) return text.status();
    auto problems = parse_problem_file(text.value());
    if (!problems.ok()) return Status(problems.status().code(), path + ": " + problems.status().message());
    return problems;
}

}  // namespace convt::cli
