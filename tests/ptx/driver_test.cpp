// SPDX-License-Identifier: Apache-2.0
// The stand-in driver, called as a host calls CUDA: machines, contexts, memory, streams; with the codes that a device's
// driver gives.
#include "tests/ptx/driver_session.h"

#include <dlfcn.h>

#include <cstring>
#include <numeric>

namespace convt::ptx {

TEST_CASE("a kernel through the driver: load, copy, launch, copy back, with its record") {
    const Session session;
    std::vector<std::uint32_t> values(64);
    std::iota(values.begin(), values.end(), 5);
    const CUdeviceptr a = session.memory(256);
    const CUdeviceptr b = session.memory(256);
    REQUIRE(cuMemcpyHtoD_v2(a, values.data(), 256) == CUDA_SUCCESS);
    REQUIRE(Session::launch(session.kernel("copy"), a, b) == CUDA_SUCCESS);
    REQUIRE(cuCtxSynchronize() == CUDA_SUCCESS);
    std::vector<std::uint32_t> results(64);
    REQUIRE(cuMemcpyDtoH_v2(results.data(), b, 256) == CUDA_SUCCESS);
    CHECK(results == values);
    REQUIRE(convt_ptx_launches()->size() == 1);
    const LaunchRecord& record = convt_ptx_launches()->front();
    CHECK(record.kernel == "test");
    CHECK(record.report.findings.empty());
    CHECK(record.report.counts.global_stores.ratio() == 1.0);
}

TEST_CASE("no device: cuInit says so; before cuInit nothing works") {
    convt_ptx_reset();
    int count = 0;
    CHECK(cuDeviceGetCount(&count) == CUDA_ERROR_NOT_INITIALIZED);
    convt_ptx_set_device_count(0);
    CHECK(cuInit(0) == CUDA_ERROR_NO_DEVICE);
    setenv("CONVT_PTX_DEVICES", "0", 1);
    convt_ptx_reset();
    CHECK(cuInit(0) == CUDA_ERROR_NO_DEVICE);
    unsetenv("CONVT_PTX_DEVICES");
    convt_ptx_reset();
    CHECK(cuInit(0) == CUDA_SUCCESS);
}

TEST_CASE("device memory ends at its limit, and freed memory is there again") {
    convt_ptx_reset();
    convt_ptx_set_memory(1000);
    REQUIRE(cuInit(0) == CUDA_SUCCESS);
    CUcontext context = nullptr;
    REQUIRE(cuCtxCreate_v2(&context, 0, 0) == CUDA_SUCCESS);
    CUdeviceptr first = 0;
    CUdeviceptr second = 0;
    CHECK(cuMemAlloc_v2(&first, 600) == CUDA_SUCCESS);
    CHECK(cuMemAlloc_v2(&second, 600) == CUDA_ERROR_OUT_OF_MEMORY);
    CHECK(cuMemFree_v2(first) == CUDA_SUCCESS);
    CHECK(cuMemFree_v2(first) == CUDA_ERROR_INVALID_VALUE);
    CHECK(cuMemAlloc_v2(&second, 600) == CUDA_SUCCESS);
    CHECK(convt_ptx_memory_used() == 600);
    CHECK(cuMemAlloc_v2(&second, 0) == CUDA_ERROR_INVALID_VALUE);
}

TEST_CASE("contexts do not mix: neither memory nor functions") {
    const Session session;
    const CUdeviceptr mine = session.memory(16);
    const CUfunction function = session.kernel("copy");
    CUcontext other = nullptr;
    REQUIRE(cuCtxCreate_v2(&other, 0, 0) == CUDA_SUCCESS);
    const char bytes[16] = {};
    CHECK(cuMemcpyHtoD_v2(mine, bytes, 16) == CUDA_ERROR_INVALID_VALUE);
    CHECK(std::string(convt_ptx_last_error()).find("another context") != std::string::npos);
    CHECK(Session::launch(function, mine, mine) == CUDA_ERROR_INVALID_HANDLE);
    CUcontext owner = nullptr;
    CHECK(cuPointerGetAttribute(&owner, CU_POINTER_ATTRIBUTE_CONTEXT, mine) == CUDA_SUCCESS);
    CHECK(owner == session.context);
    CHECK(cuCtxDestroy_v2(other) == CUDA_SUCCESS);
    CHECK(cuMemcpyHtoD_v2(mine, bytes, 16) == CUDA_SUCCESS);
    CHECK(cuMemcpyHtoD_v2(mine + 1, bytes, 16) == CUDA_ERROR_INVALID_VALUE);
    CHECK(cuCtxPushCurrent_v2(other) == CUDA_ERROR_INVALID_CONTEXT);
    CHECK(cuCtxPopCurrent_v2(&owner) == CUDA_SUCCESS);
    CHECK(cuCtxSynchronize() == CUDA_ERROR_INVALID_CONTEXT);
    CHECK(cuPointerGetAttribute(&owner, CU_POINTER_ATTRIBUTE_CONTEXT, 12345) == CUDA_ERROR_INVALID_VALUE);
}

TEST_CASE("streams of another context are none") {
    const Session session;
    CUstream stream = nullptr;
    REQUIRE(cuStreamCreate(&stream, 0) == CUDA_SUCCESS);
    CHECK(cuStreamSynchronize(stream) == CUDA_SUCCESS);
    CUcontext other = nullptr;
    REQUIRE(cuCtxCreate_v2(&other, 0, 0) == CUDA_SUCCESS);
    CHECK(cuStreamSynchronize(stream) == CUDA_ERROR_INVALID_HANDLE);
    CHECK(cuStreamSynchronize(nullptr) == CUDA_SUCCESS);
}

TEST_CASE("a three-dimensional copy takes a box out of a pitched volume") {
    const Session session;
    std::vector<unsigned char> host(4 * 5 * 6);
    std::iota(host.begin(), host.end(), static_cast<unsigned char>(0));
    CUDA_MEMCPY3D copy{};
    copy.srcMemoryType = CU_MEMORYTYPE_HOST;
    copy.srcHost = host.data();
    copy.srcXInBytes = 1;
    copy.srcY = 1;
    copy.srcZ = 2;
    copy.srcPitch = 4;
    copy.srcHeight = 5;
    copy.dstMemoryType = CU_MEMORYTYPE_DEVICE;
    copy.dstDevice = session.memory(24);
    copy.dstPitch = 2;
    copy.dstHeight = 3;
    copy.WidthInBytes = 2;
    copy.Height = 3;
    copy.Depth = 4;
    REQUIRE(cuMemcpy3D_v2(&copy) == CUDA_SUCCESS);
    std::vector<unsigned char> box(24);
    REQUIRE(cuMemcpyDtoH_v2(box.data(), copy.dstDevice, 24) == CUDA_SUCCESS);
    for (unsigned i = 0; i < 24; ++i)
        CHECK(box[i] == 1 + i % 2 + 4 * (1 + i / 2 % 3) + 20 * (2 + i / 6));
}

TEST_CASE("every function that Halide's run time looks up is there, under the library's own name") {
    void* library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
    REQUIRE(library != nullptr);
    for (const char* name : {"cuInit",
                             "cuDeviceGetCount",
                             "cuDeviceGet",
                             "cuDeviceGetAttribute",
                             "cuDeviceGetName",
                             "cuDeviceTotalMem_v2",
                             "cuCtxCreate_v2",
                             "cuCtxDestroy_v2",
                             "cuProfilerStop",
                             "cuCtxGetApiVersion",
                             "cuCtxGetDevice",
                             "cuModuleLoadData",
                             "cuModuleLoadDataEx",
                             "cuModuleUnload",
                             "cuModuleGetFunction",
                             "cuMemAlloc_v2",
                             "cuMemFree_v2",
                             "cuMemcpyHtoD_v2",
                             "cuMemcpyDtoH_v2",
                             "cuMemcpyDtoD_v2",
                             "cuMemcpyHtoDAsync_v2",
                             "cuMemcpyDtoHAsync_v2",
                             "cuMemcpyDtoDAsync_v2",
                             "cuMemcpy3D_v2",
                             "cuLaunchKernel",
                             "cuCtxSynchronize",
                             "cuCtxPushCurrent_v2",
                             "cuCtxPopCurrent_v2",
                             "cuPointerGetAttribute",
                             "cuStreamSynchronize"}) {
        INFO(name);
        CHECK(dlsym(library, name) != nullptr);
    }
    dlclose(library);
    const char* name = nullptr;
    CHECK(cuGetErrorName(CUDA_ERROR_INVALID_PTX, &name) == CUDA_SUCCESS);
    CHECK(std::strcmp(name, "CUDA_ERROR_INVALID_PTX") == 0);
}

}  // namespace convt::ptx
