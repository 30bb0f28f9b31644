// SPDX-License-Identifier: Apache-2.0
#include "tests/support/ptx/real.h"

#include <algorithm>
#include <cfenv>

namespace convt::ptx {

double round_to_integer(double value, Rounding rounding) {
    switch (rounding) {
        case Rounding::nearest:
            return std::nearbyint(value);
        case Rounding::zero:
            return std::trunc(value);
        case Rounding::down:
            return std::floor(value);
        case Rounding::up:
            return std::ceil(value);
    }
    return value;
}

std::uint16_t encode_small(double value, int exponent, int mantissa, Rounding rounding) {
    const auto sign = static_cast<std::uint16_t>(std::signbit(value) ? 0x8000U : 0U);
    const int infinity = ((1 << exponent) - 1) << mantissa;
    if (std::isnan(value)) return 0x7FFF;
    if (std::isinf(value)) return static_cast<std::uint16_t>(sign | infinity);
    if (value == 0) return sign;
    int power = 0;
    std::frexp(value, &power);  // |value| in [2^(power-1), 2^power)
    const int least = 2 - (1 << (exponent - 1));
    const int unit = std::max(power - 1, least);
    // In units of the last place: exact, for a double has bits to spare. The leading bit counts the exponent up by one.
    const double units = std::abs(round_to_integer(std::ldexp(value, mantissa - unit), rounding));
    const std::int64_t bits = (static_cast<std::int64_t>(unit - least) << mantissa) + static_cast<std::int64_t>(units);
    if (bits < infinity) return static_cast<std::uint16_t>(sign | bits);
    const bool away = rounding == Rounding::nearest || (rounding == Rounding::up && sign == 0) ||
                      (rounding == Rounding::down && sign != 0);
    return static_cast<std::uint16_t>(sign | (away ? infinity : infinity - 1));
}

RoundingScope::RoundingScope(Rounding rounding) : before_(std::fegetround()) {
    constexpr int modes[] = {FE_TONEAREST, FE_TOWARDZERO, FE_DOWNWARD, FE_UPWARD};
    std::fesetround(modes[static_cast<unsigned>(rounding)]);
}
RoundingScope::~RoundingScope() {
    std::fesetround(before_);
}

}  // namespace convt::ptx
