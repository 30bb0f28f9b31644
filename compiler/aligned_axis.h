// SPDX-License-Identifier: Apache-2.0
// An axis whose phases are counted from a whole number of strides before the first output: where there is no dilation,
// the phases of one position read the same inputs.
#pragma once

#include "compiler/operands.h"

namespace convt {

// The output runs from `shift` on the axis that begins at a whole number of strides.
struct AlignedAxis {
    KernelAxis axis;
    PhaseTable table;
    int shift, stride;
    Halide::Expr output;

    explicit AlignedAxis(const KernelAxis& from) : axis(from), table(begin_at_stride(axis)) {
        shift = to_int(from.pad_low - axis.pad_low);
        stride = to_int(from.stride);
        output = from.output_extent();
    }

  private:
    static const Axis& begin_at_stride(Axis& axis) {
        axis.pad_low -= axis.pad_low % axis.stride;
        return axis;
    }
};

}  // namespace convt
