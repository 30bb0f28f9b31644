// SPDX-License-Identifier: Apache-2.0
// Arithmetic that IEEE 754 defines to the bit: add, sub, mul, fma, div, sqrt, rcp in every rounding; min, max, abs,
// neg, copysign.
#include "tests/support/ptx/fused.h"
#include "tests/support/ptx/real.h"

namespace convt::ptx {
namespace {

template <typename T>
T add(T a, T b) {
    return a + b;
}
template <typename T>
T sub(T a, T b) {
    return a - b;
}
template <typename T>
T mul(T a, T b) {
    return a * b;
}
template <typename T>
T div(T a, T b) {
    return a / b;
}
template <typename T>
T root(T a) {
    return std::sqrt(a);
}
template <typename T>
T reciprocal(T a) {
    return T{1} / a;
}
template <typename T>
T fma(T a, T b, T c) {
    return std::fma(a, b, c);
}
// A number wins over NaN, +0 is more than -0. With .NaN, NaN wins.
template <typename T>
T least(T a, T b) {
    if (a != a) return b;
    if (b != b) return a;
    return b < a || (b == a && std::signbit(b)) ? b : a;
}
template <typename T>
T most(T a, T b) {
    if (a != a) return b;
    if (b != b) return a;
    return a < b || (b == a && std::signbit(a)) ? b : a;
}
template <typename T>
T least_or_nan(T a, T b) {
    return a != a || b != b ? std::numeric_limits<T>::quiet_NaN() : least(a, b);
}
template <typename T>
T most_or_nan(T a, T b) {
    return a != a || b != b ? std::numeric_limits<T>::quiet_NaN() : most(a, b);
}
template <typename T>
T absolute(T a) {
    return std::abs(a);
}
template <typename T>
T negated(T a) {
    return -a;
}
template <typename T>
T with_sign_of(T sign, T value) {
    return std::copysign(value, sign);
}

// 16-bit arithmetic: in f32 and f64, exact enough for one rounding to be the right one (24 >= 2 * 11 + 2 bits; a sum
// that f64 cannot hold is one whose small part cannot reach a tie of 11 bits).
Half half_add(Half a, Half b) {
    return to_half(double{from_half(a)} + double{from_half(b)});
}
Half half_sub(Half a, Half b) {
    return to_half(double{from_half(a)} - double{from_half(b)});
}
Half half_mul(Half a, Half b) {
    return to_half(double{from_half(a)} * double{from_half(b)});
}
Half half_fma(Half a, Half b, Half c) {
    return to_half(double{from_half(a)} * double{from_half(b)} + double{from_half(c)});
}
Half half_negated(Half a) {
    return {static_cast<std::uint16_t>(a.bits ^ 0x8000U)};
}
Half half_absolute(Half a) {
    return {static_cast<std::uint16_t>(a.bits & 0x7FFFU)};
}

// Under another rounding than the host's.
template <typename Inner>
void run_rounded(Warp& warp, const Operation& operation, Mask lanes) {
    const RoundingScope scope(static_cast<Rounding>(operation.aux));
    Inner::run(warp, operation, lanes);
}
template <auto F>
Choice rounded(std::uint32_t rounding) {
    Choice choice = lanewise<F>(rounding);
    if (rounding != 0) choice.execute = &run_rounded<detail::Lanewise<F>>;
    return choice;
}

struct Shape {
    std::uint32_t rounding;
    bool ftz;
    bool sat;
    Type type;
};
Shape take_shape(Form& form) {
    const std::uint32_t rounding = form.take_one_of(rounding_names, 0);
    const bool ftz = form.take("ftz");
    const bool sat = form.take("sat");
    return {rounding, ftz, sat, form.type()};
}

template <auto Single, auto Double>
Choice choose1(const Shape& shape) {
    if (shape.sat) return {};
    if (shape.type == Type::f64)
        return shape.ftz ? Choice{} : rounded<&shape1<double, Double, false, false>>(shape.rounding);
    if (shape.type != Type::f32) return {};
    if (shape.ftz) return rounded<&shape1<float, Single, true, false>>(shape.rounding);
    return rounded<&shape1<float, Single, false, false>>(shape.rounding);
}
template <auto Single, auto Double>
Choice choose2(const Shape& shape) {
    if (shape.type == Type::f64) {
        return shape.ftz || shape.sat ? Choice{} : rounded<&shape2<double, Double, false, false>>(shape.rounding);
    }
    if (shape.type != Type::f32) return {};
    if (shape.ftz && shape.sat) return rounded<&shape2<float, Single, true, true>>(shape.rounding);
    if (shape.ftz) return rounded<&shape2<float, Single, true, false>>(shape.rounding);
    if (shape.sat) return rounded<&shape2<float, Single, false, true>>(shape.rounding);
    return rounded<&shape2<float, Single, false, false>>(shape.rounding);
}
template <auto F>
Choice choose_half(const Shape& shape) {
    return shape.rounding == 0 && !shape.ftz && !shape.sat ? lanewise<F>() : Choice{};
}

Choice choose_fma(Form& form) {
    const Shape shape = take_shape(form);
    if (shape.type == Type::f16) return choose_half<&half_fma>(shape);
    if (shape.type == Type::f64) {
        if (shape.ftz || shape.sat) return {};
        return shape.rounding == 0 ? fused_f64() : rounded<&shape3<double, &fma<double>, false, false>>(shape.rounding);
    }
    if (shape.type != Type::f32) return {};
    if (shape.ftz && shape.sat) return rounded<&shape3<float, &fma<float>, true, true>>(shape.rounding);
    if (shape.sat) return rounded<&shape3<float, &fma<float>, false, true>>(shape.rounding);
    if (shape.rounding == 0) return shape.ftz ? fused_f32_ftz() : fused_f32();
    return shape.ftz ? rounded<&shape3<float, &fma<float>, true, false>>(shape.rounding)
                     : rounded<&shape3<float, &fma<float>, false, false>>(shape.rounding);
}
Choice choose_add(Form& form) {
    const Shape shape = take_shape(form);
    return shape.type == Type::f16 ? choose_half<&half_add>(shape) : choose2<&add<float>, &add<double>>(shape);
}
Choice choose_sub(Form& form) {
    const Shape shape = take_shape(form);
    return shape.type == Type::f16 ? choose_half<&half_sub>(shape) : choose2<&sub<float>, &sub<double>>(shape);
}
Choice choose_mul(Form& form) {
    const Shape shape = take_shape(form);
    return shape.type == Type::f16 ? choose_half<&half_mul>(shape) : choose2<&mul<float>, &mul<double>>(shape);
}
// .full and .approx are within 2 ulp of the quotient on hardware, here they are the quotient.
Choice choose_div(Form& form) {
    if (!form.take("full")) form.take("approx");
    return choose2<&div<float>, &div<double>>(take_shape(form));
}
Choice choose_sqrt(Form& form) {
    form.take("approx");
    return choose1<&root<float>, &root<double>>(take_shape(form));
}
Choice choose_rcp(Form& form) {
    const bool approximate = form.take("approx");
    Shape shape = take_shape(form);
    // rcp.approx.ftz.f64 exists, with the upper 32 bits of the result alone: a starting point for Newton's method.
    if (approximate && shape.type == Type::f64) shape.ftz = false;
    return choose1<&reciprocal<float>, &reciprocal<double>>(shape);
}
Choice choose_min(Form& form) {
    const bool nan = form.take("NaN");
    const Shape shape = take_shape(form);
    return nan ? choose2<&least_or_nan<float>, &least_or_nan<double>>(shape)
               : choose2<&least<float>, &least<double>>(shape);
}
Choice choose_max(Form& form) {
    const bool nan = form.take("NaN");
    const Shape shape = take_shape(form);
    return nan ? choose2<&most_or_nan<float>, &most_or_nan<double>>(shape)
               : choose2<&most<float>, &most<double>>(shape);
}
Choice choose_abs(Form& form) {
    const Shape shape = take_shape(form);
    return shape.type == Type::f16 ? choose_half<&half_absolute>(shape)
                                   : choose1<&absolute<float>, &absolute<double>>(shape);
}
Choice choose_neg(Form& form) {
    const Shape shape = take_shape(form);
    return shape.type == Type::f16 ? choose_half<&half_negated>(shape)
                                   : choose1<&negated<float>, &negated<double>>(shape);
}
Choice choose_copysign(Form& form) {
    const Type type = form.type();
    if (type == Type::f64) return lanewise<&with_sign_of<double>>();
    return type == Type::f32 ? lanewise<&with_sign_of<float>>() : Choice{};
}

}  // namespace

std::vector<Family> float_families() {
    return {{"add", choose_add},          {"sub", choose_sub}, {"mul", choose_mul}, {"fma", choose_fma},
            {"mad", choose_fma},          {"div", choose_div}, {"rcp", choose_rcp}, {"min", choose_min},
            {"sqrt", choose_sqrt},        {"max", choose_max}, {"abs", choose_abs}, {"neg", choose_neg},
            {"copysign", choose_copysign}};
}

}  // namespace convt::ptx
