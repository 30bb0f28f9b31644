// SPDX-License-Identifier: Apache-2.0
// What the operations of the epilogue compute in kernels: one row an operation, beside its row in
// runtime/problem/epilogue.cpp.
#pragma once

#include "convt/problem.h"
#include "schedules/cpu/halide.h"

namespace convt {

// The value after `op`. `o`: its operand's element of the same type; not defined where it takes none.
Halide::Expr epilogue_value(const EpilogueOp& op, const Halide::Expr& v, const Halide::Expr& o);

}  // namespace convt
