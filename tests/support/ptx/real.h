// SPDX-License-Identifier: Apache-2.0
// Real numbers as PTX has them: the 16-bit formats, rounding modes, flushing of denormals, and the one NaN that f32
// results have.
#pragma once

#include "tests/support/ptx/lanewise.h"

#include <cmath>
#include <limits>

namespace convt::ptx {

enum class Rounding : std::uint8_t { nearest, zero, down, up };
constexpr std::string_view rounding_names[] = {"rn", "rz", "rm", "rp"};
constexpr std::string_view integer_rounding_names[] = {"rni", "rzi", "rmi", "rpi"};

// To an integral value; nearest: ties to even.
double round_to_integer(double value, Rounding rounding);
// The formats with 1 sign bit, `exponent` and `mantissa` bits; NaN is all ones behind the sign.
std::uint16_t encode_small(double value, int exponent, int mantissa, Rounding rounding);

inline Half to_half(double value, Rounding rounding = Rounding::nearest) {
    return {encode_small(value, 5, 10, rounding)};
}
inline Bfloat to_bfloat(double value, Rounding rounding = Rounding::nearest) {
    return {encode_small(value, 8, 7, rounding)};
}
inline float from_half(Half half) {
    const std::uint32_t sign = (half.bits & 0x8000U) << 16U;
    const std::uint32_t rest = half.bits & 0x7FFFU;
    if (rest >= 0x7C00U) return std::bit_cast<float>(sign | (rest == 0x7C00U ? 0x7F800000U : 0x7FFFFFFFU));
    // Bits moved to a float's place have an exponent too small by 112; the product is exact, denormals included.
    return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(std::bit_cast<float>(rest << 13U) * 0x1p112F));
}
inline float from_bfloat(Bfloat value) {
    return std::bit_cast<float>(std::uint32_t{value.bits} << 16U);
}

// The host's rounding while it lives. What is computed meanwhile comes from memory and goes to memory, behind calls
// that the compiler does not see through, so nothing moves across.
class RoundingScope {
  public:
    explicit RoundingScope(Rounding rounding);
    ~RoundingScope();
    RoundingScope(const RoundingScope&) = delete;
    RoundingScope& operator=(const RoundingScope&) = delete;

  private:
    int before_;
};

template <typename T>
T flushed(T value) {
    return std::abs(value) < std::numeric_limits<T>::min() ? std::copysign(T{0}, value) : value;
}
// PTX: an f32 result that is NaN is 0x7fffffff.
inline float canonical(float value) {
    return value != value ? std::bit_cast<float>(0x7FFFFFFFU) : value;
}
inline double canonical(double value) {
    return value;
}
// .sat: NaN becomes +0.
template <typename T>
T saturated(T value) {
    return value > T{0} ? (value < T{1} ? value : T{1}) : T{0};
}

// An f32 or f64 function as an instruction has it: what .ftz and .sat make of its operands and result.
template <typename T, auto F, bool Ftz, bool Sat>
T shape1(T a) {
    const T result = F(Ftz ? flushed(a) : a);
    const T done = Ftz ? flushed(result) : result;
    return Sat ? saturated(done) : canonical(done);
}
template <typename T, auto F, bool Ftz, bool Sat>
T shape2(T a, T b) {
    const T result = F(Ftz ? flushed(a) : a, Ftz ? flushed(b) : b);
    const T done = Ftz ? flushed(result) : result;
    return Sat ? saturated(done) : canonical(done);
}
template <typename T, auto F, bool Ftz, bool Sat>
T shape3(T a, T b, T c) {
    const T result = F(Ftz ? flushed(a) : a, Ftz ? flushed(b) : b, Ftz ? flushed(c) : c);
    const T done = Ftz ? flushed(result) : result;
    return Sat ? saturated(done) : canonical(done);
}

}  // namespace convt::ptx
