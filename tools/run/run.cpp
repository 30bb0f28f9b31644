// SPDX-License-Identifier: Apache-2.0
// Files are read and checked before anything is compiled, so that a wrong shape is told at once.
#include "tools/run/run.h"

#include "convt/engine.h"
#include "convt/worker.h"
#include "runtime/problem/open.h"
#include "tools/common/files.h"
#include "tools/common/interrupt.h"
#include "tools/common/npy.h"

#include <fmt/format.h>

#include <functional>
#include <numeric>
#include <optional>

namespace convt::cli {

namespace {

using Shape = std::vector<std::int64_t>;

struct Options {
    Problem problem;
    Target target;
    TunedOptions tuned;
    int threads = 0;
    std::string x, w, bias, y;
    std::vector<std::string> operands;  // NAME=FILE
};

struct Inputs {
    Problem problem;  // of this call
    Array x, w;
    std::optional<Array> bias;
    std::vector<Array> operands;  // in the epilogue's order
    bool batched = true;
};

Shape without_batch(Shape shape) {
    shape.erase(shape.begin());
    return shape;
}

Result<Array> read_array(const std::string& name, const std::string& path) {
    Result<Array> array = read_npy(path);
    if (!array.ok()) return Status(array.status().code(), name + ": " + array.status().message());
    return array;
}

// The problem of a call with an input of this shape: what is open takes its sizes.
Result<Problem> closed_by(const Problem& problem, const Shape& shape) {
    if (!problem.is_open()) return problem;
    Result<Problem> call = closed_by_input(problem, shape);
    if (!call.ok()) return Status(call.status().code(), "--x: " + call.status().message());
    return call;
}

// The type and shape of what option `name`'s file holds must be the problem's, or for `unbatched` that shape.
Result<Array> checked(const std::string& name, const std::string& path, Result<Array> array, ElementType type,
                      const Shape& shape, const std::optional<Shape>& unbatched = {}) {
    if (!array.ok()) return array;
    const Array& read = array.value();
    if (read.type != type) {
        return Status(Code::invalid_argument,
                      fmt::format("{}: {}: element type is {}, must be {} as in the problem", name, path,
                                  element_type_info(read.type).name, element_type_info(type).name));
    }
    if (read.shape != shape && read.shape != unbatched) {
        return Status(Code::invalid_argument,
                      fmt::format("{}: {}: shape is {}, must be {}{}", name, path, shape_text(read.shape),
                                  shape_text(shape), unbatched ? " or " + shape_text(*unbatched) : ""));
    }
    return array;
}

Result<Array> read_tensor(const std::string& name, const std::string& path, ElementType type, const Shape& shape) {
    return checked(name, path, read_array(name, path), type, shape);
}

// The file given for an operand; empty where there is none.
std::string file_of(const std::vector<std::string>& given, const std::string& name) {
    for (const std::string& option : given)
        if (option.compare(0, name.size() + 1, name + "=") == 0) return option.substr(name.size() + 1);
    return {};
}

// As many as the epilogue takes, each once.
Status read_operands(const Options& options, Inputs& inputs) {
    const Problem& problem = inputs.problem;
    std::vector<std::string> names;
    for (const EpilogueOperand& operand : problem.epilogue_operands()) {
        names.push_back(operand.name);
        const std::string path = file_of(options.operands, operand.name);
        if (path.empty())
            return {Code::invalid_argument,
                    fmt::format("--operand {}=FILE: missing, the epilogue takes it", operand.name)};
        const Shape shape = problem.operand_shape(operand);
        const bool unbatched = !inputs.batched && operand.shape == OperandShape::as_output;
        Result<Array> array =
            read_tensor("--operand " + operand.name, path, operand.type, unbatched ? without_batch(shape) : shape);
        if (!array.ok()) return array.status();
        inputs.operands.push_back(std::move(array).value());
    }
    if (options.operands.size() == names.size()) return {};
    return {Code::invalid_argument, fmt::format("--operand: {} given, must be {}{}{}", options.operands.size(),
                                                names.size(), names.empty() ? "" : ": ", fmt::join(names, ", "))};
}

Result<Inputs> read_inputs(const Options& options) {
    if (options.problem.bias != !options.bias.empty()) {
        return Status(Code::invalid_argument, options.problem.bias ? "--bias: missing, but the problem has a bias"
                                                                   : "--bias: given, but the problem has no bias");
    }
    Result<Array> x = read_array("--x", options.x);
    if (!x.ok()) return x.status();
    const Result<Problem> call = closed_by(options.problem, x.value().shape);
    if (!call.ok()) return call.status();
    const Problem& problem = call.value();
    const Shape shape = problem.input_shape();
    const auto unbatched = problem.batch == 1 ? std::optional(without_batch(shape)) : std::nullopt;
    x = checked("--x", options.x, std::move(x), problem.types().input, shape, unbatched);
    if (!x.ok()) return x.status();
    Result<Array> w = read_tensor("--w", options.w, problem.types().weights, problem.weight_shape());
    if (!w.ok()) return w.status();
    Inputs inputs{problem, std::move(x).value(), std::move(w).value(), {}, {}, true};
    inputs.batched = inputs.x.shape == shape;
    if (problem.bias) {
        Result<Array> bias = read_tensor("--bias", options.bias, problem.types().sum, {problem.out_channels});
        if (!bias.ok()) return bias.status();
        inputs.bias = std::move(bias).value();
    }
    if (Status status = read_operands(options, inputs); !status.ok()) return status;
    return inputs;
}

Result<std::shared_ptr<const Kernel>> find_kernel(const Options& options) {
    // Interrupted, the compile worker is ended too.
    const PollInterrupts poll;
    WorkerOptions worker;
    worker.cancel = &interrupt_flag();
    worker.tuned = options.tuned;
    EngineOptions engine_options;
    engine_options.compiler = worker_compiler(worker);
    const auto engine = Engine::create(std::move(engine_options));
    if (!engine.ok()) return engine.status();
    return engine.value()->kernel(options.problem, options.target);
}

TensorView view(const Array& array) {
    return TensorView::dense(static_cast<const void*>(array.data.data()), array.type, array.shape);
}

Status run(const Options& options) {
    const Result<Inputs> inputs = read_inputs(options);
    if (!inputs.ok()) return inputs.status();
    const auto kernel = find_kernel(options);
    if (!kernel.ok()) return kernel.status();
    const auto& [problem, x, w, bias, operands, batched] = inputs.value();

    const Shape full = problem.output_shape();
    Array y{problem.types().output, batched ? full : without_batch(full), {}};
    const std::int64_t elements = std::accumulate(full.begin(), full.end(), std::int64_t{1}, std::multiplies<>());
    y.data.resize(static_cast<std::size_t>(elements * element_type_info(y.type).bytes()));
    const TensorView y_view = TensorView::dense(static_cast<void*>(y.data.data()), y.type, y.shape);
    std::vector<TensorView> operand_views;
    for (const Array& operand : operands)
        operand_views.push_back(view(operand));
    CallOptions call;
    call.operands = operand_views;
    call.threads = options.threads;
    Status status = kernel.value()->run(view(x), view(w), bias ? view(*bias) : TensorView(), y_view, call);
    return status.ok() ? write_file(options.y, format_npy(y.type, y.shape, y.data)) : status;
}

}  // namespace

int run_tool(const Arguments& arguments, std::ostream& out, std::ostream& err) {
    Tool tool("convt-run", "Computes one transposed convolution on tensors in .npy files.");
    Options options;
    tool.add_problem(options.problem);
    CLI::App& app = tool.app();
    app.add_option("--x", options.x, "Input, batched or, where the batch is 1, without that dimension")
        ->required()
        ->type_name("FILE");
    app.add_option("--w", options.w, "Weights, (C_in, C_out/groups, K...)")->required()->type_name("FILE");
    app.add_option("--bias", options.bias, "Bias, (C_out), where the problem has one")->type_name("FILE");
    app.add_option("--operand", options.operands, "A tensor that the epilogue takes, once for each")
        ->type_name("NAME=FILE");
    app.add_option("--y", options.y, "Output, written whole or not at all")->required()->type_name("FILE");
    tool.add_schedules(options.tuned);
    tool.add_threads(options.threads);
    tool.add_target(options.target);
    return tool.run(arguments, out, err, [&options] { return run(options); });
}

}  // namespace convt::cli
