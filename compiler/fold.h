// SPDX-License-Identifier: Apache-2.0
// Padding modes: what a strategy computes before cropping is folded in place, the output copied from it. Strategies
// know nothing of it: the problem that they see has no padding, bias or epilogue (Problem::unfolded).
#pragma once

#include "compiler/strategies/strategy.h"

#include <vector>

namespace convt {

// Puts the fold, bias and epilogue of `problem` behind the pipeline's output; `input` is the pipeline's. `arguments`
// gain the bias and the operands of the epilogue.
void fold_output(const Problem& problem, const Halide::ImageParam& input, const Target& target,
                 const Schedule& schedule, Pipeline& pipeline, std::vector<Halide::Argument>& arguments);

}  // namespace convt
