// SPDX-License-Identifier: Apache-2.0
// Polynomials are interpolations in Chebyshev nodes, computed with 40 digits; the maximal error beside each is theirs
// alone, f32 and f64. Range reductions take one product: what they round away is of the size of a rounding of the
// argument. Limits are selects, never min, max or clamp: Halide asks for the bounds of every value, and between bounds
// that it knows its time grows exponentially with the degree of a polynomial.
#include "compiler/functions.h"

#include <initializer_list>
#include <iterator>

namespace convt {
namespace {

using Halide::Expr;

// Each value once, in a let: arguments recur in every step, and the compiler walks trees, not graphs.
Expr shared(const Expr& e) {
    return Halide::Internal::common_subexpression_elimination(e);
}

Expr number(const Expr& like, double value) {
    return Halide::Internal::make_const(like.type(), value);
}

bool is_single(const Expr& x) {
    return x.type().bits() == 32;
}

Expr at_least(const Expr& x, double low) {
    return Halide::select(x < number(x, low), number(x, low), x);
}
Expr at_most(const Expr& x, double high) {
    return Halide::select(x > number(x, high), number(x, high), x);
}

// c[0] + c[1] x + c[2] x^2 ... Of what was bits Halide knows no bounds.
Expr polynomial(const Expr& argument, std::initializer_list<double> c) {
    const Halide::Type integer = argument.type().with_code(Halide::Type::Int);
    const Expr x =
        Halide::reinterpret(argument.type(), Halide::reinterpret(integer, argument) ^ Halide::cast(integer, 0));
    auto next = std::rbegin(c);
    Expr sum = number(x, *next);
    while (++next != std::rend(c))
        sum = sum * x + number(x, *next);
    return sum;
}

// e^x = power * (1 + rest), power a power of two, |rest| < 0.42.
struct Exponential {
    Expr power, rest;
};

// x in [-87, 87], clamped: the power and its inverse are normal numbers of either type.
Exponential exponential(const Expr& x) {
    const Expr inside = at_most(at_least(x, -87), 87);
    const Expr n = Halide::round(inside * number(x, 1.4426950408889634));
    const Expr r = inside - n * number(x, 0.6931471805599453);
    // (e^r - 1 - r) / r^2 for |r| <= log(2) / 2, times r^2 within 8e-9 and 2e-19.
    const Expr tail =
        is_single(x)
            ? polynomial(r,
                         {0.5, 0.16666576266288757, 0.041666556149721146, 0.008363178931176662, 0.0013926184037700295})
            : polynomial(r, {0.5, 0.1666666666666667, 0.04166666666666667, 0.008333333333326136, 0.0013888888888883748,
                             0.00019841269874820627, 2.4801587325547743e-05, 2.7557255400206422e-06,
                             2.75572736431103e-07, 2.5105217004720745e-08, 2.0914686968086876e-09});
    // Added to 1.5 * 2^mantissa, n stands in the lowest bits of a number; its exponent is shifted out.
    const int mantissa = is_single(x) ? 23 : 52, bias = is_single(x) ? 127 : 1023;
    const Expr low_bits = n + number(x, (is_single(x) ? 0x1.8p23 : 0x1.8p52) + bias);
    const Halide::Type integer = x.type().with_code(Halide::Type::Int);
    const Expr power = Halide::reinterpret(x.type(), Halide::reinterpret(integer, low_bits) << mantissa);
    return {power, r + r * r * tail};
}

// erf(x / sqrt 2) / 2 in f32: a quotient of polynomials for erf on [-4, 4], off by at most 7 roundings of 2^-24 (Eigen
// 3.4, generic_fast_erf_float).
Expr half_erf_single(const Expr& x) {
    const Expr z = at_most(at_least(x * number(x, 0.7071067811865476), -4), 4);
    const Expr square = z * z;
    const Expr above =
        polynomial(square, {-1.60960333262415e-02, -2.95459980854025e-03, -7.34990630326855e-04, -5.69250639462346e-05,
                            -2.10102402082508e-06, 2.77068142495902e-08, -2.72614225801306e-10});
    const Expr below = polynomial(square, {-1.42647390514189e-02, -7.37332916720468e-03, -1.68282697438203e-03,
                                           -2.13374055278905e-04, -1.45660718464996e-05});
    return z * number(x, 0.5) * above / below;
}

// The same in f64, from the share above |x|. With z = |x| / sqrt 2 and t = 2 / (2 + z), erfc(z) is t exp(-z^2 + p(t))
// (Press et al., Numerical Recipes, 6.2.2); p over t in [1/5, 1], brought to [-1, 1], within 8e-17.
Expr half_erf_double(const Expr& x) {
    const Expr z = at_most(Halide::select(x < number(x, 0), -x, x) * number(x, 0.7071067811865476), 8);
    const Expr t = number(x, 2) / (number(x, 2) + z);
    const Expr p =
        polynomial(t * number(x, 2.5) - number(x, 1.5),
                   {-0.5357597616889574,     0.5485680584418866,      0.011244143396837972,    -0.026169820329072876,
                    -0.00026228002044482773, 0.0029568391579940373,   -0.00033786640939655873, -0.000371494844877152,
                    0.00012274992386778331,  3.308173674598315e-05,   -2.7994567579929677e-05, 1.5322631534960284e-06,
                    4.320012241202933e-06,   -1.46574172091931e-06,   -3.058814778790545e-07,  3.3787828714086215e-07,
                    -5.139421030523664e-08,  -4.0918513869559005e-08, 2.0295266561784676e-08,  1.3102818172939667e-09,
                    -3.0509359886143504e-09, 2.3136635348797112e-10,  1.99258871574092e-10});
    const Exponential e = exponential(shared(p - z * z));
    const Expr half = number(x, 0.5) - number(x, 0.5) * t * (e.power + e.power * e.rest);
    return shared(Halide::select(x < number(x, 0), -half, half));
}

}  // namespace

// power * (1 + rest) - 1 in a form that is `rest` alone near 0. Of power * rest + (power - 1) the compiler makes the
// first form again, which has lost all digits there.
Expr exp_minus_1(const Expr& x) {
    const Exponential e = exponential(x);
    return shared(e.rest + (e.power - number(x, 1)) * (e.rest + number(x, 1)));
}

Expr logistic(const Expr& x) {
    const Exponential e = exponential(-x);
    return shared(number(x, 1) / (number(x, 1) + (e.power + e.power * e.rest)));
}

// From e^2x - 1, which is exact where it is small; 1 from 20 on.
Expr hyperbolic_tangent(const Expr& x) {
    const Expr e = exp_minus_1(number(x, 2) * at_most(at_least(x, -20), 20));
    return shared(e / (e + number(x, 2)));
}

// Below -6 in f32, -11 in f64, the product is less than a rounding of 1.
Expr normal_gate(const Expr& x) {
    const Expr from = at_least(x, is_single(x) ? -6 : -11);
    const Expr half_erf = is_single(x) ? half_erf_single(from) : half_erf_double(from);
    return shared(from * half_erf + from * number(x, 0.5));
}

// Its period is pi; sin^2(r) / r^2 in terms of r^2 up to (pi / 2)^2, times r^2 within 3e-10 and 2e-21.
Expr sine_squared(const Expr& x) {
    const Expr turns = Halide::round(x * number(x, 0.3183098861837907));
    const Expr r = x - turns * number(x, 3.141592653589793);
    const Expr square = at_most(r * r, 2.4674011002723395);
    const Expr quotient =
        is_single(x) ? polynomial(square, {1.0, -0.3333333432674408, 0.04444441944360733, -0.003174543147906661,
                                           0.00014102368731983006, -4.233628260408295e-06, 8.132831652574168e-08})
                     : polynomial(square, {1.0, -0.3333333333333333, 0.044444444444444446, -0.003174603174603167,
                                           0.00014109347442677652, -4.275559831043323e-06, 9.39683478311669e-08,
                                           -1.5661390306804375e-09, 2.047234159798936e-11, -2.1547120698580828e-13,
                                           1.8582641386287124e-15, -1.2340973041580493e-17});
    return shared(square * quotient);
}

}  // namespace convt
