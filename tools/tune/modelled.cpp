// SPDX-License-Identifier: Apache-2.0
#include "tools/tune/modelled.h"

#include "compiler/object_ptx.h"
#include "compiler/ptxas.h"
#include "convt/halide_compiler.h"
#include "convt/worker.h"
#include "tools/common/cost.h"
#include "tools/common/gpu_correction.h"
#include "tools/common/interrupt.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <functional>

namespace convt::tune {

namespace {

// Compiled, of the many that are ranked: the model's own counts are off by less than what is between these and the
// rest.
constexpr std::size_t compiled = 8;

// Visits every combination of the knobs.
void for_each(const std::vector<Knob>& knobs, std::size_t depth, Schedule& schedule,
              const std::function<void(const Schedule&)>& visit) {
    if (depth == knobs.size()) return visit(schedule);
    for (const int value : knobs[depth].values) {
        schedule.set(knobs[depth].name, value);
        for_each(knobs, depth + 1, schedule, visit);
    }
}

double hundredths(double us) {
    return std::round(100 * us) / 100;
}

bool faster(const ModelledCandidate& a, const ModelledCandidate& b) {
    return a.us < b.us;
}

Result<std::vector<const GpuDevice*>> wanted_devices(const Target& target, const std::vector<std::string>& names) {
    std::vector<const GpuDevice*> devices;
    std::vector<std::string> known;
    for (const GpuDevice& device : gpu_devices()) {
        if (!runs(device, target)) continue;
        known.emplace_back(device.name);
        if (names.empty()) devices.push_back(&device);
    }
    for (const std::string& name : names) {
        const GpuDevice* const device = find_gpu_device(name);
        if (device == nullptr || !runs(*device, target))
            return Status(Code::invalid_argument, fmt::format("--device {}: none that runs {}; there are {}", name,
                                                              target.text(), fmt::join(known, ", ")));
        devices.push_back(device);
    }
    return devices;
}

// What is compiled without tuning.
Result<ModelledCandidate> default_candidate(const Problem& problem, const Target& target) {
    CompileOptions untuned;
    untuned.tuned.untuned = true;
    const auto plan = make_plan(problem, target, untuned);
    if (!plan.ok()) return plan.status();
    const Candidate candidate{plan.value().strategy, plan.value().schedule};
    return ModelledCandidate{candidate, gpu_launch(candidate.strategy, problem, target, candidate.schedule), 0};
}

class ModelTuner {
  public:
    ModelTuner(const Options& options, std::ostream& out) : options_(options), out_(out) {}

    Status tune(const NamedProblem& named, const GpuDevice& device) {
        const Result<GpuCorrection> correction = cli::load_correction(options_.db_dir, device);
        if (!correction.ok()) return correction.status();
        Result<ModelledCandidate> first = default_candidate(named.problem, options_.target);
        if (!first.ok()) return first.status();
        ModelledCandidate& best = first.value();
        const Result<bool> works = timed(named.problem, device, correction.value(), best);
        if (!works.ok()) return works.status();
        const double default_us = best.us;
        for (ModelledCandidate& other :
             rank_by_model(named.problem, options_.target, device, correction.value(), compiled)) {
            if (cli::interrupted()) return {Code::interrupted, "interrupted; what is modelled is kept"};
            if (works.value() && other.us >= best.us) break;  // registers only add to it
            const Result<bool> good = timed(named.problem, device, correction.value(), other);
            if (!good.ok()) return good.status();
            if (good.value() && other.us < best.us) best = other;
        }
        return keep(named, device, correction.value(), best, default_us);
    }

  private:
    Result<bool> timed(const Problem& problem, const GpuDevice& device, const GpuCorrection& correction,
                       ModelledCandidate& candidate) const {
        const Result<Object> object = compile_candidate(problem, options_.target, candidate.candidate);
        // Without a worker none will compile; what fails for itself is passed over.
        if (object.status().code() == Code::io_error) return object.status();
        const Result<bool> works = object.ok() ? take_registers(object.value(), device, candidate.launch) : false;
        candidate.us = gpu_time(device, candidate.launch, correction).us;
        return works;
    }

    Status keep(const NamedProblem& named, const GpuDevice& device, const GpuCorrection& correction,
                const ModelledCandidate& best, double default_us) {
        TunedRow row;
        row.problem = named.problem.text();
        row.strategy = best.candidate.strategy;
        row.schedule = best.candidate.schedule;
        row.median_us = row.low_us = row.high_us = hundredths(best.us);
        row.default_us = hundredths(default_us);
        row.date = fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::time(nullptr)));
        row.versions = compiler_identity();
        row.cpu = device.model;
        row.machine = device.machine();
        row.modelled = true;
        const std::string path = tuned_path(options_.db_dir, options_.target);
        auto table = TunedTable::load(path);
        if (!table.ok()) return table.status();
        table.value().put(row);
        if (Status saved = table.value().save(path); !saved.ok()) return saved;
        const cli::Cost cost = cli::cost_of(named.problem);
        const double least = gpu_roofline_us(device, best.launch.wide, cost.inside_multiply_adds,
                                             static_cast<double>(cost.touched_bytes + cost.output_bytes));
        out_ << fmt::format(
            "{}: {}: {:.1f} us modelled, limited by {}, {:.0f} % of the roofline, default {:.1f} us: {}\n", named.name,
            device.name, best.us, name_of(gpu_time(device, best.launch, correction).limit), 100 * least / best.us,
            default_us, best.candidate.text());
        return {};
    }

    const Options& options_;
    std::ostream& out_;
};

}  // namespace

std::vector<ModelledCandidate> rank_by_model(const Problem& problem, const Target& target, const GpuDevice& device,
                                             const GpuCorrection& correction, std::size_t count) {
    std::vector<ModelledCandidate> best;  // fastest first
    for (const std::string& strategy : strategy_names(target)) {
        if (!refusal(strategy, problem, target).empty()) continue;
        Schedule all;
        for_each(schedule_space(strategy, problem, target), 0, all, [&](const Schedule& schedule) {
            ModelledCandidate one{{strategy, schedule}, gpu_launch(strategy, problem, target, schedule), 0};
            one.us = gpu_time(device, one.launch, correction).us;
            if (best.size() == count && !faster(one, best.back())) return;
            if (!check_schedule(strategy, problem, target, schedule).ok()) return;
            best.insert(std::upper_bound(best.begin(), best.end(), one, faster), one);
            if (best.size() > count) best.pop_back();
        });
    }
    return best;
}

Result<Object> compile_candidate(const Problem& problem, const Target& target, const Candidate& candidate) {
    WorkerOptions worker;
    worker.strategy = candidate.strategy;
    worker.schedule = candidate.schedule.text();
    worker.tuned.untuned = true;
    return worker_compiler(worker)->compile(problem, target);
}

Result<bool> take_registers(const Object& object, const GpuDevice& device, GpuLaunch& launch) {
    const Result<ObjectPtx> ptx = ptx_of(object);
    if (!ptx.ok()) return ptx.status();
    const std::string ptxas = find_ptxas();
    if (ptxas.empty()) return true;
    const auto figures = assembly_figures(ptxas, ptx.value(), device.capability);
    if (!figures) return false;
    launch.registers = figures->registers;
    return figures->spill_bytes == 0;
}

Status tune_by_model(const Options& options, const std::vector<std::string>& devices, std::ostream& out) {
    if (!options.target.is_gpu())
        return {
            Code::invalid_argument,
            fmt::format("--model: target {} is a CPU, which is measured; a GPU's is modelled", options.target.text())};
    const auto wanted = wanted_devices(options.target, devices);
    if (!wanted.ok()) return wanted.status();
    if (find_ptxas().empty()) out << "there is no ptxas: registers are as schedules plan them\n";
    const cli::PollInterrupts polling;
    ModelTuner tuner(options, out);
    for (const NamedProblem& named : options.problems) {
        for (const GpuDevice* const device : wanted.value()) {
            if (Status status = tuner.tune(named, *device); !status.ok())
                return {status.code(), named.name + ": " + status.message()};
        }
    }
    return {};
}

}  // namespace convt::tune
