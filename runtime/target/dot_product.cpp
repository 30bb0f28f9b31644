// SPDX-License-Identifier: Apache-2.0
#include "runtime/target/dot_product.h"

#include "runtime/target/features.h"

namespace convt {
namespace {

// The first row that fits is taken. Cycles: vdpbf16ps on one core each of Zen 5 and Sapphire Rapids, against
// vfmadd231ps; vpdpbusd, which takes unsigned inputs, costs the same as that on both.
constexpr DotProduct rows[] = {
    {ElementType::bf16, ElementType::bf16, 2, feature::avx512_fp16, 3.3},
    {ElementType::bf16, ElementType::bf16, 2, feature::sse4a, 1.0},
    {ElementType::u8, ElementType::s8, 4, feature::avx512_fp16, 1.0},
    {ElementType::u8, ElementType::s8, 4, feature::sse4a, 1.0},
    {ElementType::s8, ElementType::s8, 4, feature::avx512_fp16, 1.0},
    {ElementType::s8, ElementType::s8, 4, feature::sse4a, 1.0},
};

}  // namespace

const DotProduct* find_dot_product(const Problem& problem, const Target& target) noexcept {
    if (problem.rounds_in_order()) return nullptr;
    const ProblemTypeInfo& types = problem.types();
    for (const DotProduct& row : rows) {
        const bool taken = row.input == types.input && row.weights == types.weights;
        if (taken && (target.features() & row.feature) != 0) return &row;
    }
    return nullptr;
}

Target relevant_target(const Problem& problem, const Target& target) {
    constexpr std::uint64_t only_with_dot_products = feature::avx512_fp16 | feature::sse4a;
    if ((target.features() & only_with_dot_products) == 0 || find_dot_product(problem, target) != nullptr)
        return target;
    return Target::parse(target.info().name).value();
}

}  // namespace convt
