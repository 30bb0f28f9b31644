// SPDX-License-Identifier: Apache-2.0
// The C interface: layers as frameworks describe them. One struct serves all frameworks; a table says who knows which
// of its fields, and the others are refused.
#include "compiler/capi/support.h"
#include "convt/frameworks.h"

#include <span>
#include <string_view>

using namespace convt;
using namespace convt::capi;

namespace {

using List = std::vector<std::int64_t>;

static_assert(CONVT_PAD_VALID == static_cast<int>(AutoPad::valid));

constexpr const char* framework_names[] = {"ONNX", "PyTorch", "TensorFlow", "Keras", "JAX"};
static_assert(CONVT_JAX + 1 == std::size(framework_names));

Status check_enums(const convt_layer& layer) {
    if (layer.framework < CONVT_ONNX || layer.framework > CONVT_JAX)
        return {Code::invalid_argument,
                "framework is " + std::to_string(layer.framework) + ", must be one of convt_framework"};
    if (layer.auto_pad < CONVT_PAD_NOTSET || layer.auto_pad > CONVT_PAD_VALID)
        return {Code::invalid_argument,
                "auto_pad is " + std::to_string(layer.auto_pad) + ", must be one of convt_auto_pad"};
    if (layer.rank < 1 || layer.rank > 3)
        return {Code::invalid_argument, "rank is " + std::to_string(layer.rank) + ", must be 1, 2 or 3"};
    return {};
}

// A field with an effect in some frameworks alone.
struct Field {
    const char* name;
    bool given;
    std::vector<int> known_to;
};

Status check_fields(const convt_layer& layer) {
    const Field fields[] = {
        {"groups", layer.groups > 1, {CONVT_ONNX, CONVT_PYTORCH}},
        {"auto_pad", layer.auto_pad != CONVT_PAD_NOTSET, {CONVT_ONNX, CONVT_TENSORFLOW, CONVT_KERAS, CONVT_JAX}},
        {"output_padding", layer.output_padding != nullptr, {CONVT_ONNX, CONVT_PYTORCH, CONVT_KERAS}},
        {"output_shape", layer.output_shape != nullptr, {CONVT_ONNX, CONVT_PYTORCH, CONVT_TENSORFLOW}},
        {"pads", layer.pads != nullptr, {CONVT_ONNX, CONVT_PYTORCH, CONVT_TENSORFLOW, CONVT_JAX}},
        {"channels_first", layer.channels_first != 0, {CONVT_TENSORFLOW, CONVT_KERAS}},
        {"transpose_kernel", layer.transpose_kernel != 0, {CONVT_JAX}},
        {"use_consistent_padding", layer.use_consistent_padding != 0, {CONVT_JAX}},
    };
    for (const Field& field : fields)
        if (field.given && std::ranges::find(field.known_to, layer.framework) == field.known_to.end())
            return {Code::invalid_argument, std::string(field.name) + " is given, " + framework_names[layer.framework] +
                                                " has no such argument"};
    return {};
}

List list(const std::int64_t* numbers, int count) {
    return numbers == nullptr ? List{} : List(numbers, numbers + count);
}

std::vector<Padding> pairs(const convt_layer& layer) {
    std::vector<Padding> pads;
    for (int i = 0; layer.pads != nullptr && i < layer.rank; ++i)
        pads.push_back({layer.pads[i], layer.pads[i + layer.rank]});
    return pads;
}

// PyTorch pads both ends alike.
Result<List> both_ends(const convt_layer& layer) {
    List low;
    for (const Padding& padding : pairs(layer)) {
        if (padding.low != padding.high)
            return {Code::invalid_argument, "pads are " + std::to_string(padding.low) + " and " +
                                                std::to_string(padding.high) +
                                                " on one axis, must be the same on both sides for PyTorch"};
        low.push_back(padding.low);
    }
    return low;
}

Result<LayerSizes> sizes_of(const convt_layer& layer) {
    LayerSizes sizes;
    const std::string_view type = layer.type == nullptr ? "f32" : layer.type;
    const std::span<const ProblemTypeInfo> types = problem_types();
    const auto row = std::ranges::find_if(types, [type](const auto& info) { return type == info.name; });
    if (row == types.end())
        return {Code::invalid_argument, "type is `" + std::string(type) + "`, must be one of a problem's text"};
    sizes.type = row->type;
    sizes.batch = layer.batch == 0 ? 1 : layer.batch;
    sizes.in_channels = layer.in_channels;
    sizes.out_channels = layer.out_channels;
    sizes.input = list(layer.input, layer.rank);
    sizes.kernel = list(layer.kernel, layer.rank);
    sizes.bias = layer.bias != 0;
    return sizes;
}

Result<FrameworkLayer> convert(const convt_layer& layer, const LayerSizes& sizes) {
    const auto pad = static_cast<AutoPad>(layer.auto_pad);
    const std::int64_t groups = layer.groups == 0 ? 1 : layer.groups;
    const Layout layout = layer.channels_first != 0 ? Layout::channels_first : Layout::channels_last;
    const auto numbers = [&layer](const std::int64_t* field) { return list(field, layer.rank); };
    const List strides = numbers(layer.strides), dilations = numbers(layer.dilations);
    const List output_padding = numbers(layer.output_padding), output_shape = numbers(layer.output_shape);
    switch (layer.framework) {
        case CONVT_ONNX: {
            const List pads = list(layer.pads, 2 * layer.rank);
            return from_onnx(sizes, {pad, dilations, groups, output_padding, output_shape, pads, strides});
        }
        case CONVT_PYTORCH: {
            const Result<List> padding = both_ends(layer);
            if (!padding.ok()) return padding.status();
            return from_pytorch(sizes, {strides, padding.value(), output_padding, groups, dilations, output_shape});
        }
        case CONVT_TENSORFLOW:
            return from_tensorflow(sizes, {output_shape, strides, pad, pairs(layer), dilations, layout});
        case CONVT_KERAS:
            return from_keras(sizes, {strides, pad, output_padding, dilations, layout});
        default:
            return from_jax(sizes, {strides, pad, pairs(layer), dilations, layer.transpose_kernel != 0,
                                    layer.use_consistent_padding != 0});
    }
}

Result<FrameworkLayer> read_layer(const convt_layer* layer) {
    if (layer == nullptr) return null_argument("layer");
    convt_layer known;
    if (!read_struct(layer, known)) return short_struct("layer", layer->struct_size);
    if (Status status = check_enums(known); !status.ok()) return status;
    if (Status status = check_fields(known); !status.ok()) return status;
    const Result<LayerSizes> sizes = sizes_of(known);
    if (!sizes.ok()) return sizes.status();
    return convert(known, sizes.value());
}

}  // namespace

convt_code convt_problem_from_layer(const convt_layer* layer, convt_problem** problem, convt_error* error) {
    return guarded(error, [&]() -> Status {
        if (problem == nullptr) return null_argument("problem");
        *problem = nullptr;
        const Result<FrameworkLayer> read = read_layer(layer);
        if (!read.ok()) return read.status();
        const Problem& described = read.value().problem;
        *problem = new convt_problem{described, described.text(), described.epilogue_operands()};
        return {};
    });
}

convt_code convt_layer_reorder_weights(const convt_layer* layer, const convt_tensor* from, const convt_tensor* to,
                                       convt_error* error) {
    return guarded(error, [&]() -> Status {
        const Result<FrameworkLayer> read = read_layer(layer);
        if (!read.ok()) return read.status();
        TensorView from_view, to_view;
        if (Status status = read_tensor("from", from, from_view); !status.ok()) return status;
        if (Status status = read_tensor("to", to, to_view); !status.ok()) return status;
        return reorder_weights(read.value(), from_view, to_view);
    });
}
