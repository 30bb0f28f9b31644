// SPDX-License-Identifier: Apache-2.0
// The tables of element types and of the types that a problem can have. A new problem type is one row here, and its
// cases; one of the same input, weights and sums has these as output (Problem::unfolded).
#include "convt/problem.h"

namespace convt {
namespace {

// IEEE 754-2019, table 3.5: binary16 has 11 significand bits, binary32 24, binary64 53; bfloat16 is the upper half of
// binary32.
constexpr ElementTypeInfo elements[] = {
    {ElementType::f32, "f32", ScalarKind::real, 1, 4, 24, 8, "float"},
    {ElementType::f64, "f64", ScalarKind::real, 1, 8, 53, 11, "double"},
    {ElementType::c64, "c64", ScalarKind::real, 2, 4, 24, 8, "float"},
    {ElementType::c128, "c128", ScalarKind::real, 2, 8, 53, 11, "double"},
    {ElementType::f16, "f16", ScalarKind::real, 1, 2, 11, 5, "uint16_t"},
    {ElementType::bf16, "bf16", ScalarKind::brain, 1, 2, 8, 8, "uint16_t"},
    {ElementType::u8, "u8", ScalarKind::unsigned_integer, 1, 1, 8, 0, "uint8_t"},
    {ElementType::s8, "s8", ScalarKind::signed_integer, 1, 1, 7, 0, "int8_t"},
    {ElementType::s32, "s32", ScalarKind::signed_integer, 1, 4, 31, 0, "int32_t"},
};

// A type, and the one that input, weights and output share while sums and epilogues have another.
constexpr ProblemTypeInfo same(ProblemType type, const char* name, ElementType all) {
    return {type, name, all, all, all, all, all};
}
constexpr ProblemTypeInfo summed_in(ElementType sum, ProblemType type, const char* name, ElementType operands,
                                    ElementType output) {
    return {type, name, operands, operands, output, sum, sum};
}

constexpr ProblemTypeInfo of_8_bits(ProblemType type, const char* name, ElementType input, ElementType output,
                                    ElementType epilogue) {
    return {type, name, input, ElementType::s8, output, ElementType::s32, epilogue};
}

// Sums and bias of 16-bit types are f32, as in oneDNN and PyTorch's kernels; a bias is small, and f32 keeps it whole.
constexpr ProblemTypeInfo problems[] = {
    same(ProblemType::f32, "f32", ElementType::f32),
    same(ProblemType::f64, "f64", ElementType::f64),
    same(ProblemType::c64, "c64", ElementType::c64),
    same(ProblemType::c128, "c128", ElementType::c128),
    summed_in(ElementType::f32, ProblemType::f16, "f16", ElementType::f16, ElementType::f16),
    summed_in(ElementType::f32, ProblemType::bf16, "bf16", ElementType::bf16, ElementType::bf16),
    summed_in(ElementType::f32, ProblemType::f16f16f32, "f16f16f32", ElementType::f16, ElementType::f32),
    summed_in(ElementType::f32, ProblemType::bf16bf16f32, "bf16bf16f32", ElementType::bf16, ElementType::f32),
    summed_in(ElementType::f64, ProblemType::f32f32f64, "f32f32f64", ElementType::f32, ElementType::f64),
    summed_in(ElementType::f64, ProblemType::f32f32f32f64, "f32f32f32f64", ElementType::f32, ElementType::f32),
    of_8_bits(ProblemType::u8s8s32, "u8s8s32", ElementType::u8, ElementType::s32, ElementType::s32),
    of_8_bits(ProblemType::s8s8s32, "s8s8s32", ElementType::s8, ElementType::s32, ElementType::s32),
    of_8_bits(ProblemType::u8s8f32, "u8s8f32", ElementType::u8, ElementType::f32, ElementType::f32),
    of_8_bits(ProblemType::s8s8f32, "s8s8f32", ElementType::s8, ElementType::f32, ElementType::f32),
    of_8_bits(ProblemType::u8s8u8, "u8s8u8", ElementType::u8, ElementType::u8, ElementType::f32),
    of_8_bits(ProblemType::s8s8s8, "s8s8s8", ElementType::s8, ElementType::s8, ElementType::f32),
};

}  // namespace

std::span<const ElementTypeInfo> element_types() noexcept {
    return elements;
}

const ElementTypeInfo& element_type_info(ElementType type) noexcept {
    const auto index = static_cast<std::size_t>(type);
    return index < std::size(elements) ? elements[index] : elements[0];
}

std::span<const ProblemTypeInfo> problem_types() noexcept {
    return problems;
}

const ProblemTypeInfo& problem_type_info(ProblemType type) noexcept {
    const auto index = static_cast<std::size_t>(type);
    return index < std::size(problems) ? problems[index] : problems[0];
}

}  // namespace convt
