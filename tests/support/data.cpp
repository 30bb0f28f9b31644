// SPDX-License-Identifier: Apache-2.0
#include "tests/support/data.h"

#include "tests/support/random.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <numeric>

namespace convt::test {
namespace {

std::size_t elements_of(const std::vector<std::int64_t>& shape) {
    return static_cast<std::size_t>(std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>()));
}

template <typename Draw>
Operands fill(const Problem& p, const Draw& draw) {
    const auto tensor = [&](std::size_t elements) {
        std::vector<double> scalars(elements * static_cast<std::size_t>(element_type_info(p.type).parts));
        std::generate(scalars.begin(), scalars.end(), draw);
        return from_scalars(p.type, scalars);
    };
    Operands operands;
    operands.x = tensor(elements_of(p.input_shape()));
    operands.weights = tensor(elements_of(p.weight_shape()));
    if (p.bias) operands.bias = tensor(static_cast<std::size_t>(p.out_channels));
    return operands;
}

template <typename Scalar>
std::vector<std::byte> store(const std::vector<double>& scalars) {
    const std::vector<Scalar> rounded(scalars.begin(), scalars.end());
    std::vector<std::byte> bytes(rounded.size() * sizeof(Scalar));
    if (!bytes.empty()) std::memcpy(bytes.data(), rounded.data(), bytes.size());
    return bytes;
}

template <typename Scalar>
std::vector<double> load(const std::vector<std::byte>& bytes) {
    std::vector<Scalar> scalars(bytes.size() / sizeof(Scalar));
    if (!bytes.empty()) std::memcpy(scalars.data(), bytes.data(), bytes.size());
    return {scalars.begin(), scalars.end()};
}

}  // namespace

std::int64_t integer_limit(const Problem& problem, const TransformFacts& transform) {
    // At most this many products meet in one output: input positions and taps of an axis both bound its number.
    const ElementTypeInfo& type = element_type_info(problem.type);
    std::int64_t terms = problem.in_channels / problem.groups * type.parts;
    for (int i = 0; i < problem.rank; ++i)
        terms *= std::min(problem.axes[i].input, problem.axes[i].kernel);
    double room = std::ldexp(1.0, type.mantissa_bits - 4) / static_cast<double>(terms + 1);
    if (transform.growth != 0) {
        const std::int64_t sums = transform.growth * (problem.in_channels / problem.groups) + 1;
        room = std::min(room, std::ldexp(1.0, type.mantissa_bits - 1) / static_cast<double>(sums * transform.divisor));
    }
    return std::clamp(static_cast<std::int64_t>(std::sqrt(room)), std::int64_t{1}, std::int64_t{63});
}

Operands integer_operands(const Problem& problem, std::uint64_t seed, const TransformFacts& transform) {
    Random random(seed);
    const std::int64_t limit = integer_limit(problem, transform);
    return fill(problem, [&] { return static_cast<double>(random.between(-limit, limit)); });
}

Operands uniform_operands(const Problem& problem, std::uint64_t seed) {
    Random random(seed);
    const int bits = element_type_info(problem.type).mantissa_bits;
    return fill(problem, [&] {
        const std::uint64_t draw = random.next() >> static_cast<unsigned>(64 - bits);
        return std::ldexp(static_cast<double>(draw), 1 - bits) - 1.0;
    });
}

std::vector<std::byte> from_scalars(ElementType type, const std::vector<double>& scalars) {
    return element_type_info(type).scalar_bytes == 4 ? store<float>(scalars) : store<double>(scalars);
}

std::vector<double> to_scalars(ElementType type, const std::vector<std::byte>& bytes) {
    return element_type_info(type).scalar_bytes == 4 ? load<float>(bytes) : load<double>(bytes);
}

std::size_t bytes_of(ElementType type, const std::vector<std::int64_t>& shape) {
    return elements_of(shape) * static_cast<std::size_t>(element_type_info(type).bytes());
}

}  // namespace convt::test
