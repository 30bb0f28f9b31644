// SPDX-License-Identifier: Apache-2.0
#include "compiler/packing.h"

#include <fmt/format.h>

namespace convt {

using Halide::Expr;
using Halide::Var;

namespace {

Halide::ImageParam raw_weights(const Operands& o) {
    std::vector<int> extents;
    for (const Axis& axis : o.axes)
        extents.push_back(static_cast<int>(axis.kernel));
    const bool turned = o.mirrored;
    extents.insert(extents.end(), {turned ? o.in_channels : o.out_channels, turned ? o.out_channels : o.in_channels,
                                   static_cast<int>(o.problem.groups)});
    if (o.parts > 1) extents.insert(extents.begin(), o.parts);
    Halide::ImageParam raw(scalar_type(o.problem.types().weights), static_cast<int>(extents.size()), "w_raw");
    int stride = 1;
    for (int d = 0; d < raw.dimensions(); ++d) {
        raw.dim(d).set_bounds(0, extents[static_cast<std::size_t>(d)]).set_stride(stride);
        stride *= extents[static_cast<std::size_t>(d)];
    }
    return raw;
}

// Of the input channels of one dot product, number r; there is none past the last channel.
void take_dot_channel(const Operands& o, const Expr& r, WeightSource& from) {
    const Expr ci = from.at.ci * o.dot() + r;
    from.at.ci = Halide::min(ci, o.in_channels - 1);
    if (o.in_channels % o.dot() == 0) return;
    from.exists = from.exists.defined() ? from.exists && ci < o.in_channels : ci < o.in_channels;
}

// Of kx ky kz cog cig g. The weights of a gradient are those of its layer: its kernel from the other end, its inputs
// the outputs.
std::vector<Expr> weight_index(const Operands& o, const WeightSource& from, const Expr& group) {
    const WeightIndex& at = from.at;
    if (!o.mirrored) return {at.kx, at.ky, at.kz, from.channel, at.ci, group};
    const auto other_end = [&o](std::size_t axis, const Expr& k) { return to_int(o.axes[axis].kernel - 1) - k; };
    return {other_end(0, at.kx), other_end(1, at.ky), other_end(2, at.kz), at.ci, from.channel, group};
}

}  // namespace

void build_packing(Operands& o, Pipeline& pipeline,
                   const std::function<Expr(const std::vector<Var>&, const ReadWeight&)>& value) {
    pipeline.raw_weights = raw_weights(o);
    const std::vector<int>& extents = o.packed_extents();
    const Halide::Type type = scalar_type(o.packed_type());
    std::vector<Var> args;
    for (std::size_t d = 0; d < extents.size(); ++d)
        args.emplace_back(fmt::format("p{}", d));
    std::vector<Var> at(args.begin(), args.end() - 1);
    if (o.parts > 1) at.erase(at.begin() + 1);
    if (o.dot() > 1) at.erase(at.begin());
    const ReadWeight read = [&](WeightSource from) -> Expr {
        if (o.dot() > 1) take_dot_channel(o, args[0], from);
        std::vector<Expr> index = weight_index(o, from, from.group.defined() ? from.group : args.back());
        if (o.parts > 1) index.insert(index.begin(), args[1]);
        const Expr weight = Halide::cast(type, pipeline.raw_weights(index));
        return from.exists.defined() ? Halide::select(from.exists, weight, Halide::cast(type, 0)) : weight;
    };
    pipeline.pack = Halide::Func("packed");
    pipeline.pack(args) = value(at, read);
    int stride = 1;
    for (int d = 0; d < static_cast<int>(extents.size()); ++d) {
        const int extent = extents[static_cast<std::size_t>(d)];
        pipeline.pack.bound(args[static_cast<std::size_t>(d)], 0, extent);
        pipeline.pack.output_buffer().dim(d).set_bounds(0, extent).set_stride(stride);
        stride *= extent;
    }
}

void build_packing(Operands& o, Pipeline& pipeline,
                   const std::function<WeightSource(const std::vector<Var>&)>& source) {
    build_packing(o, pipeline,
                  [&](const std::vector<Var>& at, const ReadWeight& read) -> Expr { return read(source(at)); });
}

WeightSource channel_source(const Operands& o, const std::vector<Var>& at, const WeightIndex& index) {
    const int lanes = o.packed_lanes();
    const Expr channel = at.back() * lanes + at.front();
    if (o.out_channels % lanes == 0) return {index, channel, Expr()};
    return {index, Halide::min(channel, o.out_channels - 1), channel < o.out_channels};
}

void build_packing(Operands& o, Pipeline& pipeline, const std::function<WeightIndex(const std::vector<Var>&)>& index) {
    build_packing(o, pipeline, [&](const std::vector<Var>& at) {
        return channel_source(o, at, index({at.begin() + 1, at.end() - 1}));
    });
}

}  // namespace convt
