// SPDX-License-Identifier: Apache-2.0
// Register tiles that outlive a barrier.
#pragma once

#include "schedules/cpu/halide.h"

namespace convt {

// Keeps `sum`, which is computed at the level of a block and stored in registers, in the registers of the threads that
// compute it: `output` is the pipeline that it is part of. Every thread must read and write its own slice alone, at
// indices that are constants but for the thread's own; a pipeline of which that is not true does not compile.
void keep_in_registers(Halide::Func& output, const Halide::Func& sum);

}  // namespace convt
