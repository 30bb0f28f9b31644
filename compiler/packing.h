// SPDX-License-Identifier: Apache-2.0
// Weight packing: the order in which a kernel streams its weights, [lane][part] then the strategy's order of taps and
// channels, then blocks of channels and groups. Lanes past the last channel are zeros.
#pragma once

#include "compiler/strategies/strategy.h"

#include <functional>

namespace convt {

// Where a packed element comes from.
struct WeightIndex {
    Halide::Expr kx, ky, kz, ci;
};

// The same where lanes are not channels. Where `exists` is defined and false the element is zero; the indices must be
// legal all the same.
struct WeightSource {
    WeightIndex at;
    Halide::Expr channel, exists;
    Halide::Expr group = Halide::Expr();  // the last packed dimension where undefined
};

// Fills pipeline.pack and pipeline.raw_weights; `source` maps all packed dimensions but the last, the group.
void build_packing(Operands& operands, Pipeline& pipeline,
                   const std::function<WeightSource(const std::vector<Halide::Var>& at)>& source);

// Fills pipeline.pack and pipeline.raw_weights. The packed dimensions are (lane, inner..., block, g); `index` maps the
// inner ones to a weight; channel = block * lanes + lane. Extents must have been given to operands.set_packed in the
// same order.
void build_packing(Operands& operands, Pipeline& pipeline,
                   const std::function<WeightIndex(const std::vector<Halide::Var>& inner)>& index);

// Channel and existence where lanes are channels: at = (lane, inner..., block).
WeightSource channel_source(const Operands& operands, const std::vector<Halide::Var>& at, const WeightIndex& index);

// Where a packed element is made of several weights: `value` puts it together of what `read` gives.
using ReadWeight = std::function<Halide::Expr(const WeightSource& from)>;
void build_packing(
    Operands& operands, Pipeline& pipeline,
    const std::function<Halide::Expr(const std::vector<Halide::Var>& at, const ReadWeight& read)>& value);

}  // namespace convt
