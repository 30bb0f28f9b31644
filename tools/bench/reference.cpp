// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/reference.h"

#include "runtime/problem/epilogue.h"
#include "runtime/problem/scalars.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

namespace convt::cli {

namespace {

// Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014): 64 bits of state, one value a step.
std::uint64_t split_mix(std::uint64_t& state) {
    state += 0x9E3779B97F4A7C15U;
    std::uint64_t z = state;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
}

// Strides of channel and axes in elements, for one layout; the batch stride is the product of all extents.
struct Strides {
    std::int64_t batch = 1;
    std::int64_t channel = 1;
    std::array<std::int64_t, 3> axes{};
};

Strides strides_of(const Problem& problem, Layout layout, std::int64_t channels, bool output) {
    Strides s;
    const bool last = layout == Layout::channels_last;
    std::int64_t stride = last ? channels : 1;
    for (int a = problem.rank - 1; a >= 0; --a) {
        const Axis& axis = problem.axes[static_cast<std::size_t>(a)];
        s.axes[static_cast<std::size_t>(a)] = stride;
        stride *= output ? axis.output() : axis.input;
    }
    s.channel = last ? 1 : stride;
    s.batch = last ? stride : stride * channels;
    return s;
}

// Where one output is: batch, channel, one position an axis.
struct Position {
    std::int64_t batch = 0;
    std::int64_t channel = 0;
    std::array<std::int64_t, 3> at{};
};

std::int64_t offset(const Strides& s, const Position& p) {
    std::int64_t sum = p.batch * s.batch + p.channel * s.channel;
    for (std::size_t a = 0; a < 3; ++a)
        sum += p.at[a] * s.axes[a];
    return sum;
}

// Offsets into x and w, relative to batch and channel, of every pair that reaches one output.
using Pairs = std::vector<std::pair<std::int64_t, std::int64_t>>;

Pairs pairs_of(const Problem& problem, const Strides& x, const Position& p) {
    Pairs pairs = {{0, 0}};
    for (std::size_t a = 0; a < static_cast<std::size_t>(problem.rank); ++a) {
        const Axis& axis = problem.axes[a];
        Pairs longer;
        for (const auto& [x_offset, w_offset] : pairs) {
            for (const std::int64_t position : problem.folded(axis, p.at[a] * axis.step)) {
                for (std::int64_t k = 0; k < axis.kernel; ++k) {
                    // stride * i + dilation * k = o + pad_low, and what folds onto it
                    const std::int64_t reached = position - axis.dilation * k;
                    if (reached < 0 || reached % axis.stride != 0 || reached / axis.stride >= axis.input) continue;
                    longer.emplace_back(x_offset + reached / axis.stride * x.axes[a], w_offset * axis.kernel + k);
                }
            }
        }
        pairs = std::move(longer);
    }
    return pairs;
}

struct Expected {
    std::array<long double, 2> value{};  // the parts
    std::array<long double, 2> bound{};
};

class Reference {
  public:
    Reference(const Problem& problem, const Operands& operands, const TransformFacts& transform)
        : problem_(problem.gathered()),
          mirrored_(problem.pass == Pass::grad_input),
          operands_(operands),
          types_(problem.types()),
          parts_(types_.parts()),
          x_strides_(strides_of(problem_, problem_.input_layout, problem_.in_channels, false)),
          y_strides_(strides_of(problem_, problem_.output_layout, problem_.out_channels, true)),
          transform_(transform),
          transformed_(transform.growth == 0 ? 0.0L : transformed_size()) {}

    void compare(const Position& p, Deviation& deviation) const {
        const Expected expected = at(p);
        for (int part = 0; part < parts_; ++part) {
            const auto i = static_cast<std::size_t>(part);
            const long double found = scalar(operands_.y, types_.output, offset(y_strides_, p), part);
            const auto error = static_cast<double>(std::fabs(found - expected.value[i]));
            const auto bound = static_cast<double>(expected.bound[i]);
            deviation.max_error = std::max(deviation.max_error, error);
            deviation.error_bound = std::max(deviation.error_bound, bound);
            if (!(error <= bound) && deviation.wrong.empty()) {  // not a number is beyond every bound
                deviation.max_error = error;
                deviation.wrong =
                    fmt::format("output (n {}, c {}, {}) part {} is {}, must be {} within {}", p.batch, p.channel,
                                fmt::join(p.at.begin(), p.at.begin() + problem_.rank, ", "), part,
                                static_cast<double>(found), static_cast<double>(expected.value[i]), bound);
            }
        }
    }

  private:
    long double scalar(std::span<const std::byte> tensor, ElementType type, std::int64_t element, int part) const {
        const auto at = static_cast<std::size_t>(element * parts_ + part);
        return load_scalar(type, &tensor[at * static_cast<std::size_t>(element_type_info(type).scalar_bytes)]);
    }

    // Adds x * w to the parts, and the magnitudes of its scalar products to `size`.
    void add_product(std::int64_t x, std::int64_t w, std::array<long double, 2>& sum,
                     std::array<long double, 2>& size) const {
        const long double a = scalar(operands_.x, types_.input, x, 0) - static_cast<long double>(problem_.input_zero);
        const long double c = scalar(operands_.w, types_.weights, w, 0);
        if (parts_ == 1) {
            sum[0] += a * c;
            size[0] += std::fabs(a * c);
            return;
        }
        const long double b = scalar(operands_.x, types_.input, x, 1);
        const long double d = scalar(operands_.w, types_.weights, w, 1);
        sum[0] += a * c - b * d;
        size[0] += std::fabs(a * c) + std::fabs(b * d);
        sum[1] += a * d + b * c;
        size[1] += std::fabs(a * d) + std::fabs(b * c);
    }

    Expected at(const Position& p) const {
        const std::int64_t in = problem_.in_channels / problem_.groups;
        const std::int64_t out = problem_.out_channels / problem_.groups;
        const std::int64_t first = p.channel / out * in;
        std::int64_t taps = 1;
        for (int a = 0; a < problem_.rank; ++a)
            taps *= problem_.axes[static_cast<std::size_t>(a)].kernel;
        const Pairs pairs = pairs_of(problem_, x_strides_, p);

        Expected e;
        std::array<long double, 2> size{};
        for (int part = 0; problem_.bias && part < parts_; ++part) {
            const auto i = static_cast<std::size_t>(part);
            e.value[i] = scalar(operands_.bias, types_.sum, p.channel, part);
            size[i] = std::fabs(e.value[i]);
        }
        for (std::int64_t ci = first; ci < first + in; ++ci) {
            const std::int64_t x = p.batch * x_strides_.batch + ci * x_strides_.channel;
            const std::int64_t pair = mirrored_ ? p.channel * in + ci - first : ci * out + p.channel % out;
            for (const auto& [dx, dw] : pairs)
                add_product(x + dx, pair * taps + (mirrored_ ? taps - 1 - dw : dw), e.value, size);
        }
        for (int part = 0; part < parts_; ++part) {
            const auto i = static_cast<std::size_t>(part);
            const EpilogueValue value = finished(p, part, e.value[i]);
            e.value[i] = value.value;
            e.bound[i] =
                value.slope * bound_of_sum(size[i], static_cast<std::int64_t>(pairs.size()) * in * parts_) + value.own;
        }
        return e;
    }

    // What no intermediate of a transformed sum exceeds (object.h, TransformFacts).
    long double transformed_size() const {
        const auto channels = static_cast<long double>(problem_.in_channels / problem_.groups * problem_.folds());
        return static_cast<long double>(transform_.growth) * channels * largest(operands_.x, types_.input) *
               largest(operands_.w, types_.weights);
    }

    static long double largest(std::span<const std::byte> tensor, ElementType type) {
        double most = 0;
        for (std::size_t i = 0; i < tensor.size(); i += static_cast<std::size_t>(element_type_info(type).scalar_bytes))
            most = std::max(most, std::fabs(load_scalar(type, &tensor[i])));
        return most;
    }

    // In any order of summation, fused or not, a product passes at most n + 1 roundings among n products and a bias
    // (Higham, Accuracy and Stability of Numerical Algorithms, 3.1). A transformed sum has its own number of roundings,
    // one a channel among them. Integers have none.
    long double bound_of_sum(long double size, std::int64_t products) const {
        const ElementTypeInfo& type = element_type_info(types_.sum);
        if (type.exponent_bits == 0) return 0.0L;
        const std::int64_t in_sum =
            transform_.growth == 0
                ? products
                : std::max(products, transform_.roundings + problem_.folds() + problem_.in_channels / problem_.groups);
        const long double nu = std::ldexp(static_cast<long double>(in_sum + 1), -type.mantissa_bits);
        return nu / (1.0L - nu) * (size + transformed_);
    }

    // The epilogue over one part of the output at `p`.
    EpilogueValue finished(const Position& p, int part, long double sum) const {
        EpilogueValue value(types_, sum, false);
        std::size_t next = 0;
        for (const EpilogueOp& op : problem_.epilogue) {
            const OperandShape shape = find_epilogue_row(op.kind)->shape;
            const std::int64_t element = shape == OperandShape::per_channel ? p.channel : offset(y_strides_, p);
            value.apply(op, shape == OperandShape::none
                                ? 0.0L
                                : scalar(operands_.epilogue[next++], operand_type(types_, shape), element, part));
        }
        value.store();
        return value;
    }

    const Problem problem_;
    const bool mirrored_;  // by the weights of the layer that it is the gradient of
    const Operands& operands_;
    const ProblemTypeInfo& types_;
    int parts_;
    Strides x_strides_;
    Strides y_strides_;
    TransformFacts transform_;
    long double transformed_;
};

}  // namespace

// As many random bits as the type has, so that sums round; no product of two becomes denormal.
void fill_uniform(std::span<std::byte> data, ElementType type, std::uint64_t seed) {
    const auto size = static_cast<std::size_t>(element_type_info(type).scalar_bytes);
    for (std::size_t i = 0; i < data.size(); i += size)
        store_scalar(type, uniform_scalar(type, split_mix(seed)), &data[i]);
}

Deviation compare_sampled(const Problem& described, const Operands& operands, std::int64_t samples, std::uint64_t seed,
                          const TransformFacts& transform) {
    const Reference reference(described, operands, transform);
    const Problem problem = described.gathered();
    Deviation deviation;
    const auto choose = [&](auto&& of) {  // of(extent) gives an index
        Position p{of(problem.batch), of(problem.out_channels), {}};
        for (int a = 0; a < problem.rank; ++a) {
            const auto i = static_cast<std::size_t>(a);
            p.at[i] = of(problem.axes[i].output());
        }
        reference.compare(p, deviation);
    };
    for (unsigned corner = 0; corner < 32; ++corner) {
        unsigned bits = corner;
        choose([&bits](std::int64_t extent) { return (std::exchange(bits, bits >> 1U) & 1U) != 0 ? extent - 1 : 0; });
    }
    for (std::int64_t s = 0; s < samples; ++s) {
        choose([&seed](std::int64_t extent) {
            return static_cast<std::int64_t>(split_mix(seed) % static_cast<std::uint64_t>(extent));
        });
    }
    return deviation;
}

}  // namespace convt::cli
