// SPDX-License-Identifier: Apache-2.0
#include "tests/kernel/hand_kernels.h"

#include "tests/support/compare.h"
#include "tests/support/data.h"

#include <catch2/catch_test_macros.hpp>

#include <fstream>
#include <iterator>
#include <stdexcept>

namespace convt::test {
namespace {

constexpr const char* plane_problem = "convt2d_f32_n2_ci3_co4_i5x6_k3x3_s2x2_p1x1";

const std::vector<HandKernel> kernels = {
    {"plane", CONVT_KERNEL_PLANE, "convt2d_f32_n2_ci3_co4_i5x6_k3x3_s2x2_p1x1_bias_leaky0.1"},
    {"line", CONVT_KERNEL_LINE, "convt1d_c128_ci2_co3_i17_k5_s2_p2_d3_nhwc"},
    {"volume", CONVT_KERNEL_VOLUME, "convt3d_f64_ci2_co5_i4x3x5_k4x3x2_s1x2x3_p2x1x0_nchw2nhwc_relu"},
    {"residual", CONVT_KERNEL_RESIDUAL, "convt2d_f32_n2_ci3_co4_i5x6_k3x3_s2x2_p1x1_bias_scale_add"},
    {"skips_corner", CONVT_KERNEL_SKIPS_CORNER, plane_problem},
    {"wrong_phase", CONVT_KERNEL_WRONG_PHASE, plane_problem},
    {"wrong_border", CONVT_KERNEL_WRONG_BORDER, plane_problem},
    {"writes_behind", CONVT_KERNEL_WRITES_BEHIND, plane_problem},
    {"writes_before", CONVT_KERNEL_WRITES_BEFORE, plane_problem},
    {"fails", CONVT_KERNEL_FAILS, plane_problem},
    {"greedy", CONVT_KERNEL_GREEDY, plane_problem},
    {"scratch", CONVT_KERNEL_SCRATCH, plane_problem},
    {"nested", CONVT_KERNEL_NESTED, plane_problem},
    {"imports_getpid", CONVT_KERNEL_IMPORTS_GETPID, plane_problem},
};

std::vector<std::byte> read_file(const char* path) {
    std::ifstream file(path, std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
    if (bytes.empty()) throw std::runtime_error(std::string("cannot read ") + path);
    const auto* const first = reinterpret_cast<const std::byte*>(bytes.data());
    return {first, first + bytes.size()};
}

}  // namespace

const std::vector<HandKernel>& good_kernels() {
    static const std::vector<HandKernel> good(kernels.begin(), kernels.begin() + 4);
    return good;
}

const HandKernel& hand_kernel(const std::string& name) {
    for (const HandKernel& kernel : kernels)
        if (name == kernel.name) return kernel;
    throw std::runtime_error("no kernel " + name);
}

Object hand_object(const HandKernel& kernel) {
    const Problem problem = Problem::parse(kernel.problem).value();
    Object object;
    object.info.problem = problem.text();
    object.info.target = Target::host().text();
    object.info.strategy = "hand";
    object.info.schedule = "none";
    object.info.schedule_source = "given";
    object.info.compiler = "cc";
    object.info.symbol = "gather";
    const std::vector<std::int64_t> shape = problem.weight_shape();
    object.info.packed_extents.assign(shape.rbegin(), shape.rend());
    object.info.packed_type = problem.types().weights;
    const int parts = problem.types().parts();
    if (parts > 1) object.info.packed_extents.insert(object.info.packed_extents.begin(), parts);
    object.code = read_file(kernel.path);
    return object;
}

std::shared_ptr<const Kernel> load_kernel(const std::string& name) {
    Result<std::shared_ptr<const Kernel>> kernel = Kernel::load(hand_object(hand_kernel(name)));
    INFO(kernel.status().message());
    REQUIRE(kernel.ok());
    return std::move(kernel).value();
}

Call::Call(const Problem& of) : problem(of), operands(integer_operands(of, 7)) {
    y.assign(bytes_of(of.types().output, of.output_shape()), std::byte{0xFF});
    x_view = TensorView::dense(operands.x.data(), of.types().input, of.input_shape());
    weight_view = TensorView::dense(operands.weights.data(), of.types().weights, of.weight_shape());
    if (of.bias) bias_view = TensorView::dense(operands.bias.data(), of.types().sum, {of.out_channels});
    for (const EpilogueOperand& operand : of.epilogue_operands())
        operand_views.push_back(
            TensorView::dense(operands.epilogue[operand_views.size()].data(), operand.type, of.operand_shape(operand)));
    y_view = TensorView::dense(y.data(), of.types().output, of.output_shape());
}

Status Call::run(const Kernel& kernel, CallOptions options) {
    options.operands = operand_views;
    return kernel.run(x_view, weight_view, bias_view, y_view, options);
}

std::string Call::mismatch() const {
    return first_mismatch(problem, y, oracle(problem, operands), Match::exact).value_or("");
}

}  // namespace convt::test
