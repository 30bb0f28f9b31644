// SPDX-License-Identifier: Apache-2.0
// The run: compile every case through the worker, then go round all cases several times, one process a case, so that a
// slow minute of the machine falls on all cases alike. How one process measures is measure.cpp.
#include "tools/bench/bench.h"

#include "convt/engine.h"
#include "convt/worker.h"
#include "tools/bench/machine.h"
#include "tools/bench/measure.h"
#include "tools/bench/report.h"
#include "tools/bench/statistics.h"
#include "tools/bench/temporary_folder.h"
#include "tools/common/cost.h"
#include "tools/common/files.h"
#include "tools/common/interrupt.h"
#include "tools/common/progress.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/utsname.h>

#include <chrono>
#include <ctime>

namespace convt::cli {

namespace {

constexpr int processes = 5;
constexpr std::uint64_t seed = 1;

struct Options {
    std::vector<NamedProblem> problems;
    Target target;
    TunedOptions tuned;
    int threads = 1;
    std::vector<std::string> peers;
    std::string json;
};

// Times another compiler, its process included: what a user waits for.
class TimedCompiler : public Compiler {
  public:
    explicit TimedCompiler(std::shared_ptr<Compiler> inner) : inner_(std::move(inner)) {}
    Result<std::string> fingerprint(const Problem& problem, const Target& target) override {
        return inner_->fingerprint(problem, target);
    }
    Result<Object> compile(const Problem& problem, const Target& target) override {
        const auto start = std::chrono::steady_clock::now();
        auto object = inner_->compile(problem, target);
        milliseconds_ = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
        return object;
    }
    double milliseconds() const { return milliseconds_; }

  private:
    std::shared_ptr<Compiler> inner_;
    double milliseconds_ = 0.0;
};

// One case while it is being measured.
struct Case {
    CaseReport report;
    std::vector<double> medians_us;
    std::vector<double> load_ms;
    Status status;
};

class Bench {
  public:
    Bench(const Options& options, std::ostream& out, std::ostream& err)
        : options_(options), out_(out), err_(err), progress_(err) {}

    Status run() {
        if (!cache_.status().ok()) return cache_.status();
        if (Status status = compile_all(); !status.ok()) return status;
        measure_machine();
        for (int round = 0; round < processes && !interrupted(); ++round)
            measure_all(round);
        if (interrupted()) return {Code::interrupted, "interrupted"};
        progress_.clear();
        return finish();
    }

  private:
    void step(const std::string& what, const std::string& name) {
        const auto all = static_cast<double>(options_.problems.size()) * (processes + 2) + 1;
        progress_.update(steps_++ / all, what + " " + name);
    }

    void fail(Case& failed, const Status& status) {
        if (!failed.status.ok()) return;
        failed.status = status;
        progress_.clear();
        err_ << "convt-bench: " << failed.report.name << ": " << status.message() << '\n';
    }

    Status compile_all() {
        WorkerOptions worker;
        worker.tuned = options_.tuned;
        worker.cancel = &interrupt_flag();
        const auto compiler = std::make_shared<TimedCompiler>(worker_compiler(worker));
        EngineOptions engine_options;
        engine_options.cache_dir = cache_.path();
        engine_options.compiler = compiler;
        const auto engine = Engine::create(std::move(engine_options));
        if (!engine.ok()) return engine.status();
        if (!options_.problems.empty()) {  // reads the worker from the disk; later ones find it in memory
            const auto warm = compiler->compile(options_.problems.front().problem, options_.target);
            if (!warm.ok() && warm.status().code() == Code::io_error) return warm.status();
        }
        for (const NamedProblem& named : options_.problems) {
            step("compiling", named.name);
            if (interrupted()) break;
            cases_.push_back({});
            Case& c = cases_.back();
            c.report.name = named.name;
            c.report.problem = named.problem;
            const auto kernel = engine.value()->kernel(named.problem, options_.target);
            if (kernel.ok()) {
                describe(c.report, *kernel.value(), compiler->milliseconds());
            } else {
                fail(c, kernel.status());
            }
        }
        return {};
    }

    void describe(CaseReport& report, const Kernel& kernel, double worker_ms) {
        const ObjectInfo& info = kernel.info();
        machine_.compiler = info.compiler;
        report.target = info.target;
        report.threads = options_.threads;
        report.strategy = info.strategy;
        report.schedule_source = info.schedule_source;
        report.compile_ms = worker_ms - info.admission_ms;
        report.admission_ms = info.admission_ms;
        report.code_bytes = static_cast<std::int64_t>(kernel.code_bytes());
        report.packed_bytes = info.packed_bytes();
    }

    // The machine's limits, before anything is timed against them.
    void measure_machine() {
        step("measuring", "the machine");
        machine_.cpu = cpu_model();
        machine_.cpus = available_cpus();
        machine_.host = Target::host().text();
        utsname system = {};
        if (::uname(&system) == 0) machine_.system = fmt::format("{} {}", system.sysname, system.release);
        machine_.date = fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::time(nullptr)));
        machine_.threads = options_.threads;
        machine_.processes = processes;
        machine_.seed = seed;
        for (Case& c : cases_) {
            if (interrupted()) return;
            step("measuring the roofline of", c.report.name);
            if (c.status.ok()) measure_roofline(c.report);
        }
    }

    void measure_roofline(CaseReport& report) {
        const bool single = element_type_info(report.problem.type).scalar_bytes == 4;
        double& peak_gflops = single ? machine_.f32_gflops : machine_.f64_gflops;
        if (peak_gflops == 0.0) {
            const int vector_bytes = options_.target.info().vector_bytes;
            peak_gflops = 2e-9 * fma_peak(report.problem.type, vector_bytes, options_.threads);
        }
        const Cost cost = cost_of(report.problem);
        const double stream = stream_seconds(cost.touched_bytes, cost.output_bytes, options_.threads);
        const double compute = 2e-9 * cost.inside_multiply_adds / peak_gflops;
        report.roofline_us = 1e6 * std::max(compute, stream);
        report.bandwidth_gbs = 1e-9 * static_cast<double>(cost.touched_bytes + cost.output_bytes) / stream;
    }

    void measure_all(int round) {
        for (Case& c : cases_) {
            if (interrupted()) return;
            step(fmt::format("round {} of {}:", round + 1, processes), c.report.name);
            if (!c.status.ok()) continue;
            const MeasureRequest request{c.report.problem,
                                         options_.target,
                                         options_.tuned,
                                         cache_.path(),
                                         options_.threads,
                                         seed,
                                         seed + static_cast<unsigned>(round)};
            const auto measured = measure_in_process(request);
            if (!measured.ok()) {
                if (!interrupted()) fail(c, measured.status());
                continue;
            }
            const Measurement& m = measured.value();
            c.medians_us.push_back(m.median_us);
            c.load_ms.push_back(m.load_ms);
            c.report.max_error = std::max(m.max_error, c.report.max_error);  // what is not a number stays
            c.report.error_bound = std::max(c.report.error_bound, m.error_bound);
            if (!m.wrong.empty()) fail(c, Status(Code::wrong_result, m.wrong));
        }
    }

    // Reports what was measured; the first failure decides the exit code.
    Status finish() {
        std::vector<CaseReport> reports;
        Status first;
        std::size_t failed = 0;
        for (Case& c : cases_) {
            if (!c.status.ok() && failed++ == 0) first = c.status;
            if (c.medians_us.empty()) continue;
            const auto [low, high] = std::minmax_element(c.medians_us.begin(), c.medians_us.end());
            c.report.low_us = *low;
            c.report.high_us = *high;
            c.report.median_us = median(c.medians_us);
            c.report.load_ms = median(c.load_ms);
            reports.push_back(c.report);
        }
        print_table(out_, machine_, reports);
        if (Status status = write_file(options_.json, report_json(machine_, reports)); !status.ok()) return status;
        if (failed == 0) return {};
        return {first.code(), fmt::format("{} of {} cases failed", failed, cases_.size())};
    }

    const Options& options_;
    std::ostream& out_;
    std::ostream& err_;
    Progress progress_;
    int steps_ = 0;
    const TemporaryFolder cache_;
    std::vector<Case> cases_;
    MachineReport machine_;
};

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
    Options options;
    tool.add_problem_file(options.problems);
    tool.app()
        .add_option("--peers", options.peers, "Libraries to compare with; none is built here")
        ->delimiter(',')
        ->type_name("NAME,...");
    tool.app().add_option("--json", options.json, "File for the results")->required()->type_name("OUT");
    tool.add_schedules(options.tuned);
    tool.add_threads(options.threads);
    tool.add_target(options.target);
    return tool.run(arguments, out, err, [&]() -> Status {
        if (!options.peers.empty()) {
            return {Code::unsupported, fmt::format("--peers {}: not built here", fmt::join(options.peers, ","))};
        }
        const PollInterrupts poll;
        return Bench(options, out, err).run();
    });
}

}  // namespace convt::cli
