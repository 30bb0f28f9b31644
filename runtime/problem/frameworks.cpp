// SPDX-License-Identifier: Apache-2.0
// Frameworks' descriptions into problems: which lists there are, their lengths and ranges, layouts and the order of
// weights. What the words mean for one axis is decided in framework_axes.cpp, whether the result is a valid problem in
// Problem::validate.
#include "convt/frameworks.h"

#include "runtime/problem/framework_axes.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

namespace convt {
namespace {

using List = std::vector<std::int64_t>;
using namespace frameworks;

// So large that no valid problem has more, so small that sums of products of two stay within 64 bits.
constexpr std::int64_t largest = std::numeric_limits<std::int32_t>::max();

Status must_be_one_of(std::string_view field, std::string_view values) {
    return {Code::invalid_argument, fmt::format("{}: must be one of {}", field, values)};
}

// Lengths and ranges of a list; an empty one is left to its default.
Status check_list(std::string_view field, const List& list, std::size_t entries, std::int64_t least) {
    if (!list.empty() && list.size() != 1 && list.size() != entries) {
        return {Code::invalid_argument,
                fmt::format("{}: has {} numbers, must have none, one or {}", field, list.size(), entries)};
    }
    for (const std::int64_t value : list) {
        if (value < least || value > largest) {
            return refuse(field, value, fmt::format("must be from {} to {}", least, largest));
        }
    }
    return {};
}

Status check_paddings(std::string_view field, const std::vector<Padding>& list, AutoPad rule, std::size_t rank,
                      std::int64_t least) {
    if (rule != AutoPad::notset && !list.empty())
        return {Code::invalid_argument, fmt::format("{}: is given beside SAME or VALID", field)};
    if (rule == AutoPad::notset && list.size() != rank) {
        return {Code::invalid_argument, fmt::format("{}: has {} pairs, must have {}", field, list.size(), rank)};
    }
    for (const Padding& padding : list) {
        for (const std::int64_t value : {padding.low, padding.high}) {
            if (value < least || value > largest) {
                return refuse(field, value, fmt::format("must be from {} to {}", least, largest));
            }
        }
    }
    return {};
}

Result<FrameworkLayer> begin(const LayerSizes& sizes, std::int64_t groups, Layout layout, const List& strides,
                             const List& dilations) {
    const std::size_t rank = sizes.input.size();
    if (rank < 1 || rank > 3) return refuse("rank of the input", static_cast<std::int64_t>(rank), "must be 1, 2 or 3");
    for (const Status& status :
         {check_list("input", sizes.input, rank, 1), check_list("kernel", sizes.kernel, rank, 1),
          check_list("strides", strides, rank, 1), check_list("dilations", dilations, rank, 1)}) {
        if (!status.ok()) return status;
    }
    if (sizes.kernel.empty()) return Status(Code::invalid_argument, "kernel: must be given");
    FrameworkLayer layer;
    Problem& p = layer.problem;
    p.rank = static_cast<int>(rank);
    p.type = sizes.type;
    p.batch = sizes.batch;
    p.in_channels = sizes.in_channels;
    p.out_channels = sizes.out_channels;
    p.groups = groups;
    p.bias = sizes.bias;
    p.input_layout = p.output_layout = layout;
    for (std::size_t i = 0; i < rank; ++i) {
        p.axes[i].input = sizes.input[i];
        p.axes[i].kernel = at(sizes.kernel, i, 1);
        p.axes[i].stride = at(strides, i, 1);
        p.axes[i].dilation = at(dilations, i, 1);
    }
    return layer;
}

template <typename Description>
Result<FrameworkLayer> finish(FrameworkLayer layer, const WeightOrder& weights,
                              Status (*set_axis)(Axis&, std::size_t, const Description&),
                              const Description& description) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(layer.problem.rank); ++i) {
        if (Status status = set_axis(layer.problem.axes[i], i, description); !status.ok()) return status;
    }
    if (Status status = layer.problem.validate(); !status.ok()) return status;
    layer.weights = weights;
    return layer;
}

// (C_in, C_out/groups, K...)
WeightOrder channels_leading(int rank) {
    return {rank + 2, {0, 1, 2, 3, 4}, false};
}

// (K..., C_in, C_out) or (K..., C_out, C_in)
WeightOrder channels_trailing(int rank, bool in_last, bool flipped) {
    WeightOrder order{rank + 2, {rank, rank + 1}, flipped};
    if (in_last) std::swap(order.from[0], order.from[1]);
    for (int i = 0; i < rank; ++i)
        order.from[static_cast<std::size_t>(i) + 2] = i;
    return order;
}

}  // namespace

Result<FrameworkLayer> from_onnx(const LayerSizes& sizes, const OnnxConvTranspose& node) {
    Result<FrameworkLayer> layer = begin(sizes, node.group, Layout::channels_first, node.strides, node.dilations);
    if (!layer.ok()) return layer;
    const std::size_t rank = sizes.input.size();
    if (node.auto_pad != AutoPad::notset && !node.pads.empty())
        return Status(Code::invalid_argument, "pads: is given beside auto_pad");
    if (!node.pads.empty() && node.pads.size() != 2 * rank) {
        return refuse("length of pads", static_cast<std::int64_t>(node.pads.size()),
                      fmt::format("must be {}", 2 * rank));
    }
    for (const Status& status :
         {check_list("output_padding", node.output_padding, rank, 0),
          check_list("output_shape", node.output_shape, rank, 1), check_list("pads", node.pads, 2 * rank, 0)}) {
        if (!status.ok()) return status;
    }
    return finish(std::move(layer).value(), channels_leading(static_cast<int>(rank)), onnx_axis, node);
}

Result<FrameworkLayer> from_pytorch(const LayerSizes& sizes, const PyTorchConvTranspose& module) {
    Result<FrameworkLayer> layer = begin(sizes, module.groups, Layout::channels_first, module.stride, module.dilation);
    if (!layer.ok()) return layer;
    const std::size_t rank = sizes.input.size();
    for (const Status& status :
         {check_list("padding", module.padding, rank, 0), check_list("output_padding", module.output_padding, rank, 0),
          check_list("output_size", module.output_size, rank, 1)}) {
        if (!status.ok()) return status;
    }
    return finish(std::move(layer).value(), channels_leading(static_cast<int>(rank)), pytorch_axis, module);
}

Result<FrameworkLayer> from_tensorflow(const LayerSizes& sizes, const TensorFlowConvTranspose& call) {
    Result<FrameworkLayer> layer = begin(sizes, 1, call.data_format, call.strides, call.dilations);
    if (!layer.ok()) return layer;
    const std::size_t rank = sizes.input.size();
    if (call.padding == AutoPad::same_lower) return must_be_one_of("padding", "SAME, VALID and explicit paddings");
    if (call.output_shape.empty()) return Status(Code::invalid_argument, "output_shape: must be given");
    for (const Status& status : {check_list("output_shape", call.output_shape, rank, 1),
                                 check_paddings("explicit_paddings", call.explicit_paddings, call.padding, rank, 0)}) {
        if (!status.ok()) return status;
    }
    return finish(std::move(layer).value(), channels_trailing(static_cast<int>(rank), true, false), tensorflow_axis,
                  call);
}

Result<FrameworkLayer> from_keras(const LayerSizes& sizes, const KerasConvTranspose& keras) {
    Result<FrameworkLayer> layer = begin(sizes, 1, keras.data_format, keras.strides, keras.dilation_rate);
    if (!layer.ok()) return layer;
    const std::size_t rank = sizes.input.size();
    if (keras.padding != AutoPad::same_upper && keras.padding != AutoPad::valid)
        return must_be_one_of("padding", "same and valid");
    if (Status status = check_list("output_padding", keras.output_padding, rank, 0); !status.ok()) return status;
    return finish(std::move(layer).value(), channels_trailing(static_cast<int>(rank), true, false), keras_axis, keras);
}

Result<FrameworkLayer> from_jax(const LayerSizes& sizes, const JaxConvTranspose& call) {
    Result<FrameworkLayer> layer = begin(sizes, 1, Layout::channels_last, call.strides, call.rhs_dilation);
    if (!layer.ok()) return layer;
    const std::size_t rank = sizes.input.size();
    if (call.padding == AutoPad::same_lower) return must_be_one_of("padding", "SAME, VALID and explicit padding");
    if (Status status = check_paddings("explicit_padding", call.explicit_padding, call.padding, rank, -largest);
        !status.ok()) {
        return status;
    }
    const WeightOrder weights =
        channels_trailing(static_cast<int>(rank), call.transpose_kernel, !call.transpose_kernel);
    return finish(std::move(layer).value(), weights, jax_axis, call);
}

}  // namespace convt
