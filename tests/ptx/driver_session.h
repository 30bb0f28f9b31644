// SPDX-License-Identifier: Apache-2.0
// The driver's functions as a host calls them, and a machine for a test.
#pragma once

#include "tests/ptx/programs.h"
#include "tests/support/ptx/driver.h"

#include <catch2/catch_test_macros.hpp>

// As cuda.h declares them.
extern "C" {
CUresult cuInit(unsigned);
CUresult cuDeviceGetCount(int*);
CUresult cuDeviceGetAttribute(int*, CUdevice_attribute, CUdevice);
CUresult cuCtxCreate_v2(CUcontext*, unsigned, CUdevice);
CUresult cuCtxDestroy_v2(CUcontext);
CUresult cuCtxPushCurrent_v2(CUcontext);
CUresult cuCtxPopCurrent_v2(CUcontext*);
CUresult cuCtxSynchronize();
CUresult cuMemAlloc_v2(CUdeviceptr*, std::size_t);
CUresult cuMemFree_v2(CUdeviceptr);
CUresult cuMemcpyHtoD_v2(CUdeviceptr, const void*, std::size_t);
CUresult cuMemcpyDtoH_v2(void*, CUdeviceptr, std::size_t);
CUresult cuMemcpy3D_v2(const CUDA_MEMCPY3D*);
CUresult cuPointerGetAttribute(void*, CUpointer_attribute, CUdeviceptr);
CUresult cuModuleLoadData(CUmodule*, const void*);
CUresult cuModuleLoadDataEx(CUmodule*, const void*, unsigned, CUjit_option*, void**);
CUresult cuModuleUnload(CUmodule);
CUresult cuModuleGetFunction(CUfunction*, CUmodule, const char*);
CUresult cuModuleGetGlobal_v2(CUdeviceptr*, std::size_t*, CUmodule, const char*);
CUresult cuLaunchKernel(CUfunction, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, CUstream,
                        void**, void**);
CUresult cuStreamCreate(CUstream*, unsigned);
CUresult cuStreamSynchronize(CUstream);
CUresult cuGetErrorName(CUresult, const char**);
}

namespace convt::ptx {
// A fresh machine with one context.
struct Session {
    CUcontext context = nullptr;
    Session() {
        convt_ptx_reset();
        REQUIRE(cuInit(0) == CUDA_SUCCESS);
        REQUIRE(cuCtxCreate_v2(&context, 0, 0) == CUDA_SUCCESS);
    }
    ~Session() { convt_ptx_reset(); }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    CUfunction kernel(const std::string& program) const {
        CUmodule module = nullptr;
        CUfunction function = nullptr;
        REQUIRE(cuModuleLoadData(&module, program_text(program).c_str()) == CUDA_SUCCESS);
        REQUIRE(cuModuleGetFunction(&function, module, "test") == CUDA_SUCCESS);
        return function;
    }
    CUdeviceptr memory(std::size_t bytes) const {
        CUdeviceptr address = 0;
        REQUIRE(cuMemAlloc_v2(&address, bytes) == CUDA_SUCCESS);
        return address;
    }
    static CUresult launch(CUfunction function, CUdeviceptr a, CUdeviceptr b, unsigned threads = 64,
                           unsigned shared = 0) {
        void* arguments[] = {&a, &b};
        return cuLaunchKernel(function, 1, 1, 1, threads, 1, 1, shared, nullptr, arguments, nullptr);
    }
};

}  // namespace convt::ptx
