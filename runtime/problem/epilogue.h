// SPDX-License-Identifier: Apache-2.0
// The operations of the epilogue as one table: their tokens, the operands they take, what they compute, and what bounds
// their errors. A new operation is one row here and one in compiler/epilogue.cpp, which computes it in kernels.
//
// Errors. Where a kernel's value differs from the exact v by at most e, then after an operation f by at most
//   slope * e + u * (relative * |f| + absolute),
// u the type's unit roundoff: `slope` bounds how f stretches differences anywhere, the rest is what the kernel's own f
// may be off by. A conversion to another type is one more of the kind, with slope 1. Operations compose, and additions
// and products of a chain may be fused or summed in another order: the operand of an addition counts in `absolute` for
// that reason.
#pragma once

#include "convt/problem.h"

#include <span>
#include <string_view>

namespace convt {

// What an operand's numbers are: factors, which do their work near 1, or terms, of the size of the values.
enum class OperandUse : std::uint8_t { none, factor, term };

struct EpilogueRow {
    EpilogueOp::Kind kind;
    std::string_view name;  // its token, before the numbers
    int values;             // numbers in the token, joined by `:`; two are an interval
    OperandShape shape;
    OperandUse use;
    bool is_complex;  // defined for complex types, part by part
    bool is_integer;  // defined where the epilogue's type is one of integers
    bool curved;      // has a scale of its own: only values around 1 show what it does
    long double (*compute)(long double v, long double o, const float* values);
    long double (*slope)(long double o, const float* values);
    // In unit roundoffs. An operation that rounds once is right where the result needs no rounding.
    bool rounds_once;
    long double relative;
    long double (*absolute)(long double o, const float* values);
};

std::span<const EpilogueRow> epilogue_rows() noexcept;
// Null for a kind that is not in the table.
const EpilogueRow* find_epilogue_row(EpilogueOp::Kind kind) noexcept;

constexpr ElementType operand_type(const ProblemTypeInfo& types, OperandShape shape) noexcept {
    return shape == OperandShape::as_output ? types.output : types.epilogue;
}

// One part of one output on its way from the sum through the chain to the output.
class EpilogueValue {
  public:
    long double value = 0;  // exact but for the roundings of long double; stored, within the output's range
    long double slope = 1;  // what an error of the sum is multiplied by
    long double own = 0;    // what comes on top

    EpilogueValue() = default;
    // The sum in the epilogue's type. `exact_sum`: it has no error, so what needs no rounding has none either, and a
    // conversion alone gives the very value that kernels have.
    EpilogueValue(const ProblemTypeInfo& types, long double sum, bool exact_sum);
    // `o`: the operand's element, 0 where there is none.
    void apply(const EpilogueOp& op, long double o);
    // Afterwards: the value as the output's type holds it.
    void store();

  private:
    void convert(ElementType from, ElementType to);

    ProblemTypeInfo types_{};
    bool exact_sum_ = false;
};

}  // namespace convt
