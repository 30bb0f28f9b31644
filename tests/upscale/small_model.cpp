// SPDX-License-Identifier: Apache-2.0
#include "tests/upscale/small_model.h"

#include "tests/support/random.h"

namespace convt::test {

std::string small_weights() {
    Random random(7);
    std::string bytes;
    const auto append = [&](const auto& value) { bytes.append(reinterpret_cast<const char*>(&value), sizeof value); };
    for (const auto& [weights, biases] : {std::pair{135, 5}, std::pair{270, 6}, std::pair{288, 3}}) {
        append(std::uint32_t{0x01306B47});
        for (int i = 0; i < weights + weights % 2; ++i) {
            // Any sign and fraction, exponents 2^-4 to 2^-2.
            const auto exponent = static_cast<std::uint64_t>(random.between(11, 13));
            append(static_cast<std::uint16_t>((random.next() & 0x83FFU) | (exponent << 10U)));
        }
        for (int i = 0; i < biases; ++i)
            append(static_cast<float>(random.between(-1024, 1023)) / 1024.0F);
    }
    return bytes;
}

namespace {

// One layer on planes of height x width; both become the output's.
std::vector<double> run_layer(const upscale::Layer& layer, const std::vector<double>& x, std::int64_t& height,
                              std::int64_t& width) {
    const bool deconvolution = layer.kind == upscale::Layer::Kind::deconvolution;
    const auto extent = [&](std::int64_t input) {
        return deconvolution ? (input - 1) * layer.stride + layer.kernel - 2 * layer.padding : input - layer.kernel + 1;
    };
    const std::int64_t out_height = extent(height);
    const std::int64_t out_width = extent(width);
    std::vector<double> y;
    for (std::int64_t channel = 0; channel < layer.out_channels; ++channel) {
        y.insert(y.end(), static_cast<std::size_t>(out_height * out_width),
                 layer.bias[static_cast<std::size_t>(channel)]);
    }
    std::size_t tap = 0;
    for (std::int64_t out = 0; out < layer.out_channels; ++out) {
        for (std::int64_t in = 0; in < layer.in_channels; ++in) {
            for (std::int64_t ky = 0; ky < layer.kernel; ++ky) {
                for (std::int64_t kx = 0; kx < layer.kernel; ++kx, ++tap) {
                    for (std::int64_t iy = 0; iy < height; ++iy) {
                        for (std::int64_t ix = 0; ix < width; ++ix) {
                            const std::int64_t oy = deconvolution ? iy * layer.stride + ky - layer.padding : iy - ky;
                            const std::int64_t ox = deconvolution ? ix * layer.stride + kx - layer.padding : ix - kx;
                            if (oy < 0 || oy >= out_height || ox < 0 || ox >= out_width) continue;
                            y[static_cast<std::size_t>((out * out_height + oy) * out_width + ox)] +=
                                static_cast<double>(layer.weights[tap]) *
                                x[static_cast<std::size_t>((in * height + iy) * width + ix)];
                        }
                    }
                }
            }
        }
    }
    if (layer.leaky) {
        for (double& value : y)
            value = value < 0 ? value * static_cast<double>(layer.slope) : value;
    }
    height = out_height;
    width = out_width;
    return y;
}

}  // namespace

std::vector<double> run_slowly(const upscale::Model& model, std::vector<double> input, std::int64_t& height,
                               std::int64_t& width) {
    for (const upscale::Layer& layer : model.layers)
        input = run_layer(layer, input, height, width);
    return input;
}

}  // namespace convt::test
