// SPDX-License-Identifier: Apache-2.0
#include "compiler/epilogue.h"

#include "compiler/functions.h"

#include <algorithm>
#include <iterator>

namespace convt {
namespace {

using Halide::Expr;
using Halide::select;
using Kind = EpilogueOp::Kind;
using Values = std::array<float, 2>;

// A number of the value's type.
Expr number(const Expr& v, double value) {
    return Halide::Internal::make_const(v.type(), value);
}

Expr relu(const Expr& v, const Expr&, const Values&) {
    return select(v < number(v, 0), number(v, 0), v);
}
Expr leaky(const Expr& v, const Expr&, const Values& a) {
    return select(v < number(v, 0), v * number(v, a[0]), v);
}
Expr prelu(const Expr& v, const Expr& o, const Values&) {
    return select(v < number(v, 0), v * o, v);
}
Expr clamp(const Expr& v, const Expr&, const Values& a) {
    const Expr low = number(v, a[0]), high = number(v, a[1]);
    return select(v < low, low, select(v > high, high, v));
}
Expr product(const Expr& v, const Expr& o, const Values&) {
    return v * o;
}
Expr sum(const Expr& v, const Expr& o, const Values&) {
    return v + o;
}

Expr elu(const Expr& v, const Expr&, const Values& a) {
    return select(v < number(v, 0), number(v, a[0]) * exp_minus_1(v), v);
}
Expr gelu(const Expr& v, const Expr&, const Values&) {
    return normal_gate(v);
}
// Twice the argument of tanh makes it a logistic function. From 10 on it is 0 or 1 to all digits of either type.
Expr gelutanh(const Expr& v, const Expr&, const Values&) {
    const Expr from = select(v < number(v, -10), number(v, -10), v);
    const Expr x = select(from > number(v, 10), number(v, 10), from);
    const Expr twice = x * (number(v, 1.5957691216057308) + number(v, 0.07135481627260025) * (x * x));
    return from * logistic(twice);
}
Expr sigmoid(const Expr& v, const Expr&, const Values&) {
    return logistic(v);
}
Expr silu(const Expr& v, const Expr&, const Values&) {
    const Expr from = select(v < number(v, -87), number(v, -87), v);
    return from * logistic(from);
}
Expr tanh(const Expr& v, const Expr&, const Values&) {
    return hyperbolic_tangent(v);
}
Expr hardswish(const Expr& v, const Expr&, const Values&) {
    const Expr share = v * number(v, 1.0 / 6) + number(v, 0.5);
    return v * select(share < number(v, 0), number(v, 0), select(share > number(v, 1), number(v, 1), share));
}
Expr snake(const Expr& v, const Expr& o, const Values&) {
    return select(o == number(v, 0), v, v + sine_squared(v * o) / o);
}

struct Row {
    Kind kind;
    Expr (*compute)(const Expr& v, const Expr& o, const Values& values);
};

constexpr Row rows[] = {
    {Kind::relu, relu},     {Kind::leaky, leaky},         {Kind::prelu, prelu}, {Kind::clamp, clamp},
    {Kind::scale, product}, {Kind::shift, sum},           {Kind::add, sum},     {Kind::elu, elu},
    {Kind::gelu, gelu},     {Kind::gelutanh, gelutanh},   {Kind::silu, silu},   {Kind::sigmoid, sigmoid},
    {Kind::tanh, tanh},     {Kind::hardswish, hardswish}, {Kind::snake, snake},
};

}  // namespace

Expr epilogue_value(const EpilogueOp& op, const Expr& v, const Expr& o) {
    const Row* const row = std::ranges::find(rows, op.kind, &Row::kind);
    return row == std::end(rows) ? v : row->compute(v, o, op.values);  // a valid problem has no other
}

}  // namespace convt
