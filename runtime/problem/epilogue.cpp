// SPDX-License-Identifier: Apache-2.0
#include "runtime/problem/epilogue.h"

#include "runtime/problem/scalars.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

namespace convt {
namespace {

using Real = long double;
using Kind = EpilogueOp::Kind;

Real relu(Real v, Real, const float*) {
    return std::max(v, Real{0});
}
Real leaky(Real v, Real, const float* a) {
    return v < 0 ? v * static_cast<Real>(a[0]) : v;
}
Real prelu(Real v, Real o, const float*) {
    return v < 0 ? v * o : v;
}
Real clamp(Real v, Real, const float* a) {
    return std::min(std::max(v, static_cast<Real>(a[0])), static_cast<Real>(a[1]));
}
Real product(Real v, Real o, const float*) {
    return v * o;
}
Real sum(Real v, Real o, const float*) {
    return v + o;
}

Real elu(Real v, Real, const float* a) {
    return v < 0 ? static_cast<Real>(a[0]) * std::expm1(v) : v;
}
Real gelu(Real v, Real, const float*) {
    return v * std::erfc(-v / std::numbers::sqrt2_v<Real>) / 2;
}
Real sigmoid(Real v, Real, const float*) {
    return 1 / (1 + std::exp(-v));
}
Real silu(Real v, Real, const float*) {
    return v / (1 + std::exp(-v));
}
Real gelutanh(Real v, Real, const float*) {
    const Real twice = 2 * std::sqrt(2 / std::numbers::pi_v<Real>) * (v + Real{0.044715L} * v * v * v);
    return v / (1 + std::exp(-twice));
}
Real tanh(Real v, Real, const float*) {
    return std::tanh(v);
}
Real hardswish(Real v, Real, const float*) {
    return v * std::clamp(v + 3, Real{0}, Real{6}) / 6;
}
Real snake(Real v, Real o, const float*) {
    return o == 0 ? v : v + std::pow(std::sin(o * v), 2) / o;
}

// Slopes, and what functions may be off by beside a share of their value.
template <int n, int d>
Real ratio(Real, const float*) {
    return Real{n} / d;
}
constexpr auto zero = ratio<0, 1>;
constexpr auto one = ratio<1, 1>;
Real of_operand(Real o, const float*) {
    return std::abs(o);
}
// Of what is linear on either side of 0, with slope 1 above it.
Real at_least_1(Real o, const float*) {
    return std::max(Real{1}, std::abs(o));
}
Real at_least_1_of_value(Real, const float* a) {
    return std::max(Real{1}, std::abs(static_cast<Real>(a[0])));
}

Real of_value(Real, const float* a) {
    return std::abs(static_cast<Real>(a[0]));
}
// The argument of the sine may be off by three roundings of itself, or of v times the operand.
Real of_snake(Real o, const float*) {
    return o == 0 ? 0 : 10 / std::abs(o);
}

constexpr auto none = OperandShape::none;
constexpr auto per_channel = OperandShape::per_channel;
constexpr auto as_output = OperandShape::as_output;
constexpr auto unused = OperandUse::none;
constexpr auto factor = OperandUse::factor;
constexpr auto term = OperandUse::term;

constexpr EpilogueRow rows[] = {
    {Kind::relu, "relu", 0, none, unused, false, true, false, relu, one, true, 0, zero},
    {Kind::leaky, "leaky", 1, none, unused, false, false, false, leaky, at_least_1_of_value, true, 1, zero},
    {Kind::prelu, "prelu", 0, per_channel, factor, false, false, false, prelu, at_least_1, true, 1, zero},
    {Kind::clamp, "clamp", 2, none, unused, false, false, true, clamp, one, true, 0, zero},
    {Kind::scale, "scale", 0, per_channel, factor, false, false, false, product, of_operand, true, 1, zero},
    {Kind::shift, "shift", 0, per_channel, term, true, false, false, sum, one, true, 1, of_operand},
    {Kind::add, "add", 0, as_output, term, true, false, false, sum, one, true, 1, of_operand},
    // What is stated here is tested over every exponent, f32 and f64 (tests/differential/functions_test.cpp).
    {Kind::elu, "elu", 1, none, unused, false, false, true, elu, at_least_1_of_value, false, 4, of_value},
    {Kind::gelu, "gelu", 0, none, unused, false, false, true, gelu, ratio<113, 100>, false, 6, ratio<24, 1>},
    {Kind::gelutanh, "gelutanh", 0, none, unused, false, false, true, gelutanh, ratio<113, 100>, false, 6, ratio<2, 1>},
    {Kind::silu, "silu", 0, none, unused, false, false, true, silu, ratio<11, 10>, false, 6, one},
    {Kind::sigmoid, "sigmoid", 0, none, unused, false, false, true, sigmoid, ratio<1, 4>, false, 4, ratio<1, 2>},
    {Kind::tanh, "tanh", 0, none, unused, false, false, true, tanh, one, false, 6, ratio<1, 2>},
    {Kind::hardswish, "hardswish", 0, none, unused, false, false, true, hardswish, ratio<3, 2>, false, 3, ratio<2, 1>},
    {Kind::snake, "snake", 0, per_channel, factor, false, false, true, snake, ratio<2, 1>, false, 8, of_snake},
};

// Whether `v` is a number of so many bits, of a type whose exponents suffice.
bool is_representable(Real v, int bits) {
    int exponent = 0;
    const Real scaled = std::ldexp(std::frexp(v, &exponent), bits);
    return scaled == std::trunc(scaled);
}

}  // namespace

std::span<const EpilogueRow> epilogue_rows() noexcept {
    return rows;
}

const EpilogueRow* find_epilogue_row(Kind kind) noexcept {
    const auto* row = std::ranges::find(rows, kind, &EpilogueRow::kind);
    return row == std::end(rows) ? nullptr : row;
}

EpilogueValue::EpilogueValue(const ProblemTypeInfo& types, Real sum, bool exact_sum)
    : value(sum), types_(types), exact_sum_(exact_sum) {
    convert(types.sum, types.epilogue);
}

void EpilogueValue::store() {
    convert(types_.epilogue, types_.output);
}

void EpilogueValue::convert(ElementType from, ElementType to) {
    if (from == to) return;
    const auto wide = static_cast<double>(value);  // of numbers that some type holds it holds all
    if (exact_sum_ && own == 0) {
        value = round_scalar(to, wide);
        return;
    }
    // What saturates comes no further apart.
    value = element_type_info(to).exponent_bits == 0 ? static_cast<Real>(saturate(to, wide)) : value;
    const Real relative = element_type_info(to).exponent_bits == 0 ? 0 : largest_rounding(to, 1.0);
    slope *= 1 + relative;
    own = own * (1 + relative) + largest_rounding(to, std::abs(wide));
}

void EpilogueValue::apply(const EpilogueOp& op, Real o) {
    const EpilogueRow* const row = find_epilogue_row(op.kind);
    if (row == nullptr) return;
    const float* const values = op.values.data();
    const int bits = element_type_info(types_.epilogue).mantissa_bits;
    // What computes this rounds too, to 64 bits.
    const Real u = std::ldexp(Real{1}, -bits) + std::numeric_limits<Real>::epsilon();
    const Real stretched = row->slope(o, values) * (1 + row->relative * u);
    value = row->compute(value, o, values);
    slope *= stretched;
    own *= stretched;
    if (exact_sum_ && row->rounds_once && own == 0 && is_representable(value, bits)) return;
    own += u * (row->relative * std::abs(value) + row->absolute(o, values));
}

std::vector<EpilogueOperand> Problem::epilogue_operands() const {
    std::vector<EpilogueOperand> operands;
    std::array<int, std::size(rows)> seen{};
    for (std::size_t i = 0; i < epilogue.size(); ++i) {
        const EpilogueRow* const row = find_epilogue_row(epilogue[i].kind);
        if (row == nullptr || row->shape == none) continue;
        const int number = ++seen[static_cast<std::size_t>(row - rows)];
        operands.push_back({std::string(row->name) + (number == 1 ? "" : std::to_string(number)), row->shape,
                            operand_type(types(), row->shape), i});
    }
    return operands;
}

std::vector<std::int64_t> Problem::operand_shape(const EpilogueOperand& operand) const {
    return operand.shape == per_channel ? std::vector{out_channels} : output_shape();
}

}  // namespace convt
