// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/measure.h"

#include "compiler/worker/process.h"
#include "convt/engine.h"
#include "convt/worker.h"
#include "tools/bench/machine.h"
#include "tools/bench/reference.h"
#include "tools/bench/statistics.h"
#include "tools/bench/tensors.h"
#include "tools/common/interrupt.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <nlohmann/json.hpp>
#include <optional>

namespace convt::cli {

namespace {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::json;

// Which statistic, and how many of what. Inside a process a call's time has a floor and a long tail of interrupts: the
// median of samples ignores the tail and, unlike the minimum, does not reward the one sample in which everything went
// well. Between processes the floor itself moves, with the pages that the tensors got and with what else the machine
// does; so the processes of a case are spread over the run, and the median of their medians is the result. Its interval
// goes from the lowest to the highest of them: n independent medians hold the true one between them with probability
// 1 - 2 / 2^n: 94 % for five, 75 % for the three of a run with peers. A sample is long against the clock's 20 to 30 ns.
constexpr double sample_seconds = 100e-6;
constexpr double warm_up_seconds = 0.05;
constexpr double timing_seconds = 0.2;
constexpr std::size_t least_samples = 5;
constexpr std::int64_t compared_outputs = 1000;
constexpr std::uint32_t process_limit_ms = 600'000;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

Result<std::shared_ptr<const Kernel>> load(const MeasureRequest& request, double& load_ms) {
    WorkerOptions worker;
    worker.tuned = request.tuned;
    EngineOptions options;
    options.cache_dir = request.cache_dir;
    options.compiler = worker_compiler(worker);
    const auto engine = Engine::create(std::move(options));
    if (!engine.ok()) return engine.status();
    const auto start = Clock::now();
    auto kernel = engine.value()->kernel(request.problem, request.target);
    load_ms = 1e3 * seconds_since(start);
    if (kernel.ok() && engine.value()->stats().disk_hits != 1) {
        return Status(Code::internal,
                      fmt::format("{}: was not in the cache at {}", request.problem.text(), request.cache_dir));
    }
    return kernel;
}

// Median seconds of a call, by the rule above.
template <typename Call>
Result<double> time_calls(const Call& call) {
    const auto warm_up = Clock::now();
    std::int64_t warm_calls = 0;
    do {
        if (Status status = call(); !status.ok()) return status;
        ++warm_calls;
    } while (seconds_since(warm_up) < warm_up_seconds);
    const double estimate = seconds_since(warm_up) / static_cast<double>(warm_calls);
    const auto calls = std::max<std::int64_t>(1, static_cast<std::int64_t>(sample_seconds / estimate));

    std::vector<double> samples;
    const auto begin = Clock::now();
    while (samples.size() < least_samples || seconds_since(begin) < timing_seconds) {
        const auto start = Clock::now();
        for (std::int64_t c = 0; c < calls; ++c) {
            if (Status status = call(); !status.ok()) return status;
        }
        samples.push_back(seconds_since(start) / static_cast<double>(calls));
    }
    return median(std::move(samples));
}

std::string running_program() {
    char path[PATH_MAX];
    const ssize_t n = ::readlink("/proc/self/exe", path, sizeof path);
    return std::string(path, static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
}

// The status of a process that did not answer.
Status failure(const MeasureRequest& request, const process::Outcome& outcome) {
    const std::string what = "measuring " + request.problem.text();
    switch (outcome.end) {
        case process::End::cancelled:
            return {Code::interrupted, "interrupted"};
        case process::End::timed_out:
            return {Code::timed_out, fmt::format("{}: not done after {} ms", what, process_limit_ms)};
        case process::End::signalled:
            return {Code::wrong_result, fmt::format("{}: ended by signal {}", what, outcome.value)};
        default:
            return {Code::internal, fmt::format("{}: {}", what, outcome.errors)};
    }
}

}  // namespace

std::string MeasureRequest::text() const {
    return Json{{"problem", problem.text()}, {"target", target.text()},   {"db_dir", tuned.db_dir},
                {"untuned", tuned.untuned},  {"cache_dir", cache_dir},    {"threads", threads},
                {"data_seed", data_seed},    {"sample_seed", sample_seed}}
        .dump();
}

Result<MeasureRequest> MeasureRequest::parse(const std::string& text) try {
    const Json json = Json::parse(text);
    const auto problem = Problem::parse(json.at("problem").get<std::string>());
    if (!problem.ok()) return problem.status();
    const auto target = Target::parse(json.at("target").get<std::string>());
    if (!target.ok()) return target.status();
    return MeasureRequest{problem.value(),
                          target.value(),
                          {json.at("db_dir").get<std::string>(), json.at("untuned").get<bool>()},
                          json.at("cache_dir").get<std::string>(),
                          json.at("threads").get<int>(),
                          json.at("data_seed").get<std::uint64_t>(),
                          json.at("sample_seed").get<std::uint64_t>()};
} catch (const Json::exception& error) {
    return Status(Code::invalid_argument, fmt::format("request: {}", error.what()));
}

std::string Measurement::text() const {
    return Json{{"load_ms", load_ms},
                {"median_us", median_us},
                {"max_error", max_error},
                {"error_bound", error_bound},
                {"wrong", wrong}}
        .dump();
}

Result<Measurement> Measurement::parse(const std::string& text) try {
    const Json json = Json::parse(text);
    const auto number = [&json](const char* name) {  // what is not a number is written as null
        return json.at(name).is_null() ? std::nan("") : json.at(name).get<double>();
    };
    return Measurement{number("load_ms"), number("median_us"), number("max_error"), number("error_bound"),
                       json.at("wrong").get<std::string>()};
} catch (const Json::exception& error) {
    return Status(Code::internal, fmt::format("measurement: {}", error.what()));
}

Result<Measurement> measure(const MeasureRequest& request) {
    if (request.threads == 1) pin_to_benchmark_cpu();
    Measurement result;
    const auto kernel = load(request, result.load_ms);
    if (!kernel.ok()) return kernel.status();

    const Problem& problem = request.problem;
    const Inputs inputs(problem, request.data_seed);
    const Tensor output(problem.types().output, problem.output_shape());
    const auto packed = kernel.value()->pack(inputs.w.view());
    if (!packed.ok()) return packed.status();
    const std::vector<TensorView> operand_views = inputs.operand_views();
    CallOptions options;
    options.operands = operand_views;
    options.threads = request.threads;
    const TensorView x = inputs.x.view();
    const TensorView y = output.view();
    const TensorView bias = problem.bias ? inputs.bias.view() : TensorView();
    const auto seconds = time_calls([&] { return kernel.value()->run(x, packed.value(), bias, y, options); });
    if (!seconds.ok()) return seconds.status();
    result.median_us = 1e6 * seconds.value();

    const Deviation deviation = compare_sampled(problem, inputs.with_output(output.data()), compared_outputs,
                                                request.sample_seed, kernel.value()->info().transform);
    result.max_error = deviation.max_error;
    result.error_bound = deviation.error_bound;
    result.wrong = deviation.wrong;
    return result;
}

Result<Measurement> measure_in_process(const MeasureRequest& request) {
    process::Limits limits;
    limits.time_ms = process_limit_ms;
    limits.cancel = &interrupt_flag();
    const auto outcome = process::run({running_program(), measure_argument, request.text()}, limits);
    if (!outcome.ok()) return outcome.status();
    const auto& [end, value, output, errors] = outcome.value();
    if (end != process::End::exited || value != 0) return failure(request, outcome.value());
    return Measurement::parse(output);
}

}  // namespace convt::cli
