// SPDX-License-Identifier: Apache-2.0
// Functions that curve, of f32 and f64, as plain arithmetic: they vectorise on every target, and no kernel calls libm.
// Each is right within what the operations that use it state in runtime/problem/epilogue.cpp, for every finite
// argument.
#pragma once

#include "schedules/cpu/halide.h"

namespace convt {

// 1 / (1 + e^-x), off by a few roundings, and below x = -87 by at most e^-87.
Halide::Expr logistic(const Halide::Expr& x);
// e^x - 1; beyond -87 and 87 as there.
Halide::Expr exp_minus_1(const Halide::Expr& x);
Halide::Expr hyperbolic_tangent(const Halide::Expr& x);
// x times the normal distribution's share below x: x (1 + erf(x / sqrt 2)) / 2.
Halide::Expr normal_gate(const Halide::Expr& x);
// The square of sin(x); for arguments that have no fraction left, some number in [0, 1].
Halide::Expr sine_squared(const Halide::Expr& x);

}  // namespace convt
