// SPDX-License-Identifier: Apache-2.0
// The operations of the epilogue as one table: their tokens, the operands they take, what they compute, and what bounds
// their errors. A new operation is one row here and one in compiler/epilogue.cpp, which computes it in kernels.
//
// Errors. Where a kernel's value differs from the exact v by at most e, then after an operation f by at most
//   slope * e + u * (relative * |f| + absolute),
// u the type's unit roundoff: `slope` bounds how f stretches differences anywhere, the rest is what the kernel's own f
// may be off by. Operations compose, and additions and products of a chain may be fused or summed in another order: the
// operand of an addition counts in `absolute` for that reason.
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

// One part of one output on its way through the chain.
struct EpilogueValue {
    long double value = 0;   // exact but for the roundings of long double
    long double slope = 1;   // what an error of the sum is multiplied by
    long double own = 0;     // what comes on top
    bool exact_sum = false;  // the sum has no error, so neither has what needs no rounding

    // `o`: the operand's element, 0 where there is none. `mantissa_bits`: of the kernel's type.
    void apply(const EpilogueOp& op, long double o, int mantissa_bits);
};

}  // namespace convt
