// SPDX-License-Identifier: Apache-2.0
// cvt, between integers of every width and reals of every format. A conversion passes through a type that holds either
// side exactly: 64-bit integers through themselves, reals through f64.
#include "tests/support/ptx/real.h"

namespace convt::ptx {
namespace {

// aux: rounding in the low bits, .ftz and .sat as these.
constexpr std::uint32_t ftz_bit = 4;
constexpr std::uint32_t sat_bit = 8;
constexpr std::uint32_t integral_bit = 16;  // .rni and its like: to an integral value

Rounding rounding_of(Aux aux) {
    return static_cast<Rounding>(aux.value & 3U);
}

template <typename S>
double real_of(S value, Aux aux) {
    if constexpr (std::is_same_v<S, Half>) {
        return from_half(value);
    } else if constexpr (std::is_same_v<S, Bfloat>) {
        return from_bfloat(value);
    } else if constexpr (std::is_same_v<S, float>) {
        return (aux.value & ftz_bit) != 0 ? flushed(value) : value;
    } else {
        return value;
    }
}

// Out of range: the nearest integer there is. NaN: 0 where neither side has 64 bits, otherwise the top bit alone.
template <typename D, typename S>
D real_to_integer(S value, Aux aux) {
    using Limits = std::numeric_limits<D>;
    const double real = real_of(value, aux);
    if (std::isnan(real)) {
        return sizeof(D) == 8 || sizeof(S) == 8 ? static_cast<D>(std::uint64_t{1} << (8 * sizeof(D) - 1)) : D{0};
    }
    const double whole = round_to_integer(real, rounding_of(aux));
    // 2^bits is exact, the largest 64-bit integer is not.
    const double beyond = std::ldexp(1.0, std::is_signed_v<D> ? 8 * sizeof(D) - 1 : 8 * sizeof(D));
    if (whole >= beyond) return Limits::max();
    if (whole <= static_cast<double>(Limits::min())) return Limits::min();
    return static_cast<D>(whole);
}

template <typename D>
D narrowed(double real, Aux aux) {
    if constexpr (std::is_same_v<D, Half>) return to_half(real, rounding_of(aux));
    if constexpr (std::is_same_v<D, Bfloat>) return to_bfloat(real, rounding_of(aux));
    if constexpr (std::is_same_v<D, double>) return real;
    if constexpr (std::is_same_v<D, float>) {
        const auto result = static_cast<float>(real);  // under the host's rounding: see run_rounded
        return canonical((aux.value & ftz_bit) != 0 ? flushed(result) : result);
    }
}
template <typename D, typename S>
D real_to_real(S value, Aux aux) {
    double real = real_of(value, aux);
    if ((aux.value & integral_bit) != 0) real = round_to_integer(real, rounding_of(aux));
    if ((aux.value & sat_bit) != 0) real = saturated(real);
    return narrowed<D>(real, aux);
}
template <typename D, typename S>
D integer_to_real(S value, Aux aux) {
    if constexpr (std::is_class_v<D>) {
        return narrowed<D>(static_cast<double>(value), aux);
    } else {
        return static_cast<D>(value);
    }
}
template <typename D, typename S>
D integer_to_integer(S value, Aux aux) {
    using Limits = std::numeric_limits<D>;
    if ((aux.value & sat_bit) != 0) {
        if (std::cmp_greater(value, Limits::max())) return Limits::max();
        if (std::cmp_less(value, Limits::min())) return Limits::min();
    }
    return static_cast<D>(value);
}

template <auto F>
void run_rounded(Warp& warp, const Operation& operation, Mask lanes) {
    const RoundingScope scope(static_cast<Rounding>(operation.aux & 3U));
    detail::Lanewise<F>::run(warp, operation, lanes);
}

template <typename Make>
Choice pick_integer(Type type, const Make& make) {
    return pick<std::uint8_t, std::int8_t, std::uint16_t, std::int16_t, std::uint32_t, std::int32_t, std::uint64_t,
                std::int64_t>(type, make);
}
template <typename Make>
Choice pick_real(Type type, const Make& make) {
    return pick<Half, Bfloat, float, double>(type, make);
}
bool is_real(Type type) {
    return type == Type::f16 || type == Type::bf16 || type == Type::f32 || type == Type::f64;
}
// Rounding that is the host's business: to f32, and from 64-bit integers to f64.
template <auto F>
Choice under_rounding(std::uint32_t aux, bool integral) {
    Choice choice = lanewise<F>(aux);
    if (!integral && (aux & 3U) != 0) choice.execute = &run_rounded<F>;
    return choice;
}

Choice choose_cvt(Form& form) {
    const std::uint32_t to_integral = form.take_one_of(integer_rounding_names, 99);
    const std::uint32_t rounding = to_integral != 99 ? to_integral : form.take_one_of(rounding_names, 0);
    const std::uint32_t aux = rounding | (form.take("ftz") ? ftz_bit : 0) | (form.take("sat") ? sat_bit : 0) |
                              (to_integral != 99 ? integral_bit : 0);
    const Type to = form.type();
    const Type from = form.type();
    if (is_real(to) && is_real(from)) {
        return pick_real(to, [&]<typename D>() {
            return pick_real(from,
                             [&]<typename S>() { return under_rounding<&real_to_real<D, S>>(aux, to_integral != 99); });
        });
    }
    if (is_real(to)) {
        return pick_real(to, [&]<typename D>() {
            return pick_integer(from, [&]<typename S>() { return under_rounding<&integer_to_real<D, S>>(aux, false); });
        });
    }
    if (is_real(from)) {
        if (to_integral == 99) return {};
        return pick_integer(to, [&]<typename D>() {
            return pick_real(from, [&]<typename S>() { return lanewise<&real_to_integer<D, S>>(aux); });
        });
    }
    return pick_integer(to, [&]<typename D>() {
        return pick_integer(from, [&]<typename S>() { return lanewise<&integer_to_integer<D, S>>(aux); });
    });
}

// Two f32 into the halves of a 32-bit register, the first operand into the upper one.
template <typename H, H (*To)(double, Rounding)>
std::uint32_t packed(float high, float low, Aux aux) {
    return std::uint32_t{To(high, rounding_of(aux)).bits} << 16U | To(low, rounding_of(aux)).bits;
}
Choice choose_packed(Form& form) {
    const std::uint32_t rounding = form.take_one_of(rounding_names, 99);
    if (rounding == 99 || form.take("relu")) return {};
    if (form.take("f16x2")) return form.type() == Type::f32 ? lanewise<&packed<Half, &to_half>>(rounding) : Choice{};
    if (form.take("bf16x2"))
        return form.type() == Type::f32 ? lanewise<&packed<Bfloat, &to_bfloat>>(rounding) : Choice{};
    return {};
}

}  // namespace

std::vector<Family> convert_families() {
    return {{"cvt", choose_packed}, {"cvt", choose_cvt}};
}

}  // namespace convt::ptx
