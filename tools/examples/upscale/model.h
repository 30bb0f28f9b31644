// SPDX-License-Identifier: Apache-2.0
// A super-resolution network as ncnn's two files describe it: a text graph and a weight file. Reads the part of ncnn's
// format that a chain of convolutions takes, and refuses everything else with the line and the rule it breaks.
#pragma once

#include "convt/status.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace upscale {

struct Layer {
    enum class Kind { convolution, deconvolution };
    std::string name;
    Kind kind = Kind::convolution;
    std::int64_t in_channels = 0;
    std::int64_t out_channels = 0;
    std::int64_t kernel = 1;
    std::int64_t stride = 1;
    std::int64_t padding = 0;    // of a deconvolution: cut from every side of its output; a convolution has none
    bool leaky = false;          // leaky ReLU after the bias
    float slope = 0.0F;          // of the leaky ReLU
    std::vector<float> weights;  // (out, in, kernel, kernel)
    std::vector<float> bias;     // (out)
};

struct Model {
    std::int64_t width = 0;  // of the input that the graph is written for: the tile
    std::int64_t height = 0;
    std::int64_t channels = 0;
    std::vector<Layer> layers;  // each reads what the one before wrote
};

// `graph` is the text of a .param file, `weights` the bytes of its .bin file, all of which must be used. Weights are
// half floats, biases floats, all finite. Code::unsupported for a graph that is not such a chain, Code::corrupt for
// weights that are not the graph's.
convt::Result<Model> parse_model(std::string_view graph, std::string_view weights);

}  // namespace upscale
