// SPDX-License-Identifier: Apache-2.0
// A machine with one device for a test, kernels for it, and a call's tensors on the host or on the device.
#pragma once

#include "convt/halide_compiler.h"
#include "convt/kernel.h"
#include "tests/support/compare.h"
#include "tests/support/data.h"
#include "tests/support/ptx/driver.h"
#include "tests/support/require_value.h"

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <vector>

// As cuda.h declares them.
extern "C" {
CUresult cuInit(unsigned);
CUresult cuCtxCreate_v2(CUcontext*, unsigned, CUdevice);
CUresult cuCtxDestroy_v2(CUcontext);
CUresult cuCtxPushCurrent_v2(CUcontext);
CUresult cuCtxPopCurrent_v2(CUcontext*);
CUresult cuCtxGetCurrent(CUcontext*);
CUresult cuCtxSynchronize();
CUresult cuDevicePrimaryCtxRetain(CUcontext*, CUdevice);
CUresult cuMemAlloc_v2(CUdeviceptr*, std::size_t);
CUresult cuMemcpyHtoD_v2(CUdeviceptr, const void*, std::size_t);
CUresult cuMemcpyDtoH_v2(void*, CUdeviceptr, std::size_t);
CUresult cuStreamCreate(CUstream*, unsigned);
}

namespace convt::test {

// A fresh machine of capability 8.0; the kernels and weights of a test end before it.
struct Device {
    Device() { convt_ptx_reset(); }
    ~Device() { convt_ptx_reset(); }
    Device(const Device&) = delete;
    Device& operator=(const Device&) = delete;
};

inline constexpr const char* small_problem = "convt2d_f32_ci3_co5_i5x7_k4x4_s2x2_p1x1_bias";

// Compiled once a text and target, without admission.
const Object& gpu_object(const std::string& problem = small_problem, const std::string& target = "cuda-sm80");
std::shared_ptr<const Kernel> gpu_kernel(const std::string& problem = small_problem,
                                         const std::string& target = "cuda-sm80");

// Makes a context of its own and leaves the thread without one.
CUcontext make_context();

// A call with integer data.
struct Call {
    Problem problem;
    Operands operands;
    std::vector<std::byte> y;
    TensorView x_view, weight_view, bias_view, y_view;

    explicit Call(const Kernel& kernel);
    // Copies a tensor to memory of `context`.
    TensorView on_device(const TensorView& host, CUcontext context) const;
    // What y holds now, in memory of `context`.
    void fetch(const TensorView& device, CUcontext context);
    // What differs from the oracle; empty where nothing does.
    std::string mismatch() const;
};

}  // namespace convt::test
