// SPDX-License-Identifier: Apache-2.0
// The phase table as Halide expressions, for loops whose phase is known only when the kernel runs.
#pragma once

#include "compiler/kernel_axis.h"

namespace convt {

struct PhaseExpr {
    Halide::Expr taps;       // how many taps reach the phase
    Halide::Expr first_tap;  // k0
    Halide::Expr
        base;  // input index of the first tap, less q; clamped to the table's range so that bounds inference sees it
};

// `j` is the phase, in [0, phases).
PhaseExpr phase_expr(const PhaseTable& table, const Halide::Expr& j);

// The taps that some position of a tile finds inside the input: the first of them, and how many there are, perhaps
// none. `q` is the tile's first position, `tile` how many it has. As loops, r runs over [0, max_taps) where r < count,
// and the tap is first + r.
struct TapRange {
    Halide::Expr first, count;
    bool whole;  // always all max_taps of them
};
TapRange tap_range(const PhaseTable& table, const KernelAxis& axis, const PhaseExpr& phase, const Halide::Expr& q,
                   int tile);

// The m-th tap, for the r-th iteration. Clamped so that bounds inference sees an interval that is never empty: where no
// tap is left, regions of negative size would follow.
Halide::Expr tap_of(const PhaseTable& table, const TapRange& range, const Halide::Expr& r);

// Loops over j and over input offsets u that are unrolled: the tap by which output position S q + j reads input
// position q + u + (whole strides of the padding), and whether there is one. j may run past S, over rows of a tile.
struct OffsetTap {
    Halide::Expr tap, exists;
};
OffsetTap offset_tap(const PhaseTable& table, const Halide::Expr& j, const Halide::Expr& u);

// The offsets u that occur for j in [first, first + count). Kept apart from the whole strides of the padding, which may
// exceed 32 bits where offsets do not.
struct OffsetRange {
    int lowest, count, strides;
};
OffsetRange offset_range(const PhaseTable& table, int first, int count);

// A loop r from `first` over all offsets of a range, u = sign * r: upwards, or, so that taps ascend, downwards.
struct OffsetLoop {
    int first, sign;
};
OffsetLoop offset_loop(const OffsetRange& range, bool taps_ascend);

// Input index of the m-th tap of a phase at position q.
Halide::Expr input_row(const PhaseTable& table, const PhaseExpr& phase, const Halide::Expr& q, const Halide::Expr& m);

// Tap `place` of output position `at` of an axis whose phases are a loop. Places beyond the taps that find the input
// are taken out of `taps`, whose dimension `dimension` is the place.
struct RolledTap {
    Halide::Expr kernel_row, input_row;
};
RolledTap rolled_tap(const PhaseTable& table, const KernelAxis& axis, Halide::RDom& taps, int dimension,
                     const Halide::Expr& at);

}  // namespace convt
