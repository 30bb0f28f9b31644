// SPDX-License-Identifier: Apache-2.0
// Sums that keep the order and the roundings of the definition (Sums::ordered), whatever LLVM makes of the loops around
// them. Compiled with Halide's strict_float no float instruction may be reassociated or contracted, so that loops alone
// decide the order of sums; multiply-adds are then fused here, one by one.
#pragma once

#include "schedules/cpu/halide.h"

namespace convt {

// A product that is added to something and to nothing else. It stands for itself until `fuse_products`: a sum of it can
// still be scheduled as one.
Halide::Expr product_in_order(const Halide::Expr& a, const Halide::Expr& b);

// Makes each s + product_in_order(a, b) in what `output` is lowered to one fused multiply-add, or, where `fused` is
// false, a product and a sum. Halide::CompileError where a product has lost its sum.
void fuse_products(Halide::Func& output, bool fused);

}  // namespace convt
