// SPDX-License-Identifier: Apache-2.0
// The part of NVIDIA's driver interface that convt calls, with the values of cuda.h: building needs no CUDA toolkit.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace convt::cuda {

using Result = int;  // CUresult
using Device = int;
using Pointer = unsigned long long;
using Context = void*;
using Module = void*;
using Function = void*;
using Stream = void*;

constexpr Result success = 0;
constexpr Result error_out_of_memory = 2;
constexpr Result error_no_device = 100;
constexpr Result error_no_binary_for_gpu = 209;
constexpr Result error_unsupported_ptx_version = 222;

constexpr int attribute_multiprocessors = 16;
constexpr int attribute_second_level_bytes = 38;
constexpr int attribute_capability_major = 75;
constexpr int attribute_capability_minor = 76;
constexpr int attribute_shared_of_multiprocessor = 81;
constexpr int pointer_context = 1;
constexpr int pointer_device_ordinal = 9;
constexpr int jit_max_registers = 0;
constexpr int jit_error_log = 5;
constexpr int jit_error_log_bytes = 6;
constexpr int function_max_dynamic_shared = 8;

// Functions of the driver: name in this code, symbol in libcuda, parameters. The last one is new in CUDA 12 and may be
// missing.
#define CONVT_CUDA_FUNCTIONS(required, optional)                                                                   \
    required(init, "cuInit", (unsigned flags));                                                                    \
    required(error_name, "cuGetErrorName", (Result error, const char** name));                                     \
    required(error_string, "cuGetErrorString", (Result error, const char** text));                                 \
    required(device_count, "cuDeviceGetCount", (int* count));                                                      \
    required(device_get, "cuDeviceGet", (Device * device, int ordinal));                                           \
    required(device_attribute, "cuDeviceGetAttribute", (int* value, int attribute, Device device));                \
    required(device_name, "cuDeviceGetName", (char* name, int size, Device device));                               \
    required(event_create, "cuEventCreate", (void** event, unsigned flags));                                       \
    required(event_destroy, "cuEventDestroy_v2", (void* event));                                                   \
    required(event_record, "cuEventRecord", (void* event, Stream stream));                                         \
    required(event_synchronize, "cuEventSynchronize", (void* event));                                              \
    required(event_elapsed, "cuEventElapsedTime", (float* milliseconds, void* first, void* last));                 \
    required(retain_primary, "cuDevicePrimaryCtxRetain", (Context * context, Device device));                      \
    required(primary_state, "cuDevicePrimaryCtxGetState", (Device device, unsigned* flags, int* active));          \
    required(push, "cuCtxPushCurrent_v2", (Context context));                                                      \
    required(pop, "cuCtxPopCurrent_v2", (Context * context));                                                      \
    required(current_device, "cuCtxGetDevice", (Device * device));                                                 \
    required(synchronize, "cuStreamSynchronize", (Stream stream));                                                 \
    required(allocate, "cuMemAlloc_v2", (Pointer * address, size_t bytes));                                        \
    required(free, "cuMemFree_v2", (Pointer address));                                                             \
    required(upload, "cuMemcpyHtoDAsync_v2", (Pointer to, const void* from, size_t bytes, Stream stream));         \
    required(download, "cuMemcpyDtoHAsync_v2", (void* to, Pointer from, size_t bytes, Stream stream));             \
    required(pointer_attribute, "cuPointerGetAttribute", (void* value, int attribute, Pointer address));           \
    required(load_module, "cuModuleLoadDataEx",                                                                    \
             (Module * module, const void* image, unsigned count, int* options, void** values));                   \
    required(unload_module, "cuModuleUnload", (Module module));                                                    \
    required(get_function, "cuModuleGetFunction", (Function * function, Module module, const char* name));         \
    required(set_function_attribute, "cuFuncSetAttribute", (Function function, int attribute, int value));         \
    required(                                                                                                      \
        launch, "cuLaunchKernel",                                                                                  \
        (Function function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x, unsigned block_y, \
         unsigned block_z, unsigned shared_bytes, Stream stream, void** parameters, void** extra));                \
    optional(context_id, "cuCtxGetId", (Context context, unsigned long long* id))

struct Driver {
#define CONVT_CUDA_MEMBER(name, symbol, parameters) Result(*name) parameters
    CONVT_CUDA_FUNCTIONS(CONVT_CUDA_MEMBER, CONVT_CUDA_MEMBER);
#undef CONVT_CUDA_MEMBER
};

}  // namespace convt::cuda
