// SPDX-License-Identifier: Apache-2.0
// The phase table as Halide expressions, for loops whose phase is known only when the kernel runs.
#pragma once

#include "compiler/phase_table.h"
#include "schedules/cpu/halide.h"

namespace convt {

struct PhaseExpr {
    Halide::Expr taps;       // how many taps reach the phase
    Halide::Expr first_tap;  // k0
    Halide::Expr
        base;  // input index of the first tap, less q; clamped to the table's range so that bounds inference sees it
};

// `j` is the phase, in [0, phases).
PhaseExpr phase_expr(const PhaseTable& table, const Halide::Expr& j);

// Input index of the m-th tap of a phase at position q.
Halide::Expr input_row(const PhaseTable& table, const PhaseExpr& phase, const Halide::Expr& q, const Halide::Expr& m);

}  // namespace convt
