// SPDX-License-Identifier: Apache-2.0
#include "tests/support/data.h"

#include "runtime/problem/epilogue.h"
#include "runtime/problem/scalars.h"
#include "tests/support/random.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

namespace convt::test {
namespace {

std::size_t elements_of(const std::vector<std::int64_t>& shape) {
    return static_cast<std::size_t>(std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>()));
}

// `input`, `weight`, `term` (of sums and of what is added to them), `factor` draw one scalar of a type.
template <typename Input, typename Weight, typename Term, typename Factor>
Operands fill(const Problem& p, const Input& input, const Weight& weight, const Term& term, const Factor& factor) {
    const auto tensor = [&](ElementType type, const std::vector<std::int64_t>& shape, const auto& draw) {
        std::vector<double> scalars(elements_of(shape) * static_cast<std::size_t>(element_type_info(type).parts));
        std::generate(scalars.begin(), scalars.end(), [&] { return draw(type); });
        return from_scalars(type, scalars);
    };
    Operands operands;
    operands.x = tensor(p.types().input, p.input_shape(), input);
    operands.weights = tensor(p.types().weights, p.weight_shape(), weight);
    if (p.bias) operands.bias = tensor(p.types().sum, {p.out_channels}, term);
    for (const EpilogueOperand& operand : p.epilogue_operands()) {
        const bool is_factor = find_epilogue_row(p.epilogue[operand.op].kind)->use == OperandUse::factor;
        const std::vector<std::int64_t> shape = p.operand_shape(operand);
        operands.epilogue.push_back(is_factor ? tensor(operand.type, shape, factor)
                                              : tensor(operand.type, shape, term));
    }
    return operands;
}

// Where an operation has a scale of its own, the power of two that brings sums of the limit's integers to about 1.
double unit(const Problem& p, std::int64_t limit) {
    const bool curved = std::any_of(p.epilogue.begin(), p.epilogue.end(),
                                    [](const EpilogueOp& op) { return find_epilogue_row(op.kind)->curved; });
    return curved ? std::exp2(-std::round(std::log2(static_cast<double>(limit * limit)))) : 1.0;
}

bool is_real(ElementType type) {
    return element_type_info(type).exponent_bits != 0;
}

}  // namespace

std::int64_t integer_limit(const Problem& described, const TransformFacts& transform) {
    const Problem problem = described.gathered();
    // At most this many products meet in one output: input positions and taps of an axis both bound its number.
    const ProblemTypeInfo& types = problem.types();
    const int sum_bits =
        std::min(element_type_info(types.sum).mantissa_bits, element_type_info(types.epilogue).mantissa_bits);
    std::int64_t terms = problem.in_channels / problem.groups * types.parts();
    for (int i = 0; i < problem.rank; ++i)
        terms *= std::min(problem.axes[i].input, problem.axes[i].kernel);
    terms *= problem.folds();
    double room = std::ldexp(1.0, sum_bits - 4) / static_cast<double>(terms + 1);
    // Where the output has fewer bits, most sums, which grow as the root of their terms do, should still fit.
    if (const int bits = element_type_info(types.output).mantissa_bits; bits < sum_bits)
        room = std::min(room, std::max(9.0, std::ldexp(1.0, bits) / std::sqrt(static_cast<double>(terms + 1))));
    if (transform.growth != 0) {
        const std::int64_t sums = transform.growth * problem.folds() * (problem.in_channels / problem.groups) + 1;
        room = std::min(room, std::ldexp(1.0, sum_bits - 1) / static_cast<double>(sums * transform.divisor));
    }
    return std::clamp(static_cast<std::int64_t>(std::sqrt(room)), std::int64_t{1}, std::int64_t{63});
}

Operands integer_operands(const Problem& problem, std::uint64_t seed, const TransformFacts& transform) {
    Random random(seed);
    const std::int64_t limit = integer_limit(problem, transform);
    const double scale = unit(problem, limit);
    const auto integer = [&](ElementType type) {
        const bool positive = element_type_info(type).kind == ScalarKind::unsigned_integer;
        return static_cast<double>(random.between(positive ? 0 : -limit, limit));
    };
    const auto scaled = [&](ElementType type) { return integer(type) * (is_real(type) ? scale : 1.0); };
    const auto power_of_two = [&](ElementType) {
        const double factor = std::ldexp(random.chance(50) ? 1.0 : -1.0, static_cast<int>(random.between(-1, 1)));
        return is_real(problem.types().input) ? factor : factor * scale;
    };
    return fill(problem, scaled, integer, scaled, power_of_two);
}

Operands uniform_operands(const Problem& problem, std::uint64_t seed) {
    Random random(seed);
    const auto uniform = [&](ElementType type) { return uniform_scalar(type, random.next()); };
    return fill(problem, uniform, uniform, uniform, uniform);
}

std::vector<std::byte> from_scalars(ElementType type, const std::vector<double>& scalars) {
    const auto size = static_cast<std::size_t>(element_type_info(type).scalar_bytes);
    std::vector<std::byte> bytes(scalars.size() * size);
    for (std::size_t i = 0; i < scalars.size(); ++i)
        store_scalar(type, scalars[i], &bytes[i * size]);
    return bytes;
}

std::vector<double> to_scalars(ElementType type, const std::vector<std::byte>& bytes) {
    const auto size = static_cast<std::size_t>(element_type_info(type).scalar_bytes);
    std::vector<double> scalars(bytes.size() / size);
    for (std::size_t i = 0; i < scalars.size(); ++i)
        scalars[i] = load_scalar(type, &bytes[i * size]);
    return scalars;
}

std::size_t bytes_of(ElementType type, const std::vector<std::int64_t>& shape) {
    return elements_of(shape) * static_cast<std::size_t>(element_type_info(type).bytes());
}

}  // namespace convt::test
