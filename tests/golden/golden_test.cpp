// SPDX-License-Identifier: Apache-2.0
// A framework's description gives the framework's output: its shape and, element by element, its values; through the
// oracle for every vector, through a compiled kernel for some of each framework. Padding modes, which no framework has
// for transposed convolutions, are held against the gradient of the convolution that has them, gradients against
// PyTorch's own.
#include "convt/halide_compiler.h"
#include "convt/kernel.h"
#include "tests/golden/vectors.h"
#include "tests/support/compare.h"
#include "tests/support/data.h"
#include "tests/support/require_value.h"
#include "tests/support/run.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <algorithm>

namespace convt::test {
namespace {

// The extents of the weights in the framework's order.
std::vector<std::int64_t> stored_shape(const FrameworkLayer& layer) {
    const std::vector<std::int64_t> shape = layer.problem.weight_shape();
    std::vector<std::int64_t> stored(shape.size());
    for (std::size_t d = 0; d < shape.size(); ++d)
        stored[static_cast<std::size_t>(layer.weights.from[d])] = shape[d];
    return stored;
}

std::size_t elements(const std::vector<std::int64_t>& shape) {
    return bytes_of(ElementType::f32, shape) / sizeof(float);
}

Operands recorded_operands(const FrameworkLayer& layer) {
    const Problem& p = layer.problem;
    const std::vector<std::int64_t> stored = stored_shape(layer);
    const std::vector<std::byte> weights = from_scalars(p.types().weights, recorded_tensor(2, elements(stored)));
    Operands operands;
    operands.x = from_scalars(p.types().input, recorded_tensor(1, elements(p.input_shape())));
    operands.weights.resize(weights.size());
    const Status status =
        reorder_weights(layer, TensorView::dense(weights.data(), p.types().weights, stored),
                        TensorView::dense(operands.weights.data(), p.types().weights, p.weight_shape()));
    INFO(status.message());
    REQUIRE(status.ok());
    if (p.bias)
        operands.bias = from_scalars(p.types().sum, recorded_tensor(3, static_cast<std::size_t>(p.out_channels)));
    return operands;
}

// Shape and values, through the oracle.
void check_oracle(const FrameworkLayer& layer, const Vector& vector) {
    INFO(vector.name << " " << layer.problem.text());
    REQUIRE(layer.problem.output_shape() == vector.shape);
    const Reference reference = oracle(layer.problem, recorded_operands(layer));
    CHECK(std::equal(vector.y.begin(), vector.y.end(), reference.values.begin(), reference.values.end()));
}

void check_kernel(const FrameworkLayer& layer, const Vector& vector) {
    INFO(vector.name << " " << layer.problem.text());
    const Object object = require_value(compile_object(layer.problem, Target::host()));
    const auto kernel = require_value(Kernel::load(object));
    const auto y = require_value(run_guarded(*kernel, recorded_operands(layer)));
    CHECK(to_scalars(layer.problem.types().output, y) == vector.y);
}

// A step that is prime to the periods of record.py's loops, so that every argument comes up.
constexpr std::size_t kernel_step = 37;

// Vectors whose text is a problem: their weights lie as convt's do.
FrameworkLayer described(const Vector& vector) {
    const Problem problem = require_value(Problem::parse(vector.text));
    return {problem, {problem.rank + 2, {0, 1, 2, 3, 4}, false}};
}

// Every vector of a file whose texts are problems, of which there are `least`; and some, by kernels.
void check_oracles(const char* file, std::size_t least) {
    const std::vector<Vector> vectors = read_vectors(file);
    CHECK(vectors.size() >= least);
    for (const Vector& vector : vectors)
        check_oracle(described(vector), vector);
}

void check_kernels(const char* file) {
    const std::vector<Vector> vectors = read_vectors(file);
    for (std::size_t i = vectors.size() - 1; i < vectors.size(); i -= kernel_step)
        check_kernel(described(vectors[i]), vectors[i]);
}

}  // namespace

TEST_CASE("frameworks' descriptions give their shapes and values: oracle") {
    const std::string framework = GENERATE(as<std::string>{}, "onnx", "pytorch", "tensorflow", "keras", "jax");
    const std::vector<Vector> vectors = read_vectors(framework);
    CHECK(vectors.size() >= 300);
    for (const Vector& vector : vectors)
        check_oracle(require_value(layer_of(framework, vector.text)), vector);
}

TEST_CASE("frameworks' descriptions give their shapes and values: kernels") {
    const std::string framework = GENERATE(as<std::string>{}, "onnx", "pytorch", "tensorflow", "keras", "jax");
    const std::vector<Vector> vectors = read_vectors(framework);
    for (std::size_t i = vectors.size() - 1; i < vectors.size(); i -= kernel_step)
        check_kernel(require_value(layer_of(framework, vectors[i].text)), vectors[i]);
}

TEST_CASE("padding modes are the adjoint of PyTorch's convolution with that mode: oracle") {
    check_oracles("padding_modes", 200);
}

TEST_CASE("padding modes are the adjoint of PyTorch's convolution with that mode: kernels") {
    check_kernels("padding_modes");
}

TEST_CASE("gradients are those of PyTorch's autograd: oracle") {
    check_oracles("gradients", 100);
}

TEST_CASE("gradients are those of PyTorch's autograd: kernels") {
    check_kernels("gradients");
}

}  // namespace convt::test
