// SPDX-License-Identifier: Apache-2.0
// setp and testp.
#include "tests/support/ptx/real.h"

namespace convt::ptx {
namespace {

constexpr std::string_view comparisons[] = {"eq", "ne",  "lt",  "le",  "gt",  "ge",  "lo",  "ls",  "hi",
                                            "hs", "equ", "neu", "ltu", "leu", "gtu", "geu", "num", "nan"};
constexpr std::string_view combinations[] = {"none", "and", "or", "xor"};

// Which of less, equal, greater, unordered make a comparison true, as bits; by the order of `comparisons`.
constexpr unsigned less = 1;
constexpr unsigned equal = 2;
constexpr unsigned greater = 4;
constexpr unsigned unordered = 8;
constexpr unsigned truth[] = {equal,
                              less | greater,
                              less,
                              less | equal,
                              greater,
                              greater | equal,
                              less,
                              less | equal,
                              greater,
                              greater | equal,
                              equal | unordered,
                              less | greater | unordered,
                              less | unordered,
                              less | equal | unordered,
                              greater | unordered,
                              greater | equal | unordered,
                              less | equal | greater,
                              unordered};

template <typename T>
unsigned relation(T a, T b) {
    return unsigned{a < b} * less | unsigned{a == b} * equal | unsigned{a > b} * greater |
           unsigned{a != a || b != b} * unordered;
}
// aux: the true relations in the low 4 bits, the combination above.
Two<bool, bool> combined(bool result, bool other, Aux aux) {
    switch (aux.value >> 4U) {
        case 1:
            return {result && other, !result && other};
        case 2:
            return {result || other, !result || other};
        case 3:
            return {result != other, result == other};
        default:
            return {result, !result};
    }
}
template <typename T, bool Ftz>
Two<bool, bool> compare(T a, T b, bool other, Aux aux) {
    if constexpr (Ftz) {
        a = flushed(a);
        b = flushed(b);
    }
    return combined((relation(a, b) & aux.value & 15U) != 0, other, aux);
}
Two<bool, bool> compare_halves(Half a, Half b, bool other, Aux aux) {
    return combined((relation(from_half(a), from_half(b)) & aux.value & 15U) != 0, other, aux);
}

Choice choose_setp(Form& form) {
    const std::uint32_t comparison = form.take_one_of(comparisons, 99);
    const std::uint32_t combination = form.take_one_of(combinations, 0);
    const bool ftz = form.take("ftz");
    const Type type = form.type();
    if (comparison == 99) return {};
    const bool real = type == Type::f16 || type == Type::f32 || type == Type::f64;
    if ((comparison >= 10 && !real) || (comparison >= 6 && comparison < 10 && (real || is_signed(type)))) return {};
    Choice choice = type == Type::f16 ? lanewise<&compare_halves>()
                    : ftz             ? pick<float>(type, []<typename T>() { return lanewise<&compare<T, true>>(); })
                          : pick<std::uint16_t, std::int16_t, std::uint32_t, std::int32_t, std::uint64_t, std::int64_t,
                                 float, double>(type, []<typename T>() { return lanewise<&compare<T, false>>(); });
    // `ne` on floats is ordered, on integers there is nothing else.
    choice.aux = truth[comparison] | combination << 4U;
    if (combination == 0 && !choice.s.empty()) choice.s.pop_back();
    return choice;
}

constexpr std::string_view tests[] = {"finite", "infinite", "number", "notanumber", "normal", "subnormal"};
template <typename T>
bool test(T a, Aux aux) {
    switch (aux.value) {
        case 0:
            return std::isfinite(a);
        case 1:
            return std::isinf(a);
        case 2:
            return !std::isnan(a);
        case 3:
            return std::isnan(a);
        case 4:
            return std::isnormal(a);
        default:
            return std::fpclassify(a) == FP_SUBNORMAL;
    }
}
Choice choose_testp(Form& form) {
    const std::uint32_t which = form.take_one_of(tests, 99);
    if (which == 99) return {};
    return pick<float, double>(form.type(), [&]<typename T>() { return lanewise<&test<T>>(which); });
}

}  // namespace

std::vector<Family> compare_families() {
    return {{"setp", choose_setp}, {"testp", choose_testp}};
}

}  // namespace convt::ptx
