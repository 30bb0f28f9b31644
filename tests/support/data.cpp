// SPDX-License-Identifier: Apache-2.0
#include "tests/support/data.h"

#include "runtime/problem/epilogue.h"
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

// `input`, `weight`, `term` (of sums and of what is added to them), `factor` draw one scalar.
template <typename Input, typename Weight, typename Term, typename Factor>
Operands fill(const Problem& p, const Input& input, const Weight& weight, const Term& term, const Factor& factor) {
    const auto tensor = [&](const std::vector<std::int64_t>& shape, const auto& draw) {
        std::vector<double> scalars(elements_of(shape) * static_cast<std::size_t>(element_type_info(p.type).parts));
        std::generate(scalars.begin(), scalars.end(), draw);
        return from_scalars(p.type, scalars);
    };
    Operands operands;
    operands.x = tensor(p.input_shape(), input);
    operands.weights = tensor(p.weight_shape(), weight);
    if (p.bias) operands.bias = tensor({p.out_channels}, term);
    for (const EpilogueOperand& operand : p.epilogue_operands()) {
        const bool is_factor = find_epilogue_row(p.epilogue[operand.op].kind)->use == OperandUse::factor;
        const std::vector<std::int64_t> shape = p.operand_shape(operand);
        operands.epilogue.push_back(is_factor ? tensor(shape, factor) : tensor(shape, term));
    }
    return operands;
}

// Where an operation has a scale of its own, the power of two that brings sums of the limit's integers to about 1.
double unit(const Problem& p, std::int64_t limit) {
    const bool curved = std::any_of(p.epilogue.begin(), p.epilogue.end(),
                                    [](const EpilogueOp& op) { return find_epilogue_row(op.kind)->curved; });
    return curved ? std::exp2(-std::round(std::log2(static_cast<double>(limit * limit)))) : 1.0;
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
    terms *= problem.folds();
    double room = std::ldexp(1.0, type.mantissa_bits - 4) / static_cast<double>(terms + 1);
    if (transform.growth != 0) {
        const std::int64_t sums = transform.growth * problem.folds() * (problem.in_channels / problem.groups) + 1;
        room = std::min(room, std::ldexp(1.0, type.mantissa_bits - 1) / static_cast<double>(sums * transform.divisor));
    }
    return std::clamp(static_cast<std::int64_t>(std::sqrt(room)), std::int64_t{1}, std::int64_t{63});
}

Operands integer_operands(const Problem& problem, std::uint64_t seed, const TransformFacts& transform) {
    Random random(seed);
    const std::int64_t limit = integer_limit(problem, transform);
    const double scale = unit(problem, limit);
    const auto integer = [&] { return static_cast<double>(random.between(-limit, limit)); };
    const auto scaled = [&] { return integer() * scale; };
    const auto power_of_two = [&] {
        return std::ldexp(random.chance(50) ? 1.0 : -1.0, static_cast<int>(random.between(-1, 1)));
    };
    return fill(problem, scaled, integer, scaled, power_of_two);
}

Operands uniform_operands(const Problem& problem, std::uint64_t seed) {
    Random random(seed);
    const int bits = element_type_info(problem.type).mantissa_bits;
    const auto uniform = [&] {
        const std::uint64_t draw = random.next() >> static_cast<unsigned>(64 - bits);
        return std::ldexp(static_cast<double>(draw), 1 - bits) - 1.0;
    };
    return fill(problem, uniform, uniform, uniform, uniform);
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
