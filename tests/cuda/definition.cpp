// SPDX-License-Identifier: Apache-2.0
#include "tests/cuda/definition.h"

#include "tests/support/data.h"

#include <stdexcept>

namespace convt::test {
namespace {

std::int64_t volume(const std::array<std::int64_t, 3>& extents) {
    return extents[0] * extents[1] * extents[2];
}

// Eight sums that grow side by side: exact, as every other order is.
double dot(const float* a, const float* b, std::int64_t count) {
    std::array<double, 8> sums{};
    std::int64_t i = 0;
    for (; i + 8 <= count; i += 8) {
        for (std::size_t lane = 0; lane < 8; ++lane)
            sums[lane] += static_cast<double>(a[i + static_cast<std::int64_t>(lane)]) *
                          static_cast<double>(b[i + static_cast<std::int64_t>(lane)]);
    }
    for (; i < count; ++i)
        sums[0] += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

}  // namespace

Definition::Definition(const Problem& problem, const Operands& operands)
    : problem_(problem),
      axes_(three_axes(problem)),
      in_channels_(problem.in_channels / problem.groups),
      out_channels_(problem.out_channels / problem.groups),
      bias_(to_scalars(problem.types().sum, operands.bias)) {
    for (const EpilogueOperand& operand : problem.epilogue_operands())
        epilogue_.push_back(to_scalars(operand.type, operands.epilogue[epilogue_.size()]));
    if (problem.types().parts() != 1) throw std::runtime_error("the definition here is of real types");
    const std::vector<double> x = to_scalars(problem.types().input, operands.x);
    const std::vector<double> w = to_scalars(problem.types().weights, operands.weights);
    const std::array<std::int64_t, 3> inputs{axes_[0].input, axes_[1].input, axes_[2].input};
    const std::int64_t pixels = volume(inputs), taps = volume({axes_[0].kernel, axes_[1].kernel, axes_[2].kernel});
    x_.resize(x.size());
    for (std::int64_t n = 0; n < problem.batch; ++n) {
        for (std::int64_t c = 0; c < problem.in_channels; ++c) {
            for (std::int64_t i = 0; i < pixels; ++i) {
                const std::array<std::int64_t, 3> at{i / (inputs[1] * inputs[2]), i / inputs[2] % inputs[1],
                                                     i % inputs[2]};
                const std::size_t from = offset_of(problem.input_layout, inputs, problem.in_channels, n, c, at);
                x_[static_cast<std::size_t>((n * pixels + i) * problem.in_channels + c)] = static_cast<float>(x[from]);
            }
        }
    }
    weights_.resize(w.size());
    std::size_t from = 0;
    for (std::int64_t ci = 0; ci < problem.in_channels; ++ci) {
        const std::int64_t group = ci / in_channels_;
        for (std::int64_t co = 0; co < out_channels_; ++co) {
            for (std::int64_t k = 0; k < taps; ++k)
                weights_[static_cast<std::size_t>(((k * problem.groups + group) * out_channels_ + co) * in_channels_ +
                                                  ci % in_channels_)] = static_cast<float>(w[from++]);
        }
    }
}

std::size_t Definition::elements() const {
    return static_cast<std::size_t>(problem_.batch * problem_.out_channels *
                                    volume({axes_[0].output(), axes_[1].output(), axes_[2].output()}));
}

std::array<std::int64_t, 5> Definition::place(std::size_t element) const {
    auto rest = static_cast<std::int64_t>(element);
    const auto next = [&](std::int64_t extent) {
        const std::int64_t at = rest % extent;
        rest /= extent;
        return at;
    };
    std::array<std::int64_t, 5> at{};
    const bool last = problem_.output_layout == Layout::channels_last;
    if (last) at[1] = next(problem_.out_channels);
    for (std::size_t a = 3; a-- > 0;)
        at[a + 2] = next(axes_[a].output());
    if (!last) at[1] = next(problem_.out_channels);
    at[0] = rest;
    return at;
}

std::vector<Definition::Tap> Definition::taps(int axis, std::int64_t output) const {
    const Axis& a = axes_[static_cast<std::size_t>(axis)];
    std::vector<Tap> list;
    for (const std::int64_t position : problem_.folded(a, output)) {
        for (std::int64_t k = 0; k < a.kernel; ++k) {
            const std::int64_t scattered = position - a.dilation * k;
            if (scattered < 0 || scattered % a.stride != 0 || scattered / a.stride >= a.input) continue;
            list.push_back({scattered / a.stride, k});
        }
    }
    return list;
}

std::int64_t Definition::products(std::size_t element) const {
    const std::array<std::int64_t, 5> at = place(element);
    std::size_t count = static_cast<std::size_t>(in_channels_);
    for (int a = 0; a < 3; ++a)
        count *= taps(a, at[static_cast<std::size_t>(a) + 2]).size();
    return static_cast<std::int64_t>(count);
}

EpilogueValue Definition::at(std::size_t element) const {
    const auto [n, c, z, y, x] = place(element);
    const std::int64_t group = c / out_channels_, co = c % out_channels_;
    double sum = problem_.bias ? bias_[static_cast<std::size_t>(c)] : 0.0;
    for (const Tap& tz : taps(0, z)) {
        for (const Tap& ty : taps(1, y)) {
            for (const Tap& tx : taps(2, x)) {
                const std::int64_t pixel =
                    ((n * axes_[0].input + tz.input) * axes_[1].input + ty.input) * axes_[2].input + tx.input;
                const std::int64_t tap = (tz.kernel * axes_[1].kernel + ty.kernel) * axes_[2].kernel + tx.kernel;
                sum += dot(x_.data() + pixel * problem_.in_channels + group * in_channels_,
                           weights_.data() + ((tap * problem_.groups + group) * out_channels_ + co) * in_channels_,
                           in_channels_);
            }
        }
    }
    EpilogueValue value(problem_.types(), sum, true);
    std::size_t next = 0;
    for (const EpilogueOp& op : problem_.epilogue) {
        const OperandShape shape = find_epilogue_row(op.kind)->shape;
        const std::size_t index = shape == OperandShape::per_channel ? static_cast<std::size_t>(c) : element;
        value.apply(op, shape == OperandShape::none ? 0.0 : epilogue_[next++][index]);
    }
    value.store();
    return value;
}

}  // namespace convt::test
