// SPDX-License-Identifier: Apache-2.0
// Integer arithmetic. Everything that may overflow is computed unsigned, as the hardware wraps.
#include "tests/support/ptx/lanewise.h"

#include <limits>

namespace convt::ptx {
namespace {

template <typename T>
using Unsigned = std::make_unsigned_t<T>;
// Wide enough for a product of two Ts.
template <typename T>
using Wide = std::conditional_t<
    std::is_signed_v<T>,
    std::conditional_t<sizeof(T) == 2, std::int32_t, std::conditional_t<sizeof(T) == 4, std::int64_t, Int128>>,
    std::conditional_t<sizeof(T) == 2, std::uint32_t, std::conditional_t<sizeof(T) == 4, std::uint64_t, Uint128>>>;

template <typename T>
T add(T a, T b) {
    return static_cast<T>(static_cast<Unsigned<T>>(a) + static_cast<Unsigned<T>>(b));
}
template <typename T>
T sub(T a, T b) {
    return static_cast<T>(static_cast<Unsigned<T>>(a) - static_cast<Unsigned<T>>(b));
}
template <typename T>
T mul(T a, T b) {
    // 16-bit operands would be promoted to int, and overflow.
    using Product = std::conditional_t<sizeof(T) < 4, std::uint32_t, Unsigned<T>>;
    return static_cast<T>(static_cast<Product>(a) * static_cast<Product>(b));
}
template <typename T>
T mul_high(T a, T b) {
    return static_cast<T>(static_cast<Wide<T>>(static_cast<Wide<T>>(a) * static_cast<Wide<T>>(b)) >> (8 * sizeof(T)));
}
template <typename T>
Wide<T> mul_wide(T a, T b) {
    return static_cast<Wide<T>>(a) * static_cast<Wide<T>>(b);
}
template <typename T>
T mad_low(T a, T b, T c) {
    return add<T>(mul<T>(a, b), c);
}
template <typename T>
T mad_high(T a, T b, T c) {
    return add<T>(mul_high<T>(a, b), c);
}
template <typename T>
Wide<T> mad_wide(T a, T b, Wide<T> c) {
    return add<Wide<T>>(mul_wide<T>(a, b), c);
}
std::int32_t saturate(std::int64_t value) {
    using Limits = std::numeric_limits<std::int32_t>;
    return static_cast<std::int32_t>(value < Limits::min()   ? Limits::min()
                                     : value > Limits::max() ? Limits::max()
                                                             : value);
}
std::int32_t add_saturating(std::int32_t a, std::int32_t b) {
    return saturate(std::int64_t{a} + b);
}
std::int32_t sub_saturating(std::int32_t a, std::int32_t b) {
    return saturate(std::int64_t{a} - b);
}

// PTX leaves division by zero to the machine; the hardware gives all ones.
template <typename T>
T div(T a, T b) {
    if (b == 0) return static_cast<T>(~T{0});
    if (std::is_signed_v<T> && b == static_cast<T>(-1)) return sub<T>(0, a);
    return static_cast<T>(a / b);
}
template <typename T>
T rem(T a, T b) {
    if (b == 0) return static_cast<T>(~T{0});
    if (std::is_signed_v<T> && b == static_cast<T>(-1)) return 0;
    return static_cast<T>(a % b);
}
template <typename T>
T neg(T a) {
    return sub<T>(0, a);
}
template <typename T>
T abs(T a) {
    return a < 0 ? sub<T>(0, a) : a;
}
template <typename T>
T min(T a, T b) {
    return b < a ? b : a;
}
template <typename T>
T max(T a, T b) {
    return a < b ? b : a;
}
template <typename T>
T sad(T a, T b, T c) {
    return add<T>(c, a < b ? sub<T>(b, a) : sub<T>(a, b));
}

// For the six integer types that arithmetic has.
template <typename Make>
Choice pick_integer(Type type, const Make& make) {
    return pick<std::uint16_t, std::int16_t, std::uint32_t, std::int32_t, std::uint64_t, std::int64_t>(type, make);
}
template <typename Make>
Choice pick_narrow(Type type, const Make& make) {
    return pick<std::uint16_t, std::int16_t, std::uint32_t, std::int32_t>(type, make);
}
template <typename Make>
Choice pick_signed(Type type, const Make& make) {
    return pick<std::int16_t, std::int32_t, std::int64_t>(type, make);
}

Choice choose_add(Form& form) {
    const bool saturating = form.take("sat");
    const Type type = form.type();
    if (saturating) return type == Type::s32 ? lanewise<&add_saturating>() : Choice{};
    return pick_integer(type, []<typename T>() { return lanewise<&add<T>>(); });
}
Choice choose_sub(Form& form) {
    const bool saturating = form.take("sat");
    const Type type = form.type();
    if (saturating) return type == Type::s32 ? lanewise<&sub_saturating>() : Choice{};
    return pick_integer(type, []<typename T>() { return lanewise<&sub<T>>(); });
}
Choice choose_mul(Form& form) {
    if (form.take("lo")) return pick_integer(form.type(), []<typename T>() { return lanewise<&mul<T>>(); });
    if (form.take("hi")) return pick_integer(form.type(), []<typename T>() { return lanewise<&mul_high<T>>(); });
    if (form.take("wide")) return pick_narrow(form.type(), []<typename T>() { return lanewise<&mul_wide<T>>(); });
    return {};
}
Choice choose_mad(Form& form) {
    if (form.take("lo")) return pick_integer(form.type(), []<typename T>() { return lanewise<&mad_low<T>>(); });
    if (form.take("hi")) return pick_integer(form.type(), []<typename T>() { return lanewise<&mad_high<T>>(); });
    if (form.take("wide")) return pick_narrow(form.type(), []<typename T>() { return lanewise<&mad_wide<T>>(); });
    return {};
}
Choice choose_div(Form& form) {
    return pick_integer(form.type(), []<typename T>() { return lanewise<&div<T>>(); });
}
Choice choose_rem(Form& form) {
    return pick_integer(form.type(), []<typename T>() { return lanewise<&rem<T>>(); });
}
Choice choose_neg(Form& form) {
    return pick_signed(form.type(), []<typename T>() { return lanewise<&neg<T>>(); });
}
Choice choose_abs(Form& form) {
    return pick_signed(form.type(), []<typename T>() { return lanewise<&abs<T>>(); });
}
Choice choose_min(Form& form) {
    return pick_integer(form.type(), []<typename T>() { return lanewise<&min<T>>(); });
}
Choice choose_max(Form& form) {
    return pick_integer(form.type(), []<typename T>() { return lanewise<&max<T>>(); });
}
Choice choose_sad(Form& form) {
    return pick_integer(form.type(), []<typename T>() { return lanewise<&sad<T>>(); });
}

}  // namespace

std::vector<Family> integer_families() {
    return {{"add", choose_add}, {"sub", choose_sub}, {"mul", choose_mul}, {"mad", choose_mad},
            {"div", choose_div}, {"rem", choose_rem}, {"neg", choose_neg}, {"abs", choose_abs},
            {"min", choose_min}, {"max", choose_max}, {"sad", choose_sad}};
}

}  // namespace convt::ptx
