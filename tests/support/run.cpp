// SPDX-License-Identifier: Apache-2.0
#include "tests/support/run.h"

#include "tests/support/guarded.h"
#include "tests/support/random.h"

#include <memory>

namespace convt::test {
namespace {

std::vector<std::int64_t> shape_of(std::vector<std::int64_t> shape, bool unbatched) {
    if (unbatched) shape.erase(shape.begin());
    return shape;
}

Status call(const Kernel& kernel, const TensorView& x, const TensorView& w, const TensorView& bias,
            std::span<const TensorView> operands, const TensorView& y, const RunOptions& options) {
    CallOptions call_options;
    call_options.operands = operands;
    call_options.threads = options.threads;
    if (!options.packed) return kernel.run(x, w, bias, y, call_options);
    Result<PackedWeights> packed = kernel.pack(w);
    if (!packed.ok()) return packed.status();
    return kernel.run(x, packed.value(), bias, y, call_options);
}

}  // namespace

RunOptions random_run_options(const Problem& problem, std::uint64_t seed) {
    Random random(seed);
    RunOptions options;
    options.threads = static_cast<int>(random.between(1, 4));
    options.gap = random.chance(30) ? random.between(1, 9) : 0;
    options.guard_after = random.chance(50);
    options.unbatched = problem.batch == 1 && random.chance(30);
    options.packed = random.chance(80);
    return options;
}

Result<std::vector<std::byte>> run_guarded(const Kernel& kernel, const Operands& operands, const RunOptions& options) {
    return run_guarded(kernel, kernel.problem(), operands, options);
}

Result<std::vector<std::byte>> run_guarded(const Kernel& kernel, const Problem& p, const Operands& operands,
                                           const RunOptions& options) {
    const Guard guard = options.guard_after ? Guard::after : Guard::before;
    GuardedTensor x(p.types().input, shape_of(p.input_shape(), options.unbatched), options.gap, guard);
    GuardedTensor w(p.types().weights, p.weight_shape(), 0, guard);
    GuardedTensor bias(p.types().sum, {p.out_channels}, 0, guard);
    GuardedTensor y(p.types().output, shape_of(p.output_shape(), options.unbatched), options.gap, guard);
    x.write(operands.x);
    w.write(operands.weights);
    if (p.bias) bias.write(operands.bias);
    std::vector<std::unique_ptr<GuardedTensor>> extras;
    std::vector<TensorView> views;
    for (const EpilogueOperand& operand : p.epilogue_operands()) {
        const bool whole = operand.shape == OperandShape::as_output;
        extras.push_back(std::make_unique<GuardedTensor>(operand.type,
                                                         shape_of(p.operand_shape(operand), whole && options.unbatched),
                                                         whole ? options.gap : 0, guard));
        extras.back()->write(operands.epilogue[extras.size() - 1]);
        views.push_back(extras.back()->view());
    }
    const Status status =
        call(kernel, x.view(), w.view(), p.bias ? bias.view() : TensorView{}, views, y.view(), options);
    if (!status.ok()) return status;
    if (!y.intact()) return Status(Code::wrong_result, "bytes around the output's elements were written");
    if (!x.intact() || x.read() != operands.x) return Status(Code::wrong_result, "the input was written");
    if (w.read() != operands.weights) return Status(Code::wrong_result, "the weights were written");
    return y.read();
}

}  // namespace convt::test
