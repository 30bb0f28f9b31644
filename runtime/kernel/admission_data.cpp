// SPDX-License-Identifier: Apache-2.0
#include "runtime/kernel/admission_data.h"

#include "runtime/kernel/definition.h"
#include "runtime/problem/scalars.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace convt {
namespace {

// Fills with what `value` makes of draws of 31 bits. Past a prime period they repeat: copying is faster than drawing,
// and no stride of a tensor is a multiple of it.
template <typename Value>
void fill_drawn(const GuardedMemory& memory, ElementType type, std::uint64_t seed, const Value& value) {
    constexpr std::size_t period = 65'537;
    const auto scalar = static_cast<std::size_t>(element_type_info(type).scalar_bytes);
    for (std::size_t at = 0; at < std::min(memory.bytes(), period * scalar); at += scalar) {
        seed = seed * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;  // Knuth's MMIX generator
        store_scalar(type, value(seed >> 33U), memory.data() + at);
    }
    for (std::size_t at = period * scalar; at < memory.bytes(); at += period * scalar)
        std::memcpy(memory.data() + at, memory.data(), std::min(period * scalar, memory.bytes() - at));
}

// In [-limit, limit], or in [1, limit].
void fill_integers(const GuardedMemory& memory, ElementType type, std::int64_t limit, double unit, std::uint64_t seed) {
    const ElementTypeInfo& info = element_type_info(type);
    const bool positive = info.kind == ScalarKind::unsigned_integer;
    const double scale = info.exponent_bits == 0 ? 1.0 : unit;
    fill_drawn(memory, type, seed, [=](std::uint64_t bits) {
        const auto draw = static_cast<std::int64_t>(bits % static_cast<std::uint64_t>(2 * limit)) - limit;
        return static_cast<double>(draw >= 0 ? draw + 1 : positive ? -draw : draw) * scale;
    });
}

// Largest magnitude of inputs and weights: with `terms` products (twice as many for complex types) and a bias of the
// product's size, sums stay within half of what the mantissa holds. Transformed, sums are larger and count fractions.
std::int64_t admission_limit(const Problem& described, const TransformFacts& transform) {
    const Problem problem = described.gathered();
    const ProblemTypeInfo& types = problem.types();
    const std::int64_t products =
        transform.growth == 0
            ? max_terms(problem) * types.parts() + 1
            : (transform.growth * problem.folds() * (problem.in_channels / problem.groups) + 1) * transform.divisor;
    const int sum_bits =
        std::min(element_type_info(types.sum).mantissa_bits, element_type_info(types.epilogue).mantissa_bits);
    const int output_bits = element_type_info(types.output).mantissa_bits;
    double room = std::ldexp(1.0, sum_bits - 1) / static_cast<double>(products);
    // Where the output has fewer bits most sums, which grow as the root of their terms does, should still fit.
    if (output_bits < sum_bits)
        room = std::min(room, std::ldexp(1.0, output_bits) / std::sqrt(static_cast<double>(products)));
    const int bits =
        std::min({15, element_type_info(types.input).mantissa_bits, element_type_info(types.weights).mantissa_bits});
    return std::clamp(static_cast<std::int64_t>(std::sqrt(room)), std::int64_t{1}, (std::int64_t{1} << bits) - 1);
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

}  // namespace

AdmissionData::AdmissionData(const Problem& problem, const TransformFacts& transform)
    : types_(problem.types()), limit_(admission_limit(problem, transform)), unit_(admission_unit(problem, limit_)) {}

void AdmissionData::fill_inputs(const GuardedMemory& memory, std::uint64_t seed) const {
    fill_integers(memory, types_.input, limit_, unit_, seed);
}

void AdmissionData::fill_weights(const GuardedMemory& memory, std::uint64_t seed) const {
    fill_integers(memory, types_.weights, limit_, 1.0, seed);
}

void AdmissionData::fill_terms(const GuardedMemory& memory, ElementType type, std::uint64_t seed) const {
    fill_integers(memory, type, limit_ * limit_, unit_, seed);
}

void AdmissionData::fill_factors(const GuardedMemory& memory, ElementType type, std::uint64_t seed) const {
    const double unit = element_type_info(types_.input).exponent_bits == 0 ? unit_ : 1.0;
    fill_drawn(memory, type, seed, [unit](std::uint64_t bits) {
        return std::ldexp(bits % 2 == 0 ? unit : -unit, static_cast<int>(bits / 2 % 3) - 1);
    });
}

}  // namespace convt
