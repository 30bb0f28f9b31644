// SPDX-License-Identifier: Apache-2.0
#include "tools/tune/calibrate.h"

#include "convt/halide_compiler.h"
#include "tools/common/files.h"
#include "tools/common/gpu_correction.h"
#include "tools/common/interrupt.h"
#include "tools/common/temporary_folder.h"
#include "tools/tune/bench.h"
#include "tools/tune/modelled.h"
#include "tools/tune/place.h"
#include "tools/tune/statistic.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace convt::tune {

namespace {

// Which bound limits depends on the factors: half a step at a time, the fit ends after some ten rounds.
constexpr int fit_rounds = 40;
// Outside of it a factor says that the model is wrong, not that its figures are off.
constexpr double least_factor = 0.1, most_factor = 10;
constexpr double measured_ms = 100;

std::size_t index_of(GpuBound bound) {
    return static_cast<std::size_t>(bound);
}

// Factors of the bound that limits: measured over modelled, once the launch is taken off, or all else for the launch.
double factor_of(const GpuTime& time, double us) {
    const double launch = time.bounds[index_of(GpuBound::launch)];
    const double rest = time.us - launch;
    return time.limit == GpuBound::launch ? (us - rest) / launch : (us - launch) / rest;
}

std::vector<double> ranks(std::span<const double> values) {
    std::vector<double> result;
    for (const double value : values) {
        const auto below = std::count_if(values.begin(), values.end(), [&](double other) { return other < value; });
        const auto equal = std::count(values.begin(), values.end(), value);
        result.push_back(static_cast<double>(below) + static_cast<double>(equal - 1) / 2);
    }
    return result;
}

class Calibration {
  public:
    Calibration(const Options& options, const GpuDevice& device, std::ostream& out)
        : options_(options), device_(device), cores_(Cores::of_this_process()), out_(out) {}

    Status measure(const NamedProblem& named) {
        CompileOptions untuned;
        untuned.tuned.untuned = true;
        const auto plan = make_plan(named.problem, options_.target, untuned);
        if (!plan.ok()) return plan.status();
        ModelledCandidate candidate{{plan.value().strategy, plan.value().schedule}, {}, 0};
        candidate.launch = gpu_launch(plan.value().strategy, named.problem, options_.target, plan.value().schedule);
        const auto object = compile_candidate(named.problem, options_.target, candidate.candidate);
        if (!object.ok()) return object.status();
        const auto works = take_registers(object.value(), device_, candidate.launch);
        if (!works.ok()) return works.status();
        const std::vector<std::byte> bytes = object.value().serialize();
        const std::string path = objects_.file("kernel");
        Status written = cli::write_file(path, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
        if (!written.ok()) return written;
        const auto bench = process_bench(named.problem, options_.target, objects_.path(), cores_, nullptr);
        const auto us = bench->measure(path, {measured_ms, 0.0});
        if (!us.ok()) return us.status();
        measured_.push_back({candidate.launch, us.value()});
        out_ << fmt::format("{}: {:.1f} us, modelled {:.1f} us\n", named.name, us.value(),
                            gpu_time(device_, candidate.launch).us);
        return {};
    }

    Status keep() const {
        const GpuCorrection correction = fit_correction(device_, measured_);
        std::vector<double> us, before, after;
        for (const Measured& one : measured_) {
            us.push_back(one.us);
            before.push_back(gpu_time(device_, one.launch).us);
            after.push_back(gpu_time(device_, one.launch, correction).us);
        }
        out_ << fmt::format("rank correlation of modelled with measured times: {:.3f}, {:.3f} corrected\n",
                            rank_correlation(before, us), rank_correlation(after, us));
        const Status saved = cli::save_correction(options_.db_dir, device_, correction);
        if (saved.ok()) out_ << cli::correction_path(options_.db_dir, device_) << '\n';
        return saved;
    }

  private:
    const Options& options_;
    const GpuDevice& device_;
    const Cores cores_;
    std::ostream& out_;
    const cli::TemporaryFolder objects_;
    std::vector<Measured> measured_;
};

}  // namespace

GpuCorrection fit_correction(const GpuDevice& device, std::span<const Measured> measured) {
    GpuCorrection correction;
    for (int round = 0; round < fit_rounds; ++round) {
        std::array<std::vector<double>, gpu_bounds> factors;
        for (const Measured& one : measured) {
            const GpuTime time = gpu_time(device, one.launch, correction);
            factors[index_of(time.limit)].push_back(factor_of(time, one.us));
        }
        for (std::size_t i = 0; i < gpu_bounds; ++i) {
            if (factors[i].empty()) continue;
            const double wanted = std::max(median(std::move(factors[i])), least_factor);
            correction.factor[i] = std::clamp(correction.factor[i] * std::sqrt(wanted), least_factor, most_factor);
        }
    }
    return correction;
}

double rank_correlation(std::span<const double> a, std::span<const double> b) {
    if (a.size() != b.size() || a.size() < 2) return 0;
    const std::vector<double> first = ranks(a), second = ranks(b);
    const double mean = static_cast<double>(a.size() - 1) / 2;
    double both = 0, of_first = 0, of_second = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        both += (first[i] - mean) * (second[i] - mean);
        of_first += (first[i] - mean) * (first[i] - mean);
        of_second += (second[i] - mean) * (second[i] - mean);
    }
    return of_first > 0 && of_second > 0 ? both / std::sqrt(of_first * of_second) : 0;
}

Status calibrate(const Options& options, std::ostream& out) {
    if (!options.target.is_gpu())
        return {Code::invalid_argument,
                fmt::format("--calibrate: target {} is a CPU, which is measured; the model is of "
                            "GPUs",
                            options.target.text())};
    const Result<Place> place = place_of(options.target, options.db_dir);
    if (!place.ok()) return place.status();
    if (!place.value().gpu)
        return {Code::no_device,
                fmt::format("device {}: the table in schedules/gpu_device.cpp has no row for it", place.value().name)};
    const cli::PollInterrupts polling;
    Calibration calibration(options, *place.value().gpu->device, out);
    for (const NamedProblem& named : options.problems) {
        if (cli::interrupted()) return {Code::interrupted, "interrupted; nothing is written"};
        if (Status status = calibration.measure(named); !status.ok())
            return {status.code(), named.name + ": " + status.message()};
    }
    return calibration.keep();
}

}  // namespace convt::tune
