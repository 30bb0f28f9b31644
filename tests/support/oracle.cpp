// SPDX-License-Identifier: Apache-2.0
#include "tests/support/oracle.h"

#include "runtime/problem/epilogue.h"
#include "runtime/problem/scalars.h"
#include "tests/support/data.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>

namespace convt::test {
namespace {

using Axes = std::array<Axis, 3>;
using Extents = std::array<std::int64_t, 3>;

double modulus(double v) {
    return std::abs(v);
}
double modulus(long double v) {
    return static_cast<double>(std::abs(v));
}
template <typename T>
double modulus(const std::complex<T>& v) {
    return static_cast<double>(std::abs(v.real()) + std::abs(v.imag()));
}

Extents inputs(const Axes& a) {
    return {a[0].input, a[1].input, a[2].input};
}
Extents kernels(const Axes& a) {
    return {a[0].kernel, a[1].kernel, a[2].kernel};
}
Extents outputs(const Axes& a) {
    return {a[0].output(), a[1].output(), a[2].output()};
}
std::size_t volume(const Extents& e) {
    return static_cast<std::size_t>(e[0] * e[1] * e[2]);
}

// The definition on one axis: where x[i] * w[k] goes; outside [0, output) it goes nowhere.
std::int64_t lands_at(const Axis& a, std::int64_t i, std::int64_t k) {
    return a.stride * i + a.dilation * k - a.pad_low;
}
bool inside(const Axis& a, std::int64_t o) {
    return 0 <= o && o < a.output();
}

// Where what falls outside goes instead: torch.nn.functional.pad's modes name the position that is read there. -1:
// nowhere.
std::int64_t fold(PaddingMode mode, const Axis& a, std::int64_t o) {
    const std::int64_t last = a.output() - 1;
    switch (mode) {
        case PaddingMode::reflect:
            return o < 0 ? -o : 2 * last - o;
        case PaddingMode::replicate:
            return o < 0 ? 0 : last;
        case PaddingMode::circular:
            return o < 0 ? o + last + 1 : o - last - 1;
        case PaddingMode::zeros:
            break;
    }
    return -1;
}
std::int64_t place(PaddingMode mode, const Axis& a, std::int64_t i, std::int64_t k) {
    const std::int64_t o = lands_at(a, i, k);
    return inside(a, o) ? o : fold(mode, a, o);
}

// y[place(i, k)] += x[i] * w for one k and every i.
template <typename T>
void scatter_tap(PaddingMode mode, const Axes& a, const Extents& k, const T& w, const T* x, T* y) {
    std::int64_t first = 0;
    std::int64_t last = a[2].input;
    while (first < last && !inside(a[2], lands_at(a[2], first, k[2])))
        ++first;
    while (last > first && !inside(a[2], lands_at(a[2], last - 1, k[2])))
        --last;
    for (std::int64_t i0 = 0; i0 < a[0].input; ++i0) {
        const std::int64_t o0 = place(mode, a[0], i0, k[0]);
        if (o0 < 0) continue;
        for (std::int64_t i1 = 0; i1 < a[1].input; ++i1) {
            const std::int64_t o1 = place(mode, a[1], i1, k[1]);
            if (o1 < 0) continue;
            const T* from = x + (i0 * a[1].input + i1) * a[2].input;
            T* to = y + (o0 * a[1].output() + o1) * a[2].output();
            for (std::int64_t i2 = first; i2 < last; ++i2)
                to[lands_at(a[2], i2, k[2])] += from[i2] * w;
            for (std::int64_t i2 = 0; mode != PaddingMode::zeros && i2 < a[2].input; ++i2) {
                if (i2 < first || i2 >= last) to[place(mode, a[2], i2, k[2])] += from[i2] * w;
            }
        }
    }
}

// One channel pair: every tap of the kernel.
template <typename T>
void scatter(PaddingMode mode, const Axes& a, const T* x, const T* w, T* y) {
    for (std::int64_t k0 = 0; k0 < a[0].kernel; ++k0) {
        for (std::int64_t k1 = 0; k1 < a[1].kernel; ++k1) {
            for (std::int64_t k2 = 0; k2 < a[2].kernel; ++k2) {
                scatter_tap(mode, a, {k0, k1, k2}, w[(k0 * a[1].kernel + k1) * a[2].kernel + k2], x, y);
            }
        }
    }
}

// Channels first whatever the problem's layouts are: (N, C_out, spatial) from x (N, C_in, spatial) and w (C_in,
// C_out/groups, K). `y` holds the bias.
template <typename T>
void scatter_all(const Problem& p, const Axes& a, const std::vector<T>& x, const std::vector<T>& w, std::vector<T>& y) {
    const std::int64_t in_group = p.in_channels / p.groups;
    const std::int64_t out_group = p.out_channels / p.groups;
    for (std::int64_t n = 0; n < p.batch; ++n) {
        for (std::int64_t ci = 0; ci < p.in_channels; ++ci) {
            for (std::int64_t j = 0; j < out_group; ++j) {
                const std::int64_t co = ci / in_group * out_group + j;
                scatter(p.padding_mode, a,
                        x.data() + static_cast<std::size_t>(n * p.in_channels + ci) * volume(inputs(a)),
                        w.data() + static_cast<std::size_t>(ci * out_group + j) * volume(kernels(a)),
                        y.data() + static_cast<std::size_t>(n * p.out_channels + co) * volume(outputs(a)));
            }
        }
    }
}

template <typename Visit>
void for_each_element(std::int64_t batch, std::int64_t channels, const Extents& e, const Visit& visit) {
    for (std::int64_t n = 0; n < batch; ++n)
        for (std::int64_t c = 0; c < channels; ++c)
            for (std::int64_t z = 0; z < e[0]; ++z)
                for (std::int64_t y = 0; y < e[1]; ++y)
                    for (std::int64_t x = 0; x < e[2]; ++x)
                        visit(n, c, Extents{z, y, x});
}

// The gradient by the input, which the definition names term by term as well: (N, C_in, spatial) from the gradient by
// the output dy (N, C_out, spatial). What `scatter_all` sends from x[i] to y[o], this brings back.
template <typename T>
void bring_back_all(const Problem& p, const Axes& a, const std::vector<T>& dy, const std::vector<T>& w,
                    std::vector<T>& dx) {
    const Extents in = inputs(a), k = kernels(a);
    const std::int64_t out_group = p.out_channels / p.groups;
    const auto at = [](const Extents& e, std::int64_t slice, std::int64_t z, std::int64_t y, std::int64_t x) {
        return static_cast<std::size_t>(((slice * e[0] + z) * e[1] + y) * e[2] + x);
    };
    for_each_element(p.batch, p.in_channels * out_group, in, [&](std::int64_t n, std::int64_t pair, const Extents& i) {
        const std::int64_t ci = pair / out_group;
        const std::int64_t co = ci / (p.in_channels / p.groups) * out_group + pair % out_group;
        for_each_element(1, 1, k, [&](std::int64_t, std::int64_t, const Extents& tap) {
            Extents o{};
            for (std::size_t d = 0; d < 3; ++d) {
                o[d] = lands_at(a[d], i[d], tap[d]);
                if (!inside(a[d], o[d])) return;
            }
            dx[at(in, n * p.in_channels + ci, i[0], i[1], i[2])] +=
                dy[at(outputs(a), n * p.out_channels + co, o[0], o[1], o[2])] * w[at(k, pair, tap[0], tap[1], tap[2])];
        });
    });
}

// What the problem's pass computes, channels first.
template <typename T>
void compute_all(const Problem& p, const Axes& a, const std::vector<T>& x, const std::vector<T>& w, std::vector<T>& y) {
    if (p.pass == Pass::forward)
        scatter_all(p, a, x, w, y);
    else
        bring_back_all(p, a, x, w, y);
}

template <typename Wide>
std::vector<Wide> widen(ElementType type, const std::vector<std::byte>& bytes) {
    const std::vector<double> scalars = to_scalars(type, bytes);
    if constexpr (std::is_floating_point_v<Wide>) {
        return {scalars.begin(), scalars.end()};
    } else {
        std::vector<Wide> elements;
        for (std::size_t i = 0; i < scalars.size(); i += 2)
            elements.emplace_back(scalars[i], scalars[i + 1]);
        return elements;
    }
}

template <typename Wide>
std::vector<Wide> channels_first(const Problem& p, const Axes& a, const std::vector<Wide>& input) {
    std::vector<Wide> sorted;
    sorted.reserve(input.size());
    for_each_element(p.batch, p.in_channels, inputs(a), [&](std::int64_t n, std::int64_t c, const Extents& at) {
        sorted.push_back(input[offset_of(p.input_layout, inputs(a), p.in_channels, n, c, at)]);
    });
    return sorted;
}

void put(std::vector<long double>& values, std::size_t at, long double v) {
    values[at] = v;
}
template <typename T>
void put(std::vector<long double>& values, std::size_t at, const std::complex<T>& v) {
    values[2 * at] = v.real();
    values[2 * at + 1] = v.imag();
}

template <typename T>
std::vector<double> moduli(const std::vector<T>& list) {
    std::vector<double> result(list.size());
    std::transform(list.begin(), list.end(), result.begin(), [](const T& v) { return modulus(v); });
    return result;
}

template <typename T>
double largest(const std::vector<T>& list) {
    double most = 0;
    for (const T& v : list)
        most = std::max(most, modulus(v));
    return most;
}

// Products that reach each spatial position of one channel of y: the same over ones.
std::vector<double> counts(const Problem& p, const Axes& a, const Problem& gather) {
    Problem one = p;
    one.batch = one.in_channels = one.out_channels = one.groups = 1;
    std::vector<double> count(volume(outputs(three_axes(gather))));
    const std::vector<double> x(volume(inputs(three_axes(gather))), 1.0);
    const std::vector<double> w(volume(kernels(a)), 1.0);
    compute_all(one, a, x, w, count);
    const std::int64_t channels = gather.in_channels / gather.groups;
    for (double& c : count)
        c *= static_cast<double>(channels);
    return count;
}

// The element of each operation's operand, one part of it, 0 where it takes none; `scalar` counts in the output.
class OperandElements {
  public:
    OperandElements(const Problem& p, const Operands& operands)
        : parts_(static_cast<std::size_t>(p.types().parts())), of_op_(p.epilogue.size()) {
        std::size_t next = 0;
        for (const EpilogueOperand& operand : p.epilogue_operands()) {
            Tensor& tensor = of_op_[operand.op];
            tensor.by_channel = operand.shape == OperandShape::per_channel;
            tensor.values = to_scalars(operand.type, operands.epilogue[next++]);
        }
    }
    double at(std::size_t op, std::size_t channel, std::size_t scalar) const {
        const Tensor& tensor = of_op_[op];
        if (tensor.values.empty()) return 0;
        return tensor.values[tensor.by_channel ? channel * parts_ + scalar % parts_ : scalar];
    }

  private:
    struct Tensor {
        bool by_channel = false;
        std::vector<double> values;
    };
    std::size_t parts_;
    std::vector<Tensor> of_op_;
};

// `result.values` hold sums; afterwards what the chain and the output's type make of them.
void finish(const Problem& p, const Axes& a, const OperandElements& operands, Reference& result) {
    const ProblemTypeInfo& types = p.types();
    const auto parts = static_cast<std::size_t>(types.parts());
    for (std::vector<double>* list : {&result.slopes, &result.own, &result.own_if_exact})
        list->resize(result.values.size());
    result.values_if_exact.resize(result.values.size());
    for_each_element(p.batch, p.out_channels, outputs(a), [&](std::int64_t n, std::int64_t c, const Extents& at) {
        const std::size_t element = offset_of(p.output_layout, outputs(a), p.out_channels, n, c, at);
        for (std::size_t i = element * parts; i < (element + 1) * parts; ++i) {
            EpilogueValue rounded(types, result.values[i], false), exact(types, result.values[i], true);
            for (std::size_t op = 0; op < p.epilogue.size(); ++op) {
                const long double o = operands.at(op, static_cast<std::size_t>(c), i);
                rounded.apply(p.epilogue[op], o);
                exact.apply(p.epilogue[op], o);
            }
            rounded.store();
            exact.store();
            result.values[i] = rounded.value;
            result.slopes[i] = static_cast<double>(rounded.slope);
            result.own[i] = static_cast<double>(rounded.own);
            result.values_if_exact[i] = exact.value;
            result.own_if_exact[i] = static_cast<double>(exact.own);
        }
    });
}

template <typename Wide>
Reference run(const Problem& p, const Operands& operands) {
    const Axes a = three_axes(p);
    // Names the shapes and layouts of x and y.
    const Problem gather = p.gathered();
    const Axes of_y = three_axes(gather);
    const ProblemTypeInfo& types = p.types();
    std::vector<Wide> x = channels_first(gather, of_y, widen<Wide>(types.input, operands.x));
    for (Wide& value : x)
        value -= static_cast<double>(p.input_zero);
    const std::vector<Wide> w = widen<Wide>(types.weights, operands.weights);
    const std::vector<Wide> bias = widen<Wide>(types.sum, operands.bias);
    std::vector<Wide> y;
    for_each_element(p.batch, gather.out_channels, outputs(of_y), [&](std::int64_t, std::int64_t c, const Extents&) {
        y.push_back(p.bias ? bias[static_cast<std::size_t>(c)] : Wide{});
    });
    std::vector<double> magnitude = moduli(y);
    compute_all(p, a, x, w, y);
    compute_all(p, a, moduli(x), moduli(w), magnitude);
    const std::vector<double> count = counts(p, a, gather);

    Reference result;
    result.largest_input = largest(x);
    result.largest_weight = largest(w);
    result.largest_bias = largest(bias);
    result.values.resize(y.size() * static_cast<std::size_t>(types.parts()));
    result.magnitudes.resize(y.size());
    result.terms.resize(y.size());
    std::size_t from = 0;
    for_each_element(
        p.batch, gather.out_channels, outputs(of_y), [&](std::int64_t n, std::int64_t c, const Extents& at) {
            const std::size_t to = offset_of(gather.output_layout, outputs(of_y), gather.out_channels, n, c, at);
            put(result.values, to, y[from]);
            result.magnitudes[to] = magnitude[from];
            result.terms[to] = static_cast<std::int64_t>(count[from % count.size()]);
            ++from;
        });
    if (p.epilogue.empty() && types.output == types.sum) return result;
    finish(p, a, OperandElements(p, operands), result);
    return result;
}

double gamma(double n, double unit_roundoff) {
    return n * unit_roundoff / (1 - n * unit_roundoff);
}

}  // namespace

std::array<Axis, 3> three_axes(const Problem& problem) {
    std::array<Axis, 3> axes{};
    std::copy_n(problem.axes.begin(), problem.rank, axes.begin() + (3 - problem.rank));
    return axes;
}

std::size_t offset_of(Layout layout, const std::array<std::int64_t, 3>& extents, std::int64_t channels, std::int64_t n,
                      std::int64_t c, const std::array<std::int64_t, 3>& at) {
    const auto volume_of = static_cast<std::int64_t>(volume(extents));
    const std::int64_t spatial = (at[0] * extents[1] + at[1]) * extents[2] + at[2];
    return static_cast<std::size_t>(layout == Layout::channels_first ? (n * channels + c) * volume_of + spatial
                                                                     : (n * volume_of + spatial) * channels + c);
}

Reference oracle(const Problem& problem, const Operands& operands) {
    const ProblemTypeInfo& types = problem.types();
    const bool single = element_type_info(types.sum).scalar_bytes == 4;
    if (types.parts() == 1) return single ? run<double>(problem, operands) : run<long double>(problem, operands);
    return single ? run<std::complex<double>>(problem, operands) : run<std::complex<long double>>(problem, operands);
}

double error_bound(const Problem& described, const Reference& reference, std::size_t scalar,
                   const TransformFacts& transform) {
    const Problem problem = described.gathered();
    const ElementTypeInfo& type = element_type_info(problem.types().sum);
    const std::size_t element = scalar / static_cast<std::size_t>(type.parts);
    // One part of a complex product is a sum of two real ones.
    double n = static_cast<double>(reference.terms[element] * type.parts) + (problem.bias ? 1 : 0);
    double magnitude = reference.magnitudes[element];
    if (transform.growth != 0) {
        const auto channels = static_cast<double>(problem.in_channels / problem.groups);
        const auto folds = static_cast<double>(problem.folds());
        n = std::max(n, static_cast<double>(transform.roundings) + channels + folds + (problem.bias ? 1 : 0));
        magnitude = static_cast<double>(transform.growth) * folds * channels * reference.largest_input *
                        reference.largest_weight +
                    reference.largest_bias;
    }
    const double roundoff = type.exponent_bits == 0 ? 0.0 : std::ldexp(1.0, -type.mantissa_bits);
    const int wide_bits =
        type.scalar_bytes == 4 ? std::numeric_limits<double>::digits : std::numeric_limits<long double>::digits;
    const double of_sum = (gamma(n, roundoff) + gamma(n, std::ldexp(1.0, -wide_bits))) * magnitude;
    return reference.slopes.empty() ? of_sum : reference.slopes[scalar] * of_sum + reference.own[scalar];
}

double exact_error_bound(const Reference& reference, std::size_t scalar) {
    return reference.own_if_exact.empty() ? 0.0 : reference.own_if_exact[scalar];
}

}  // namespace convt::test
