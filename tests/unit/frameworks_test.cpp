// SPDX-License-Identifier: Apache-2.0
// Frameworks' descriptions that cannot be had, and the order of weights. What can be had is held by tests/golden.
#include "convt/frameworks.h"
#include "tests/support/require_value.h"

#include <catch2/catch_test_macros.hpp>

#include <numeric>

namespace convt::test {
namespace {

constexpr std::int64_t huge = std::int64_t{1} << 62;

LayerSizes sizes(std::vector<std::int64_t> input, std::vector<std::int64_t> kernel) {
    LayerSizes sizes;
    sizes.input = std::move(input);
    sizes.kernel = std::move(kernel);
    return sizes;
}

void check_refusal(const Result<FrameworkLayer>& layer, std::string_view message) {
    CHECK_FALSE(layer.ok());
    CHECK(layer.status().message() == message);
}

}  // namespace

TEST_CASE("frameworks: sizes that do not fit are refused by the framework's own name") {
    check_refusal(from_onnx(sizes({}, {3}), {}), "rank of the input = 0: must be 1, 2 or 3");
    check_refusal(from_onnx(sizes({4, 4}, {}), {}), "kernel: must be given");
    check_refusal(from_onnx(sizes({4, 4}, {3, 3, 3}), {}), "kernel: has 3 numbers, must have none, one or 2");
    check_refusal(from_pytorch(sizes({4}, {3}), {.stride = {huge}}),
                  "strides = 4611686018427387904: must be from 1 to 2147483647");
    check_refusal(from_pytorch(sizes({4}, {3}), {.groups = 2}), "in_channels = 1: must be divisible by groups 2");
}

TEST_CASE("frameworks: outputs that cannot be reached are refused with the range") {
    check_refusal(from_onnx(sizes({3}, {1}), {.auto_pad = AutoPad::same_upper, .strides = {2}}),
                  "output (input * stride)[0] = 6: must be at most 5 with auto_pad SAME, or pads would be negative");
    check_refusal(from_onnx(sizes({3}, {2}), {.output_shape = {20}, .strides = {3}}),
                  "output_padding[W] = 12: must be less than the larger of stride 3 and dilation 1");
    check_refusal(from_pytorch(sizes({3, 3}, {3}), {.stride = {2}, .output_size = {7, 9}}),
                  "output_size[1] = 9: must be from 7 to 8");
    check_refusal(from_tensorflow(sizes({3}, {3}), {.output_shape = {4}, .strides = {2}}),
                  "output_shape[0] = 4: must be from 5 to 6");
    check_refusal(from_keras(sizes({3}, {2}), {.strides = {2}, .padding = AutoPad::same_upper, .output_padding = {0}}),
                  "output (from output_padding)[0] = 4: must be from 5 to 6");
    check_refusal(from_jax(sizes({3}, {2}), {.padding = AutoPad::notset, .explicit_padding = {{2, 0}}}),
                  "crop before the output (from padding)[0] = -1: would pad before the output's beginning; convt's "
                  "padding is at least 0");
}

TEST_CASE("frameworks: arguments that exclude each other or are missing are refused") {
    check_refusal(from_onnx(sizes({3}, {3}), {.auto_pad = AutoPad::valid, .pads = {1, 1}}),
                  "pads: is given beside auto_pad");
    check_refusal(from_onnx(sizes({3}, {3}), {.pads = {1}}), "length of pads = 1: must be 2");
    check_refusal(from_tensorflow(sizes({3}, {3}), {}), "output_shape: must be given");
    check_refusal(from_tensorflow(sizes({3}, {3}), {.output_shape = {3}, .explicit_paddings = {{1, 1}}}),
                  "explicit_paddings: is given beside SAME or VALID");
    check_refusal(from_jax(sizes({3}, {3}), {.padding = AutoPad::notset}),
                  "explicit_padding: has 0 pairs, must have 1");
    check_refusal(from_jax(sizes({3}, {3}), {.padding = AutoPad::same_lower}),
                  "padding: must be one of SAME, VALID and explicit padding");
    check_refusal(from_keras(sizes({3}, {3}), {.padding = AutoPad::notset}), "padding: must be one of same and valid");
}

TEST_CASE("frameworks: the order of weights, and copying into convt's") {
    LayerSizes two = sizes({3, 3}, {2, 1});
    two.in_channels = 2;
    two.out_channels = 3;
    const FrameworkLayer jax = require_value(from_jax(two, {}));
    CHECK(jax.weights == WeightOrder{4, {2, 3, 0, 1}, true});
    CHECK(require_value(from_jax(two, {.transpose_kernel = true})).weights == WeightOrder{4, {3, 2, 0, 1}, false});
    CHECK(require_value(from_keras(two, {})).weights == WeightOrder{4, {3, 2, 0, 1}, false});
    CHECK(require_value(from_onnx(two, {})).weights.flipped == false);

    std::vector<float> stored(12);  // (2, 1, C_in 2, C_out 3)
    std::iota(stored.begin(), stored.end(), 0.0F);
    std::vector<float> weights(12);
    const auto from = TensorView::dense(stored.data(), ElementType::f32, {2, 1, 2, 3});
    const auto to = TensorView::dense(weights.data(), ElementType::f32, {2, 3, 2, 1});
    REQUIRE(reorder_weights(jax, from, to).ok());
    CHECK(weights == std::vector<float>{6, 0, 7, 1, 8, 2, 9, 3, 10, 4, 11, 5});

    CHECK(reorder_weights(jax, to, to).message() == "from: has shape (2, 3, 2, 1), must have (2, 1, 2, 3)");
    CHECK(reorder_weights(jax, from, {}).message() == "to: has no data");
    TensorView strided = to;
    strided.strides[0] = 7;
    CHECK(reorder_weights(jax, from, strided).message() == "to: must be dense");
    FrameworkLayer twice = jax;
    twice.weights.from[1] = 2;
    CHECK(reorder_weights(twice, from, to).message() == "weights' order[1] = 2: must be a dimension once");
}

}  // namespace convt::test
