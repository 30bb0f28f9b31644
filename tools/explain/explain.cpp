// SPDX-License-Identifier: Apache-2.0
// One fact a line, its name in front. The kernel is compiled, for sizes that only an object knows; it is not run.
#include "tools/explain/explain.h"

#include "compiler/object_ptx.h"
#include "compiler/phase_table.h"
#include "compiler/ptxas.h"
#include "convt/engine.h"
#include "convt/halide_compiler.h"
#include "convt/worker.h"
#include "runtime/target/dot_product.h"
#include "schedules/gpu_time.h"
#include "tools/common/cost.h"
#include "tools/common/npy.h"

#include <fmt/format.h>

#include <string_view>

namespace convt::cli {

namespace {

struct Options {
    Problem problem;
    Target target;
    CompileOptions compile;
};

class Facts {
  public:
    explicit Facts(std::ostream& out) : out_(out) {}
    void line(std::string_view name, const std::string& value) { out_ << fmt::format("{:<14} {}\n", name, value); }
    void bytes(std::string_view name, std::int64_t value) { line(name, fmt::format("{} bytes", value)); }

  private:
    std::ostream& out_;
};

// The input with the zeros around it that taps read: what a strategy that copies it needs at least.
std::int64_t padded_bytes(const Problem& problem) {
    const Problem wide = problem.gathered().unfolded();
    std::int64_t bytes = problem.batch * wide.in_channels * element_type_info(problem.types().sum).bytes();
    for (int a = 0; a < problem.rank; ++a) {
        const PhaseTable phases(wide.axes[static_cast<std::size_t>(a)]);
        bytes *=
            (phases.positions() - 1) * phases.position_step() + 1 + phases.highest_offset() - phases.lowest_offset();
    }
    return bytes;
}

void explain_plan(Facts& facts, const Plan& plan) {
    facts.line("strategy", fmt::format("{}: {}", plan.strategy, plan.reason));
    facts.line("schedule", fmt::format("{} ({})", plan.schedule.text(), plan.source));
    for (const StaleRow& row : plan.stale)
        facts.line("passed over", fmt::format("tuned {}: {}", row.row, row.reason));
    for (const Refusal& refusal : plan.refusals)
        facts.line("refused", fmt::format("{}: {}", refusal.strategy, refusal.reason));
}

void explain_sizes(Facts& facts, const Problem& problem, const Cost& cost, const Object& object) {
    facts.bytes("input", cost.input_bytes);
    facts.bytes("output", cost.output_bytes);
    facts.bytes("weights", cost.weight_bytes);
    for (const EpilogueOperand& operand : problem.epilogue_operands())
        facts.line("operand", fmt::format("{}: {}, shape {}", operand.name, element_type_info(operand.type).name,
                                          shape_text(problem.operand_shape(operand))));
    facts.bytes("packed", object.info.packed_bytes());
    facts.bytes("padded copy", padded_bytes(problem));
    facts.bytes("object", static_cast<std::int64_t>(object.code.size()));
}

// Of the core's FMA peak, for sums of products alone: two vectors a cycle (schedules/model.h).
void explain_prediction(Facts& facts, const Options& options, const Plan& plan, const Cost& cost) {
    const double lanes = static_cast<double>(options.target.info().vector_bytes) /
                         element_type_info(options.problem.types().sum).scalar_bytes;
    const double least = cost.inside_multiply_adds / (2 * lanes);
    const double cycles =
        estimate_cycles(plan.strategy, options.problem, options.target, plan.schedule, Machine::host());
    facts.line("predicted", fmt::format("{:.0f} cycles, {:.0f} % of the FMA peak", cycles, 100 * least / cycles));
    if (plan.measured_us <= 0) return;
    facts.line("measured",
               fmt::format("{:.1f} us, {:.1f} GFLOP/s inside the output; the default schedule {:.1f} us",
                           plan.measured_us, cost.inside_multiply_adds * 2e-3 / plan.measured_us, plan.default_us));
}

// Of every device that runs the target: modelled from the counts of the schedule, with the registers that the assembler
// gives, or, where there is none, those that the schedule plans with.
void explain_devices(Facts& facts, const Options& options, const Plan& plan, const Object& object, const Cost& cost) {
    const Result<ObjectPtx> ptx = ptx_of(object);
    const std::string ptxas = find_ptxas();
    GpuLaunch launch = gpu_launch(plan.strategy, options.problem, options.target, plan.schedule);
    const auto bytes = static_cast<double>(cost.touched_bytes + cost.output_bytes);
    for (const GpuDevice& device : gpu_devices()) {
        if (!runs(device, options.target)) continue;
        const auto figures =
            ptx.ok() && !ptxas.empty() ? assembly_figures(ptxas, ptx.value(), device.capability) : std::nullopt;
        if (figures) launch.registers = figures->registers;
        const GpuTime time = gpu_time(device, launch);
        const double least = gpu_roofline_us(device, launch.wide, cost.inside_multiply_adds, bytes);
        facts.line("modelled",
                   fmt::format("{}: {:.1f} us, limited by {}, {:.0f} % of the roofline, occupancy {:.0f} %",
                               device.name, time.us, name_of(time.limit), 100 * least / time.us, 100 * time.occupancy));
    }
}

void explain_roofline(Facts& facts, const Problem& problem, const Cost& cost) {
    const double flops = 2.0 * cost.inside_multiply_adds;
    const std::int64_t bytes = cost.touched_bytes + cost.output_bytes;
    facts.line("multiply-adds", fmt::format("{}", problem.multiply_adds()));
    facts.line("roofline", fmt::format("{:.0f} flops inside the output, {} bytes touched once, {:.2f} flops a byte",
                                       flops, bytes, flops / static_cast<double>(bytes)));
}

Status explain(const Options& options, std::ostream& out) {
    const Problem& problem = options.problem;
    const Result<Plan> plan = make_plan(problem, options.target, options.compile);
    if (!plan.ok()) return plan.status();
    const Result<Object> object = compile_object(problem, options.target, options.compile);
    if (!object.ok()) return object.status();
    WorkerOptions worker;
    worker.tuned = options.compile.tuned;
    const Result<std::string> fingerprint = worker_compiler(worker)->fingerprint(problem, options.target);
    if (!fingerprint.ok()) return fingerprint.status();

    Facts facts(out);
    const Cost cost = cost_of(problem);
    facts.line("problem", problem.text());
    facts.line("target", relevant_target(problem, options.target).text());
    if (problem.is_open()) facts.line("nominal sizes", shape_text(problem.input_shape()) + ", for which the rest is");
    facts.line("output shape", shape_text(problem.output_shape()));
    if (problem.unfolded() != problem) facts.line("folded from", problem.unfolded().text());
    explain_plan(facts, plan.value());
    explain_sizes(facts, problem, cost, object.value());
    explain_roofline(facts, problem, cost);
    if (options.target.is_gpu())
        explain_devices(facts, options, plan.value(), object.value(), cost);
    else
        explain_prediction(facts, options, plan.value(), cost);
    facts.line("cache key", cache_key(problem, options.target, fingerprint.value()));
    return {};
}

}  // namespace

int explain_tool(const Arguments& arguments, std::ostream& out, std::ostream& err) {
    Tool tool("convt-explain", "Shows what convt makes of a problem: plan, refusals, sizes, roofline, cache key.");
    Options options;
    options.compile.admit = false;
    tool.add_problem(options.problem);
    tool.add_schedules(options.compile.tuned);
    tool.add_target(options.target);
    return tool.run(arguments, out, err, [&] { return explain(options, out); });
}

}  // namespace convt::cli
