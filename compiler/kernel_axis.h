// SPDX-License-Identifier: Apache-2.0
// An axis with its extents as a kernel knows them: constants, or of an open axis what the input's buffer says, from
// which the others follow. Whatever else a strategy takes from an axis does not depend on an open extent, or is a
// default made for the nominal one.
#pragma once

#include "compiler/phase_table.h"
#include "schedules/cpu/halide.h"

#include <cstdint>

namespace convt {

// Halide's extents and constants are of 32 bits. A valid problem's fit: its rules say so.
inline int to_int(std::int64_t value) {
    return static_cast<int>(value);
}

struct KernelAxis : Axis {
    KernelAxis() = default;
    KernelAxis(const Axis& axis, const Halide::Expr& runtime_input)
        : Axis(axis), input_extent(axis.is_open() ? runtime_input : Halide::Expr(to_int(axis.input))) {}

    Halide::Expr input_extent;
    // Each input position more adds a stride to the output, and a position to every phase.
    Halide::Expr output_extent() const {
        if (!is_open()) return to_int(output());
        return input_extent * to_int(stride) + to_int(output() - input * stride);
    }
    // Index of the last one.
    static Halide::Expr last(const Halide::Expr& extent) { return Halide::Internal::simplify(extent - 1); }
    Halide::Expr positions(const PhaseTable& table) const {
        return is_open() ? input_extent + to_int(table.positions() - input) : Halide::Expr(to_int(table.positions()));
    }
};

}  // namespace convt
