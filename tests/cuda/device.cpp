// SPDX-License-Identifier: Apache-2.0
#include "tests/cuda/device.h"

#include <map>

namespace convt::test {
namespace {

// The context is current while this lives.
struct Current {
    explicit Current(CUcontext context) { REQUIRE(cuCtxPushCurrent_v2(context) == CUDA_SUCCESS); }
    ~Current() { cuCtxPopCurrent_v2(nullptr); }
    Current(const Current&) = delete;
    Current& operator=(const Current&) = delete;
};

std::size_t size_of(const TensorView& view) {
    return static_cast<std::size_t>(view.size()) * element_type_info(view.type).bytes();
}

}  // namespace

const Object& gpu_object(const std::string& problem, const std::string& target) {
    static std::map<std::string, Object> objects;
    Object& object = objects[problem + target];
    if (object.code.empty()) {
        CompileOptions options;
        options.admit = false;
        object = require_value(
            compile_object(require_value(Problem::parse(problem)), require_value(Target::parse(target)), options));
    }
    return object;
}

std::shared_ptr<const Kernel> gpu_kernel(const std::string& problem, const std::string& target) {
    return require_value(Kernel::load(gpu_object(problem, target)));
}

CUcontext make_context() {
    CUcontext context = nullptr;
    REQUIRE(cuInit(0) == CUDA_SUCCESS);
    REQUIRE(cuCtxCreate_v2(&context, 0, 0) == CUDA_SUCCESS);
    REQUIRE(cuCtxPopCurrent_v2(nullptr) == CUDA_SUCCESS);
    return context;
}

Call::Call(const Kernel& kernel) : problem(kernel.problem()), operands(integer_operands(problem, 7)) {
    y.resize(bytes_of(problem.types().output, problem.output_shape()));
    x_view =
        TensorView::dense(static_cast<const void*>(operands.x.data()), problem.types().input, problem.input_shape());
    weight_view = TensorView::dense(static_cast<const void*>(operands.weights.data()), problem.types().weights,
                                    problem.weight_shape());
    y_view = TensorView::dense(static_cast<void*>(y.data()), problem.types().output, problem.output_shape());
    if (problem.bias)
        bias_view = TensorView::dense(static_cast<const void*>(operands.bias.data()), problem.types().sum,
                                      {problem.out_channels});
}

TensorView Call::on_device(const TensorView& host, CUcontext context) const {
    const Current current(context);
    CUdeviceptr address = 0;
    REQUIRE(cuMemAlloc_v2(&address, size_of(host)) == CUDA_SUCCESS);
    if (host.data != y.data()) REQUIRE(cuMemcpyHtoD_v2(address, host.data, size_of(host)) == CUDA_SUCCESS);
    TensorView view = host;
    view.data = reinterpret_cast<void*>(address);
    view.device = convt::Device::cuda;
    return view;
}

void Call::fetch(const TensorView& device, CUcontext context) {
    const Current current(context);
    REQUIRE(cuMemcpyDtoH_v2(y.data(), reinterpret_cast<CUdeviceptr>(device.data), y.size()) == CUDA_SUCCESS);
}

std::string Call::mismatch() const {
    return first_mismatch(problem, y, oracle(problem, operands), Match::exact).value_or("");
}

}  // namespace convt::test
