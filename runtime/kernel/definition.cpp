// SPDX-License-Identifier: Apache-2.0
#include "runtime/kernel/definition.h"

#include "runtime/problem/scalars.h"

#include <algorithm>
#include <numeric>

namespace convt {
namespace {

struct Tap {
    std::int64_t i;
    std::int64_t k;
};

void find_taps(const Problem& problem, const Axis& axis, std::int64_t o, std::vector<Tap>& taps) {
    taps.clear();
    if (problem.pass == Pass::grad_input) {  // o is the layer's input position
        for (std::int64_t k = 0; k < axis.kernel; ++k) {
            const std::int64_t at = axis.stride * o + axis.dilation * k - axis.pad_low;
            if (0 <= at && at < axis.output()) taps.push_back({at, k});
        }
        return;
    }
    for (const std::int64_t position : problem.folded(axis, o)) {
        for (std::int64_t k = 0; k < axis.kernel; ++k) {
            const std::int64_t scattered = position - axis.dilation * k;
            if (scattered < 0) break;
            if (scattered % axis.stride == 0 && scattered / axis.stride < axis.input)
                taps.push_back({scattered / axis.stride, k});
        }
    }
}

// Element strides of a dense image: batch, channel, then the axes.
struct ImageStrides {
    std::int64_t n;
    std::int64_t c;
    std::array<std::int64_t, 3> axis{};

    ImageStrides(const Problem& problem, Layout layout, std::int64_t channels, bool output) {
        const bool last = layout == Layout::channels_last;
        std::int64_t stride = last ? channels : 1;
        for (int a = problem.rank - 1; a >= 0; --a) {
            axis[a] = stride;
            stride *= output ? problem.axes[a].output() : problem.axes[a].input;
        }
        c = last ? 1 : stride;
        n = last ? stride : stride * channels;
    }
};

// A dense tensor's scalars, from some offset on.
struct Scalars {
    const std::byte* data;
    ElementType type;
    std::int64_t bytes = element_type_info(type).scalar_bytes;

    double operator[](std::int64_t i) const { return load_scalar(type, data + i * bytes); }
    Scalars from(std::int64_t i) const { return {data + i * bytes, type}; }
};

// The chain of operations over one part of the element at `index`; `offset`: of the element in the output.
EpilogueValue finish(const Problem& problem, const DenseOperands& operands, std::int64_t channel, std::int64_t offset,
                     int part, double sum) {
    const ProblemTypeInfo& types = problem.types();
    EpilogueValue value(types, static_cast<long double>(sum), true);
    std::size_t next = 0;
    for (const EpilogueOp& op : problem.epilogue) {
        const EpilogueRow& row = *find_epilogue_row(op.kind);
        long double o = 0;
        if (row.shape != OperandShape::none) {
            const std::int64_t element = row.shape == OperandShape::per_channel ? channel : offset;
            const Scalars tensor{operands.epilogue[next++], operand_type(types, row.shape)};
            o = static_cast<long double>(tensor[element * types.parts() + part]);
        }
        value.apply(op, o);
    }
    value.store();
    return value;
}

// Products of one pair of taps over all input channels of a group. Strides in scalars.
void add_products(Scalars x, double zero, std::int64_t x_step, Scalars w, std::int64_t w_step, std::int64_t count,
                  int parts, std::array<double, 2>& sum) {
    for (std::int64_t i = 0; i < count; ++i, x = x.from(x_step), w = w.from(w_step)) {
        if (parts == 1) {
            sum[0] += (x[0] - zero) * w[0];
        } else {
            sum[0] += x[0] * w[0] - x[1] * w[1];
            sum[1] += x[0] * w[1] + x[1] * w[0];
        }
    }
}

}  // namespace

std::int64_t max_terms(const Problem& described) {
    const Problem problem = described.gathered();
    std::int64_t terms = problem.in_channels / problem.groups * problem.folds();
    for (int a = 0; a < problem.rank; ++a) {
        // Two k of one output differ by a multiple of S / gcd(S, D), and each has an i of its own.
        const Axis& axis = problem.axes[a];
        const std::int64_t step = axis.stride / std::gcd(axis.stride, axis.dilation);
        terms *= std::min((axis.kernel + step - 1) / step, axis.input);
    }
    return terms;
}

std::int64_t output_offset(const Problem& described, const OutputIndex& index) {
    const Problem problem = described.gathered();
    const ImageStrides strides(problem, problem.output_layout, problem.out_channels, true);
    std::int64_t offset = index.n * strides.n + index.c * strides.c;
    for (int a = 0; a < problem.rank; ++a)
        offset += index.o[a] * strides.axis[a];
    return offset;
}

std::array<EpilogueValue, 2> defined_output(const Problem& problem, const DenseOperands& operands,
                                            const OutputIndex& index) {
    const ProblemTypeInfo& types = problem.types();
    const int parts = types.parts();
    const Problem gather = problem.gathered();
    const std::int64_t ci_per_group = gather.in_channels / problem.groups;
    const std::int64_t co_per_group = gather.out_channels / problem.groups;
    const std::int64_t group = index.c / co_per_group;
    const ImageStrides x_strides(gather, gather.input_layout, gather.in_channels, false);
    // Of the weights (C_in, C_out / groups), in kernels: a gradient runs through a layer's outputs.
    const bool forward = problem.pass == Pass::forward;
    const std::int64_t w_first =
        forward ? group * ci_per_group * co_per_group + index.c % co_per_group : index.c * ci_per_group;
    const std::int64_t w_step = forward ? co_per_group : 1;

    std::array<std::vector<Tap>, 3> taps;
    std::array<std::int64_t, 3> kernel{1, 1, 1};
    for (int a = 0; a < 3; ++a) {
        taps[a].push_back({0, 0});
        if (a < problem.rank) find_taps(problem, problem.axes[a], index.o[a], taps[a]);
        if (a < problem.rank) kernel[a] = problem.axes[a].kernel;
    }
    const std::int64_t kernel_size = kernel[0] * kernel[1] * kernel[2];
    const Scalars x =
        Scalars{operands.x, types.input}.from(parts * (index.n * x_strides.n + group * ci_per_group * x_strides.c));
    const Scalars w = Scalars{operands.weights, types.weights}.from(parts * kernel_size * w_first);

    const auto zero = static_cast<double>(problem.input_zero);
    std::array<double, 2> sum{};
    for (const Tap& t0 : taps[0])
        for (const Tap& t1 : taps[1])
            for (const Tap& t2 : taps[2]) {
                const std::int64_t from =
                    t0.i * x_strides.axis[0] + t1.i * x_strides.axis[1] + t2.i * x_strides.axis[2];
                const std::int64_t k = (t0.k * kernel[1] + t1.k) * kernel[2] + t2.k;
                add_products(x.from(parts * from), zero, parts * x_strides.c, w.from(parts * k),
                             parts * kernel_size * w_step, ci_per_group, parts, sum);
            }
    std::array<EpilogueValue, 2> result{};
    const std::int64_t offset = output_offset(problem, index);
    for (int part = 0; part < parts; ++part) {
        const double bias = operands.bias != nullptr ? Scalars{operands.bias, types.sum}[index.c * parts + part] : 0.0;
        result[part] = finish(problem, operands, index.c, offset, part, bias + sum[part]);
    }
    return result;
}

}  // namespace convt
