// SPDX-License-Identifier: Apache-2.0
// Transposed convolutions as other frameworks describe them, turned into problems: one function a framework. How a
// framework stores weights differs too: with each problem comes the order of its weights, and `reorder_weights` brings
// them into convt's.
//
// Lists hold a number per spatial axis, outermost first; one number stands for all axes, an empty list for the
// framework's default. Errors: Code::invalid_argument names the field as the framework calls it, its value and the
// rule; what is then no valid problem is Code::invalid_problem, as from Problem::validate. All functions are
// thread-safe and keep nothing.
#pragma once

#include "convt/export.h"
#include "convt/problem.h"
#include "convt/tensor.h"

#include <array>
#include <cstdint>
#include <vector>

namespace convt {

// What all frameworks say alike. `input` and `kernel` are the spatial extents; how many there are is the rank.
struct LayerSizes {
    ProblemType type = ProblemType::f32;
    std::int64_t batch = 1;
    std::int64_t in_channels = 1;
    std::int64_t out_channels = 1;
    std::vector<std::int64_t> input = {};
    std::vector<std::int64_t> kernel = {};
    bool bias = false;
};

// Dimension d of convt's weights (C_in, C_out/groups, K...) is dimension from[d] of the framework's; where `flipped`,
// every spatial dimension runs backwards in it.
struct WeightOrder {
    int rank = 0;
    std::array<int, TensorView::max_rank> from{};
    bool flipped = false;
    bool operator==(const WeightOrder&) const = default;
};

struct FrameworkLayer {
    Problem problem;
    WeightOrder weights;
};

// How padding is told. SAME of TensorFlow, Keras and JAX is same_upper: what cannot be halved goes to the end.
enum class AutoPad : std::uint8_t { notset, same_upper, same_lower, valid };

struct Padding {
    std::int64_t low = 0;
    std::int64_t high = 0;
};

// ONNX ConvTranspose, opset 11 and later (https://onnx.ai/onnx/operators/onnx__ConvTranspose.html). Weights are as
// convt's. total = stride * (input - 1) + output_padding + dilation * (kernel - 1) + 1 - output, where output is
// output_shape's or, for SAME, input * stride; same_upper puts total / 2 before and the rest after, every other
// auto_pad the rest before. A negative total adds to output_padding, as in ONNX Runtime and ONNX's own evaluator; with
// SAME it is refused, for there they differ. `pads` holds all beginnings, then all ends; it is refused beside auto_pad,
// and has no effect where output_shape is given. `output_shape` is spatial.
struct OnnxConvTranspose {
    AutoPad auto_pad = AutoPad::notset;
    std::vector<std::int64_t> dilations = {};
    std::int64_t group = 1;
    std::vector<std::int64_t> output_padding = {};
    std::vector<std::int64_t> output_shape = {};
    std::vector<std::int64_t> pads = {};
    std::vector<std::int64_t> strides = {};
};
CONVT_API Result<FrameworkLayer> from_onnx(const LayerSizes& sizes, const OnnxConvTranspose& node);

// torch.nn.ConvTranspose{1,2,3}d. Weights are as convt's. `output_size` (spatial) takes output_padding's place: it is
// what is missing from (input - 1) * stride - 2 * padding + dilation * (kernel - 1) + 1, at most stride - 1
// (_ConvTransposeNd._output_padding in torch/nn/modules/conv.py).
struct PyTorchConvTranspose {
    std::vector<std::int64_t> stride = {};
    std::vector<std::int64_t> padding = {};
    std::vector<std::int64_t> output_padding = {};
    std::int64_t groups = 1;
    std::vector<std::int64_t> dilation = {};
    std::vector<std::int64_t> output_size = {};
};
CONVT_API Result<FrameworkLayer> from_pytorch(const LayerSizes& sizes, const PyTorchConvTranspose& module);

// tf.nn.conv{1,2,3}d_transpose: the gradient of a convolution whose input has `output_shape` (spatial; required), so
// that output_shape must be one that this convolution maps to `input`. Weights (K..., C_out, C_in). SAME pads
// max((input - 1) * stride + dilation * (kernel - 1) + 1 - output, 0) in all. `explicit_paddings`, where `padding` is
// notset, are the convolution's (https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2).
struct TensorFlowConvTranspose {
    std::vector<std::int64_t> output_shape = {};
    std::vector<std::int64_t> strides = {};
    AutoPad padding = AutoPad::same_upper;
    std::vector<Padding> explicit_paddings = {};
    std::vector<std::int64_t> dilations = {};
    Layout data_format = Layout::channels_last;
};
CONVT_API Result<FrameworkLayer> from_tensorflow(const LayerSizes& sizes, const TensorFlowConvTranspose& call);

// Keras 3's Conv{1,2,3}DTranspose, `padding` valid or same_upper, as its TensorFlow backend computes it
// (compute_conv_transpose_output_shape in keras/src/backend/common/backend_utils.py): with k = dilation * (kernel - 1)
// + 1, output = (input - 1) * stride + k + output_padding (default: max(stride - k, 0)) for valid, and input * stride
// or, with output_padding, (input - 1) * stride + k mod 2 + output_padding for same; then tf.nn.conv*_transpose.
// Weights (K..., C_out, C_in).
struct KerasConvTranspose {
    std::vector<std::int64_t> strides = {};
    AutoPad padding = AutoPad::valid;
    std::vector<std::int64_t> output_padding = {};
    std::vector<std::int64_t> dilation_rate = {};
    Layout data_format = Layout::channels_last;
};
CONVT_API Result<FrameworkLayer> from_keras(const LayerSizes& sizes, const KerasConvTranspose& layer);

// jax.lax.conv_transpose with its default dimension numbers (channels last; kernel HWIO, so that weights are (K...,
// C_in, C_out), or (K..., C_out, C_in) with transpose_kernel). Without transpose_kernel the kernel is correlated, not
// flipped. With `padding` notset, `explicit_padding` is put around the input with its inserted zeros; with
// use_consistent_padding it is the padding of the forward convolution (_conv_transpose_padding in
// jax/_src/lax/convolution.py).
struct JaxConvTranspose {
    std::vector<std::int64_t> strides = {};
    AutoPad padding = AutoPad::same_upper;
    std::vector<Padding> explicit_padding = {};
    std::vector<std::int64_t> rhs_dilation = {};
    bool transpose_kernel = false;
    bool use_consistent_padding = false;
};
CONVT_API Result<FrameworkLayer> from_jax(const LayerSizes& sizes, const JaxConvTranspose& call);

// Copies weights from the framework's order into convt's, problem.weight_shape(). Both views are of the host, dense
// and of the problem's type of weights; they must not overlap. Code::invalid_argument names the view, what it has and
// what it must have; nothing is written then.
CONVT_API Status reorder_weights(const FrameworkLayer& layer, const TensorView& from, const TensorView& to);

}  // namespace convt
