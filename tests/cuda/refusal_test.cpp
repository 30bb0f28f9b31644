// SPDX-License-Identifier: Apache-2.0
// What cannot be done, each with its own sentence, and nothing left behind.
#include "tests/cuda/device.h"

namespace convt::test {
namespace {

void check_status(const Status& status, Code code, std::initializer_list<const char*> parts) {
    INFO(status.message());
    CHECK(status.code() == code);
    for (const char* part : parts)
        CHECK(status.message().find(part) != std::string::npos);
}

Status run_on_host(const Kernel& kernel, const CallOptions& options = {}) {
    Call call(kernel);
    return kernel.run(call.x_view, call.weight_view, call.bias_view, call.y_view, options);
}

}  // namespace

TEST_CASE("no device, a device that is too old, a driver that is too old") {
    const Device machine;
    const auto kernel = gpu_kernel();
    const std::string fallback = "target " + Target::host().text() + " works here";
    convt_ptx_set_device_count(0);
    check_status(run_on_host(*kernel), Code::no_device, {"no CUDA device", "CUDA_ERROR_NO_DEVICE", fallback.c_str()});
    convt_ptx_set_device_count(1);
    convt_ptx_set_capability(7, 5);
    check_status(run_on_host(*kernel), Code::no_device, {"compute capability 7.5", "needs 8.0", fallback.c_str()});
    convt_ptx_set_capability(8, 0);
    convt_ptx_set_ptx_version(60);
    check_status(run_on_host(*kernel), Code::no_device,
                 {"driver is too old", "CUDA_ERROR_UNSUPPORTED_PTX_VERSION", fallback.c_str()});
    CHECK(convt_ptx_memory_used() == 0);
    convt_ptx_set_ptx_version(999);
    CHECK(run_on_host(*kernel).ok());
}

TEST_CASE("out of device memory: for weights, tensors, whatever comes first") {
    const Device machine;
    const auto kernel = gpu_kernel();
    // Weights of 3 x 8 x 16 floats, x of 3 x 35 + y of 5 x 140 + 5 floats.
    for (const std::uint64_t memory : {100U, 2000U, 3000U}) {
        convt_ptx_reset();
        convt_ptx_set_memory(memory);
        check_status(run_on_host(*kernel), Code::out_of_memory, {"no device memory for", "CUDA_ERROR_OUT_OF_MEMORY"});
        CHECK(convt_ptx_memory_used() == 0);
    }
}

TEST_CASE("memory that is none of the device's, or of another context, is refused by name") {
    const Device machine;
    const auto kernel = gpu_kernel();
    const CUcontext mine = make_context();
    const CUcontext other = make_context();
    CallOptions options;
    options.cuda_context = mine;
    Call call(*kernel);
    const TensorView x = call.on_device(call.x_view, mine);
    const TensorView y = call.on_device(call.y_view, mine);
    const PackedWeights weights = require_value(kernel->pack(call.weight_view));
    TensorView disguised = call.x_view;
    disguised.device = convt::Device::cuda;
    check_status(kernel->run(disguised, weights, call.bias_view, y, options), Code::invalid_argument,
                 {"x: ", "no device memory", "CUDA_ERROR_INVALID_VALUE"});
    check_status(kernel->run(x, weights, call.bias_view, call.on_device(call.y_view, other), options),
                 Code::invalid_argument, {"y: ", "belongs to context"});
    CHECK(convt_ptx_launches()->empty());
    REQUIRE(kernel->run(x, weights, call.bias_view, y, options).ok());
    options.cuda_context = other;
    check_status(kernel->run(call.x_view, weights, call.bias_view, call.y_view, options), Code::invalid_argument,
                 {"weights: ", "pack them again"});
}

TEST_CASE("weights whose context is gone are refused, by one at its address too, and end quietly") {
    const Device machine;
    const auto kernel = gpu_kernel();
    Call call(*kernel);
    const PackedWeights weights = require_value(kernel->pack(call.weight_view));
    CallOptions options;
    options.cuda_context = make_context();
    REQUIRE(kernel->run(call.x_view, weights, call.bias_view, call.y_view, options).ok());
    for (int i = 0; i < 4; ++i) {
        REQUIRE(cuCtxDestroy_v2(static_cast<CUcontext>(options.cuda_context)) == CUDA_SUCCESS);
        options.cuda_context = make_context();
        check_status(kernel->run(call.x_view, weights, call.bias_view, call.y_view, options), Code::invalid_argument,
                     {"weights: ", "pack them again"});
    }
    CHECK(run_on_host(*kernel, options).ok());
}

TEST_CASE("devices that no kernel takes are refused, and a CPU's kernel takes no device memory") {
    const Device machine;
    const auto kernel = gpu_kernel();
    Call call(*kernel);
    const PackedWeights weights = require_value(kernel->pack(call.weight_view));
    TensorView opencl = call.x_view;
    opencl.device = static_cast<convt::Device>(4);
    check_status(kernel->run(opencl, weights, call.bias_view, call.y_view), Code::invalid_argument,
                 {"x: device is 4, must be 1 (cpu) or 2 (cuda)"});
    TensorView on_device = call.weight_view;
    on_device.device = convt::Device::cuda;
    check_status(kernel->pack(on_device).status(), Code::invalid_argument, {"weights: device is 2, must be 1 (cpu)"});
    const auto cpu = gpu_kernel(small_problem, "x86-64-v2");
    TensorView x = call.x_view;
    x.device = convt::Device::cuda;
    check_status(cpu->run(x, require_value(cpu->pack(call.weight_view)), call.bias_view, call.y_view),
                 Code::invalid_argument, {"x: device is 2, must be 1 (cpu)"});
}

TEST_CASE("what the host's own work broke is reported, not hidden") {
    const Device machine;
    const auto kernel = gpu_kernel();
    convt_ptx_set_limit(3);
    check_status(run_on_host(*kernel), Code::internal, {"CUDA_ERROR_LAUNCH_TIMEOUT"});
}

}  // namespace convt::test
