// SPDX-License-Identifier: Apache-2.0
// What frameworks' words mean for one axis: each function sets padding and output padding of `axis`, whose other fields
// are set, from entry i of the description's lists, whose lengths and ranges are checked.
#pragma once

#include "convt/frameworks.h"

#include <string_view>

namespace convt::frameworks {

Status refuse(std::string_view field, std::int64_t value, std::string_view rule);

// Entry i of a list: an empty one gives `otherwise`, a single number stands for all.
std::int64_t at(const std::vector<std::int64_t>& list, std::size_t i, std::int64_t otherwise);

Status onnx_axis(Axis& axis, std::size_t i, const OnnxConvTranspose& node);
Status pytorch_axis(Axis& axis, std::size_t i, const PyTorchConvTranspose& module);
Status tensorflow_axis(Axis& axis, std::size_t i, const TensorFlowConvTranspose& call);
Status keras_axis(Axis& axis, std::size_t i, const KerasConvTranspose& layer);
Status jax_axis(Axis& axis, std::size_t i, const JaxConvTranspose& call);

}  // namespace convt::frameworks
