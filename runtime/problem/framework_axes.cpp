// SPDX-License-Identifier: Apache-2.0
#include "runtime/problem/framework_axes.h"

#include <algorithm>

#include <fmt/format.h>

namespace convt::frameworks {
namespace {

// The kernel's reach with dilation, and all that it reaches from an input.
std::int64_t reach(const Axis& axis) {
    return axis.dilation * (axis.kernel - 1) + 1;
}
std::int64_t uncropped(const Axis& axis) {
    return (axis.input - 1) * axis.stride + reach(axis);
}

std::string field_of(std::string_view field, std::size_t axis) {
    return fmt::format("{}[{}]", field, axis);
}

// Cropping by less than nothing adds to the end, as output padding does.
Status crop(Axis& axis, std::int64_t low, std::int64_t high, std::string_view field) {
    if (low < 0) return refuse(field, low, "would pad before the output's beginning; convt's padding is at least 0");
    axis.pad_low = low;
    axis.pad_high = std::max<std::int64_t>(high, 0);
    axis.output_padding = std::max<std::int64_t>(-high, 0);
    return {};
}

// The gradient of a convolution from `output` positions to axis.input, padded by `padding` or, for SAME, by what is
// missing.
Status gradient_axis(Axis& axis, std::int64_t output, AutoPad rule, Padding padding, std::string_view field) {
    const std::int64_t full = uncropped(axis);
    const bool same = rule == AutoPad::same_upper;
    const std::int64_t least = same ? (axis.input - 1) * axis.stride + 1 : full - padding.low - padding.high;
    if (output < least || output >= least + axis.stride) {
        return refuse(field, output, fmt::format("must be from {} to {}", least, least + axis.stride - 1));
    }
    if (same) padding.low = std::max<std::int64_t>(full - output, 0) / 2;
    return crop(axis, padding.low, full - padding.low - output, field);
}

}  // namespace

Status refuse(std::string_view field, std::int64_t value, std::string_view rule) {
    return {Code::invalid_argument, fmt::format("{} = {}: {}", field, value, rule)};
}

std::int64_t at(const std::vector<std::int64_t>& list, std::size_t i, std::int64_t otherwise) {
    if (list.empty()) return otherwise;
    return list.size() == 1 ? list[0] : list[i];
}

Status onnx_axis(Axis& axis, std::size_t i, const OnnxConvTranspose& node) {
    axis.output_padding = at(node.output_padding, i, 0);
    const bool same = node.auto_pad == AutoPad::same_upper || node.auto_pad == AutoPad::same_lower;
    if (node.output_shape.empty() && !same) {
        axis.pad_low = at(node.pads, i, 0);
        axis.pad_high = at(node.pads, i + node.pads.size() / 2, 0);
        return {};
    }
    const std::int64_t full = uncropped(axis) + axis.output_padding;
    const std::int64_t output = at(node.output_shape, i, axis.input * axis.stride);
    const std::int64_t total = full - output;
    if (total < 0 && same) {
        return refuse(field_of(node.output_shape.empty() ? "output (input * stride)" : "output_shape", i), output,
                      fmt::format("must be at most {} with auto_pad SAME, or pads would be negative", full));
    }
    if (total < 0) {
        axis.output_padding -= total;
        return {};
    }
    axis.pad_low = node.auto_pad == AutoPad::same_upper ? total / 2 : total - total / 2;
    axis.pad_high = total - axis.pad_low;
    return {};
}

Status pytorch_axis(Axis& axis, std::size_t i, const PyTorchConvTranspose& module) {
    axis.pad_low = axis.pad_high = at(module.padding, i, 0);
    axis.output_padding = at(module.output_padding, i, 0);
    if (module.output_size.empty()) return {};
    const std::int64_t least = uncropped(axis) - 2 * axis.pad_low;
    const std::int64_t size = at(module.output_size, i, 0);
    if (size < least || size >= least + axis.stride) {
        return refuse(field_of("output_size", i), size,
                      fmt::format("must be from {} to {}", least, least + axis.stride - 1));
    }
    axis.output_padding = size - least;
    return {};
}

Status tensorflow_axis(Axis& axis, std::size_t i, const TensorFlowConvTranspose& call) {
    const Padding padding = call.padding == AutoPad::notset ? call.explicit_paddings[i] : Padding{};
    return gradient_axis(axis, at(call.output_shape, i, 0), call.padding, padding, field_of("output_shape", i));
}

Status keras_axis(Axis& axis, std::size_t i, const KerasConvTranspose& layer) {
    const std::int64_t k = reach(axis);
    const std::int64_t before = (axis.input - 1) * axis.stride;
    std::int64_t output = 0;
    if (layer.padding == AutoPad::valid) {
        output = before + k + at(layer.output_padding, i, std::max<std::int64_t>(axis.stride - k, 0));
    } else {
        output = layer.output_padding.empty() ? before + axis.stride : before + k % 2 + at(layer.output_padding, i, 0);
    }
    return gradient_axis(axis, output, layer.padding, {}, field_of("output (from output_padding)", i));
}

// What JAX puts before and after the input with its inserted zeros, of which the kernel's reach - 1 is no crop.
Status jax_axis(Axis& axis, std::size_t i, const JaxConvTranspose& call) {
    const std::int64_t k = reach(axis);
    const std::int64_t s = axis.stride;
    Padding crops{0, std::min<std::int64_t>(k - s, 0)};  // valid
    if (call.padding == AutoPad::same_upper) {
        crops.low = s > k - 1 ? 0 : (k - s) / 2;
        crops.high = k - s - crops.low;
    } else if (call.padding == AutoPad::notset) {
        crops = call.explicit_padding[i];
        if (!call.use_consistent_padding) crops = {k - 1 - crops.low, k - 1 - crops.high};
    }
    return crop(axis, crops.low, crops.high, field_of("crop before the output (from padding)", i));
}

}  // namespace convt::frameworks
