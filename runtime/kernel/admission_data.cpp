// SPDX-License-Identifier: Apache-2.0
#include "runtime/kernel/admission_data.h"

#include "runtime/kernel/definition.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace convt {
namespace {

// Fills with what `value` makes of draws of 31 bits. Past a prime period they repeat: copying is faster than drawing,
// and no stride of a tensor is a multiple of it.
template <typename T, typename Value>
void fill_drawn(const GuardedMemory& memory, std::uint64_t seed, const Value& value) {
    constexpr std::size_t period = 65'537;
    auto* const values = reinterpret_cast<T*>(memory.data());
    const std::size_t count = memory.bytes() / sizeof(T);
    for (std::size_t i = 0; i < std::min(count, period); ++i) {
        seed = seed * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;  // Knuth's MMIX generator
        values[i] = static_cast<T>(value(seed >> 33U));
    }
    for (std::size_t i = period; i < count; i += period)
        std::memcpy(values + i, values, std::min(period, count - i) * sizeof(T));
}

}  // namespace

// Largest magnitude of inputs and weights: with `terms` products (twice as many for complex types) and a bias of the
// product's size, sums stay within half of what the mantissa holds. Transformed, sums are larger and count fractions.
std::int64_t admission_limit(const Problem& problem, const TransformFacts& transform) {
    const ElementTypeInfo& type = element_type_info(problem.type);
    const std::int64_t products =
        transform.growth == 0
            ? max_terms(problem) * type.parts + 1
            : (transform.growth * problem.folds() * (problem.in_channels / problem.groups) + 1) * transform.divisor;
    const double room = std::ldexp(1.0, type.mantissa_bits - 1) / static_cast<double>(products);
    return std::clamp(static_cast<std::int64_t>(std::sqrt(room)), std::int64_t{1}, std::int64_t{1} << 15);
}

// Where an operation has a scale of its own, sums are brought to about 1, by a power of two that keeps them exact: the
// root of the number of products times their usual size. Else 1.
double admission_unit(const Problem& problem, std::int64_t limit) {
    const bool curved =
        std::ranges::any_of(problem.epilogue, [](const EpilogueOp& op) { return find_epilogue_row(op.kind)->curved; });
    if (!curved) return 1.0;
    const auto size = static_cast<double>(limit * limit) / 3 * std::sqrt(static_cast<double>(max_terms(problem)));
    return std::exp2(-std::round(std::log2(size)));
}

// Integers in [-limit, limit] without 0, which would hide a wrong operand, times `scale`.
template <typename T>
void fill_integers(const GuardedMemory& memory, std::int64_t limit, double scale, std::uint64_t seed) {
    fill_drawn<T>(memory, seed, [limit, scale](std::uint64_t bits) {
        const auto draw = static_cast<std::int64_t>(bits % static_cast<std::uint64_t>(2 * limit)) - limit;
        return static_cast<double>(draw >= 0 ? draw + 1 : draw) * scale;
    });
}

// 1/2, 1 or 2 of either sign.
template <typename T>
void fill_factors(const GuardedMemory& memory, std::uint64_t seed) {
    fill_drawn<T>(memory, seed, [](std::uint64_t bits) {
        return std::ldexp(bits % 2 == 0 ? 1.0 : -1.0, static_cast<int>(bits / 2 % 3) - 1);
    });
}

template void fill_integers<float>(const GuardedMemory&, std::int64_t, double, std::uint64_t);
template void fill_integers<double>(const GuardedMemory&, std::int64_t, double, std::uint64_t);
template void fill_factors<float>(const GuardedMemory&, std::uint64_t);
template void fill_factors<double>(const GuardedMemory&, std::uint64_t);

}  // namespace convt
