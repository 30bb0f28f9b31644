// SPDX-License-Identifier: Apache-2.0
// ncnn's text graph (https://github.com/Tencent/ncnn/wiki/param-and-model-file-structure) and weight file. The files
// come from elsewhere: every number is bounded before it is used, so that sizes stay far from overflow.
#include "tools/examples/upscale/model.h"

#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <map>
#include <sstream>

namespace upscale {
namespace {

using convt::Code;
using convt::Result;
using convt::Status;

constexpr std::string_view magic = "7767517";
constexpr std::uint32_t half_float_tag = 0x01306B47;
constexpr std::int64_t max_layers = 64;
constexpr std::int64_t max_channels = 4096;
constexpr std::int64_t max_kernel = 16;
constexpr std::int64_t max_extent = 4096;

// ncnn's numbers for the parameters of a layer.
enum Parameter {
    outputs = 0,
    kernel_size = 1,
    dilation = 2,
    stride = 3,
    padding = 4,
    bias_term = 5,
    weight_count = 6,
    activation = 9,
    activation_values = -23310,  // an array: its length, then the values
};
constexpr int leaky_relu = 2;

// One line of the graph.
struct Line {
    int number = 0;
    std::string type;
    std::string name;
    std::vector<std::string> inputs;
    std::vector<std::string> outputs;
    std::map<int, std::string> parameters;
};

Status refused(const Line& line, const std::string& what) {
    return {Code::unsupported, fmt::format("graph, line {}, layer \"{}\": {}", line.number, line.name, what)};
}

template <typename T>
bool read_number(std::string_view text, T& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size();
}

// The parameter's value, `fallback` where it is not given, within [low, high].
Status get(const Line& line, int key, std::int64_t fallback, std::int64_t low, std::int64_t high, std::int64_t& value) {
    value = fallback;
    const auto found = line.parameters.find(key);
    if (found != line.parameters.end() && !read_number(found->second, value)) {
        return refused(line, fmt::format("parameter {} is \"{}\", not an integer", key, found->second));
    }
    if (value < low || value > high) {
        return refused(line, fmt::format("parameter {} is {}, must be {} to {}", key, value, low, high));
    }
    return {};
}

Status parse_line(const std::string& text, Line& line) {
    std::istringstream words(text);
    std::string inputs;
    std::string outputs;
    words >> line.type >> line.name >> inputs >> outputs;
    std::int64_t input_count = 0;
    std::int64_t output_count = 0;
    if (!read_number(inputs, input_count) || !read_number(outputs, output_count) || input_count < 0 ||
        input_count > 1 || output_count != 1) {
        return refused(line, "must have at most one input and exactly one output");
    }
    line.inputs.resize(static_cast<std::size_t>(input_count));
    line.outputs.resize(static_cast<std::size_t>(output_count));
    for (auto& name : line.inputs)
        words >> name;
    for (auto& name : line.outputs)
        words >> name;
    std::string word;
    while (words >> word) {
        const auto equals = word.find('=');
        int key = 0;
        if (equals == std::string::npos || !read_number(std::string_view(word).substr(0, equals), key)) {
            return refused(line, fmt::format("\"{}\" is not a parameter, number=value", word));
        }
        if (!line.parameters.emplace(key, word.substr(equals + 1)).second) {
            return refused(line, fmt::format("parameter {} is given twice", key));
        }
    }
    return {};
}

Result<std::vector<Line>> parse_lines(std::string_view graph) {
    std::istringstream in{std::string(graph)};
    std::string text;
    if (!std::getline(in, text) || text.substr(0, text.find('\r')) != magic) {
        return {Code::unsupported, fmt::format("graph, line 1: must be {}, as ncnn's text graphs begin", magic)};
    }
    std::int64_t layer_count = 0;
    std::int64_t blob_count = 0;
    std::getline(in, text);
    std::istringstream counts(text);
    if (!(counts >> layer_count >> blob_count) || layer_count < 2 || layer_count > max_layers) {
        return {Code::unsupported,
                fmt::format("graph, line 2: must be the numbers of layers (2 to {}) and blobs", max_layers)};
    }
    std::vector<Line> lines;
    for (int number = 3; std::getline(in, text); ++number) {
        if (text.find_first_not_of(" \t\r") == std::string::npos) continue;
        Line line;
        line.number = number;
        if (Status status = parse_line(text, line); !status.ok()) return status;
        lines.push_back(std::move(line));
    }
    if (static_cast<std::int64_t>(lines.size()) != layer_count) {
        return {Code::unsupported,
                fmt::format("graph: line 2 announces {} layers, {} follow", layer_count, lines.size())};
    }
    return lines;
}

Status parse_activation(const Line& line, Layer& layer) {
    std::int64_t kind = 0;
    if (Status status = get(line, activation, 0, 0, leaky_relu, kind); !status.ok()) return status;
    layer.leaky = kind == leaky_relu;
    if (kind == 1) return refused(line, "activation 1 is not built: 0 (none) or 2 (leaky ReLU)");
    if (!layer.leaky) return {};
    const auto found = line.parameters.find(activation_values);
    const std::string text = found == line.parameters.end() ? "" : found->second;
    if (!text.starts_with("1,") || !read_number(std::string_view(text).substr(2), layer.slope) ||
        !std::isfinite(layer.slope)) {
        return refused(line, fmt::format("the slope of its leaky ReLU is \"{}\", must be 1,SLOPE", text));
    }
    return {};
}

Status parse_layer(const Line& line, std::int64_t in_channels, Layer& layer) {
    layer.name = line.name;
    layer.in_channels = in_channels;
    const bool deconvolution = line.type == "Deconvolution";
    layer.kind = deconvolution ? Layer::Kind::deconvolution : Layer::Kind::convolution;
    for (const auto& [key, value] : line.parameters) {
        if (key != activation_values && (key < outputs || key > activation || key == 7 || key == 8)) {
            return refused(line, fmt::format("parameter {} is not built", key));
        }
    }
    std::int64_t ignored = 0;
    std::int64_t has_bias = 0;
    std::int64_t count = 0;
    Status status = get(line, outputs, 0, 1, max_channels, layer.out_channels);
    if (status.ok()) status = get(line, kernel_size, 0, 1, max_kernel, layer.kernel);
    if (status.ok()) status = get(line, dilation, 1, 1, 1, ignored);
    // A convolution is run as a transposed one of stride 1, which is the same only without stride and padding.
    if (status.ok()) status = get(line, stride, 1, 1, deconvolution ? max_kernel : 1, layer.stride);
    if (status.ok()) status = get(line, padding, 0, 0, deconvolution ? max_kernel : 0, layer.padding);
    if (status.ok()) status = get(line, bias_term, 0, 1, 1, has_bias);
    if (!status.ok()) return status;
    const std::int64_t wanted = layer.out_channels * in_channels * layer.kernel * layer.kernel;
    status = get(line, weight_count, 0, wanted, wanted, count);
    return status.ok() ? parse_activation(line, layer) : status;
}

Result<Model> parse_graph(std::string_view graph) {
    auto lines = parse_lines(graph);
    if (!lines.ok()) return lines.status();
    Model model;
    const Line& input = lines.value().front();
    if (input.type != "Input" || !input.inputs.empty()) return refused(input, "the first layer must be of type Input");
    Status status = get(input, 0, 0, 1, max_extent, model.width);
    if (status.ok()) status = get(input, 1, 0, 1, max_extent, model.height);
    if (status.ok()) status = get(input, 2, 0, 1, max_channels, model.channels);
    if (!status.ok()) return status;
    std::int64_t channels = model.channels;
    for (std::size_t i = 1; i < lines.value().size(); ++i) {
        const Line& line = lines.value()[i];
        if (line.type != "Convolution" && line.type != "Deconvolution") {
            return refused(line, fmt::format("type \"{}\" is not built: Convolution or Deconvolution", line.type));
        }
        if (line.inputs.empty() || line.inputs[0] != lines.value()[i - 1].outputs[0]) {
            return refused(line, "must read what the layer before it writes");
        }
        if (status = parse_layer(line, channels, model.layers.emplace_back()); !status.ok()) return status;
        channels = model.layers.back().out_channels;
    }
    return model;
}

// IEEE 754 binary16. Subnormals are scaled: their significand counts 2^-24.
float half_to_float(std::uint16_t half) {
    const std::uint32_t sign = (half & 0x8000U) << 16U;
    const std::uint32_t exponent = (half >> 10U) & 0x1FU;
    const std::uint32_t fraction = half & 0x3FFU;
    if (exponent == 0) {
        const float value = std::ldexp(static_cast<float>(fraction), -24);
        return sign != 0 ? -value : value;
    }
    const std::uint32_t wide = exponent == 31 ? 255U : exponent + 127U - 15U;
    return std::bit_cast<float>(sign | (wide << 23U) | (fraction << 13U));
}

// Takes little-endian numbers off the front of the weight file.
class Reader {
  public:
    explicit Reader(std::string_view bytes) : bytes_(bytes) {}
    bool take(void* to, std::size_t count) {
        if (bytes_.size() < count) return false;
        std::memcpy(to, bytes_.data(), count);
        bytes_.remove_prefix(count);
        return true;
    }
    std::size_t left() const { return bytes_.size(); }

  private:
    std::string_view bytes_;
};

Status read_weights(Reader& reader, Layer& layer) {
    const auto count = static_cast<std::size_t>(layer.out_channels * layer.in_channels * layer.kernel * layer.kernel);
    const auto outputs = static_cast<std::size_t>(layer.out_channels);
    const std::size_t padded = count + count % 2;
    // Before anything is allocated: the graph may announce more than the file holds.
    if (reader.left() < 4 + 2 * padded + 4 * outputs) {
        return {Code::corrupt,
                fmt::format("weights of layer \"{}\": {} bytes are left, its {} weights and {} biases take {}",
                            layer.name, reader.left(), count, outputs, 4 + 2 * padded + 4 * outputs)};
    }
    std::uint32_t tag = 0;
    std::vector<std::uint16_t> halves(padded);
    layer.bias.resize(outputs);
    reader.take(&tag, sizeof tag);
    reader.take(halves.data(), 2 * padded);
    reader.take(layer.bias.data(), 4 * outputs);
    if (tag != half_float_tag) {
        return {Code::corrupt, fmt::format("weights of layer \"{}\": tag is {:#010x}, must be {:#010x} (half floats)",
                                           layer.name, tag, half_float_tag)};
    }
    bool finite = true;
    layer.weights.reserve(count);
    for (std::size_t i = 0; i < count; ++i)
        layer.weights.push_back(half_to_float(halves[i]));
    for (const float value : layer.weights)
        finite = finite && std::isfinite(value);
    for (const float value : layer.bias)
        finite = finite && std::isfinite(value);
    if (!finite) return {Code::corrupt, fmt::format("weights of layer \"{}\": one is not finite", layer.name)};
    return {};
}

}  // namespace

Result<Model> parse_model(std::string_view graph, std::string_view weights) {
    auto model = parse_graph(graph);
    if (!model.ok()) return model;
    Reader reader(weights);
    for (Layer& layer : model.value().layers) {
        if (Status status = read_weights(reader, layer); !status.ok()) return status;
    }
    if (reader.left() != 0) {
        return {Code::corrupt,
                fmt::format("weights: {} bytes are left after the last layer, must be none", reader.left())};
    }
    return model;
}

}  // namespace upscale
