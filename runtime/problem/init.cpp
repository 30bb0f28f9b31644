// SPDX-License-Identifier: Apache-2.0
// Parameters as PyTorch's nn.ConvTranspose makes them, bit for bit: std::mt19937 is the generator its CPU backend uses,
// and init_genrand(seed) is its constructor.
#include "runtime/problem/scalars.h"

#include <cmath>
#include <random>
#include <span>

namespace convt {
namespace {

// Uniform in [-b, b): 24 bits of one draw, rounded once.
float draw_f32(std::mt19937& generator, float bound) {
    const float u = static_cast<float>(generator() & 0xFFFFFFU) * 0x1p-24F;
    return std::fma(u, 2.0F * bound, -bound);
}

// The low 53 bits of two draws, the high word first.
double draw_f64(std::mt19937& generator, double bound) {
    const std::uint64_t high = generator();
    const std::uint64_t low = generator();
    const double u = static_cast<double>((high << 32U | low) & 0x1FFFFFFFFFFFFFULL) * 0x1p-53;
    return u * (2.0 * bound) - bound;
}

std::vector<std::byte> draw(std::mt19937& generator, std::size_t elements, ElementType type, double bound) {
    const ElementTypeInfo& info = element_type_info(type);
    std::vector<std::byte> bytes(elements * static_cast<std::size_t>(info.bytes()));
    for (std::size_t at = 0; at < bytes.size(); at += static_cast<std::size_t>(info.scalar_bytes)) {
        const double value = info.scalar_bytes == 8 ? draw_f64(generator, bound)
                                                    : double{draw_f32(generator, static_cast<float>(bound))};
        store_scalar(type, value, &bytes[at]);
    }
    return bytes;
}

std::size_t count(const std::vector<std::int64_t>& shape) {
    std::size_t elements = 1;
    for (const std::int64_t extent : shape)
        elements *= static_cast<std::size_t>(extent);
    return elements;
}

}  // namespace

Parameters init_uniform(const Problem& problem, std::uint32_t seed) {
    if (!problem.validate().ok()) return {};
    double taps = 1;
    for (const Axis& axis : std::span(problem.axes).first(static_cast<std::size_t>(problem.rank))) {
        taps *= static_cast<double>(axis.kernel);
    }
    // 1 / sqrt(fan-in), where PyTorch takes (C_out/groups) * prod(K) for the fan-in of a transposed convolution.
    const double out_channels = static_cast<double>(problem.out_channels);
    const double bound = std::sqrt(static_cast<double>(problem.groups) / (out_channels * taps));

    std::mt19937 generator(seed);
    Parameters parameters;
    parameters.weights = draw(generator, count(problem.weight_shape()), problem.types().weights, bound);
    if (problem.bias) {
        parameters.bias = draw(generator, count({problem.out_channels}), problem.types().sum, bound);
    }
    return parameters;
}

}  // namespace convt
