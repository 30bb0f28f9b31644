// SPDX-License-Identifier: Apache-2.0
// Initialisation, devices, contexts.
#include "tests/support/ptx/driver_state.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

using namespace convt::ptx;

CONVT_PTX_EXPORT CUresult cuInit(unsigned flags) {
    const std::lock_guard lock(machine().mutex);
    if (flags != 0) return fail(CUDA_ERROR_INVALID_VALUE, "cuInit takes no flags");
    if (machine().devices <= 0) return fail(CUDA_ERROR_NO_DEVICE, "the machine has no device");
    machine().initialised = true;
    return CUDA_SUCCESS;
}
CONVT_PTX_EXPORT CUresult cuDriverGetVersion(int* version) {
    if (version == nullptr) return CUDA_ERROR_INVALID_VALUE;
    *version = 12000;
    return CUDA_SUCCESS;
}
CONVT_PTX_EXPORT CUresult cuDeviceGetCount(int* count) {
    return with_machine([&](Machine& all) {
        *count = all.devices;
        return CUDA_SUCCESS;
    });
}
CONVT_PTX_EXPORT CUresult cuDeviceGet(CUdevice* device, int ordinal) {
    return with_machine([&](Machine& all) {
        if (ordinal < 0 || ordinal >= all.devices) return fail(CUDA_ERROR_INVALID_DEVICE, "no such device");
        *device = ordinal;
        return CUDA_SUCCESS;
    });
}
CONVT_PTX_EXPORT CUresult cuDeviceGetName(char* name, int length, CUdevice device) {
    return with_machine([&](Machine& all) {
        if (device < 0 || device >= all.devices || length <= 0)
            return fail(CUDA_ERROR_INVALID_DEVICE, "no such device");
        const char* const wanted = std::getenv("CONVT_PTX_NAME");
        std::snprintf(name, static_cast<std::size_t>(length), "%s", wanted == nullptr ? "convt PTX executor" : wanted);
        return CUDA_SUCCESS;
    });
}
CONVT_PTX_EXPORT CUresult cuDeviceTotalMem_v2(std::size_t* bytes, CUdevice device) {
    return with_machine([&](Machine& all) {
        if (device < 0 || device >= all.devices) return fail(CUDA_ERROR_INVALID_DEVICE, "no such device");
        *bytes = all.memory;
        return CUDA_SUCCESS;
    });
}

namespace {

struct SharedLimits {
    int capability;
    int per_multiprocessor;
    int per_block;
};
// Kilobytes of shared memory a multiprocessor has, and that a block may ask for: CUDA C++ Programming Guide, technical
// specifications per compute capability.
constexpr SharedLimits shared_limits[] = {{75, 64, 64}, {80, 164, 163}, {86, 100, 99}, {90, 228, 227}};

const SharedLimits& shared_limits_of(const Machine& all) {
    const int capability = 10 * all.capability_major + all.capability_minor;
    const SharedLimits* best = &shared_limits[0];
    for (const SharedLimits& limits : shared_limits)
        best = limits.capability <= capability ? &limits : best;
    return *best;
}

int attribute_of(const Machine& all, CUdevice_attribute attribute) {
    switch (attribute) {
        case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
        case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X:
        case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y:
            return 1024;
        case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z:
            return 64;
        case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X:
            return 0x7FFFFFFF;
        case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y:
        case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z:
            return 65535;
        case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK:
            return 48 * 1024;
        case CU_DEVICE_ATTRIBUTE_TOTAL_CONSTANT_MEMORY:
            return 64 * 1024;
        case CU_DEVICE_ATTRIBUTE_WARP_SIZE:
            return 32;
        case CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK:
        case CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR:
            return 65536;
        case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT:
            return 1;
        case CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING:
            return 1;
        case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR:
            return all.capability_major;
        case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR:
            return all.capability_minor;
        case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR:
            return 1024 * shared_limits_of(all).per_multiprocessor;
        case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN:
            return 1024 * shared_limits_of(all).per_block;
    }
    return 0;
}

}  // namespace

CONVT_PTX_EXPORT CUresult cuDeviceGetAttribute(int* value, CUdevice_attribute attribute, CUdevice device) {
    return with_machine([&](Machine& all) {
        if (device < 0 || device >= all.devices) return fail(CUDA_ERROR_INVALID_DEVICE, "no such device");
        *value = attribute_of(all, attribute);
        return CUDA_SUCCESS;
    });
}

CONVT_PTX_EXPORT CUresult cuCtxCreate_v2(CUcontext* context, unsigned /*flags*/, CUdevice device) {
    return with_machine([&](Machine& all) {
        if (device < 0 || device >= all.devices) return fail(CUDA_ERROR_INVALID_DEVICE, "no such device");
        *context = all.make_context(device);
        current_contexts().push_back(*context);
        return CUDA_SUCCESS;
    });
}
CONVT_PTX_EXPORT CUresult cuCtxDestroy_v2(CUcontext context) {
    return with_machine([&](Machine& all) {
        if (all.contexts.erase(context) == 0) return fail(CUDA_ERROR_INVALID_CONTEXT, "no such context");
        std::vector<CUcontext>& current = current_contexts();
        if (!current.empty() && current.back() == context) current.pop_back();
        return CUDA_SUCCESS;
    });
}
CONVT_PTX_EXPORT CUresult cuDevicePrimaryCtxRetain(CUcontext* context, CUdevice device) {
    return with_machine([&](Machine& all) {
        if (device < 0 || device >= all.devices) return fail(CUDA_ERROR_INVALID_DEVICE, "no such device");
        auto& [primary, count] = all.primaries[device];
        if (count++ == 0) primary = all.make_context(device);
        *context = primary;
        return CUDA_SUCCESS;
    });
}
CONVT_PTX_EXPORT CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device) {
    return with_machine([&](Machine& all) {
        const auto found = all.primaries.find(device);
        if (found == all.primaries.end())
            return fail(CUDA_ERROR_INVALID_CONTEXT, "the primary context is not retained");
        if (--found->second.second > 0) return CUDA_SUCCESS;
        all.contexts.erase(found->second.first);
        all.primaries.erase(found);
        return CUDA_SUCCESS;
    });
}
CONVT_PTX_EXPORT CUresult cuDevicePrimaryCtxGetState(CUdevice device, unsigned* flags, int* active) {
    return with_machine([&](Machine& all) {
        if (device < 0 || device >= all.devices) return fail(CUDA_ERROR_INVALID_DEVICE, "no such device");
        *flags = 0;
        *active = all.primaries.contains(device) ? 1 : 0;
        return CUDA_SUCCESS;
    });
}
CONVT_PTX_EXPORT CUresult cuCtxGetId(CUcontext context, unsigned long long* id) {
    return with_machine([&](Machine& all) {
        const auto found = all.contexts.find(context);
        if (found == all.contexts.end()) return fail(CUDA_ERROR_INVALID_CONTEXT, "no such context");
        *id = found->second->id;
        return CUDA_SUCCESS;
    });
}
CONVT_PTX_EXPORT CUresult cuCtxPushCurrent_v2(CUcontext context) {
    return with_machine([&](Machine& all) {
        if (!all.contexts.contains(context)) return fail(CUDA_ERROR_INVALID_CONTEXT, "no such context");
        current_contexts().push_back(context);
        return CUDA_SUCCESS;
    });
}
CONVT_PTX_EXPORT CUresult cuCtxPopCurrent_v2(CUcontext* context) {
    return with_machine([&](Machine&) {
        std::vector<CUcontext>& current = current_contexts();
        if (current.empty()) return fail(CUDA_ERROR_INVALID_CONTEXT, "no context is current");
        if (context != nullptr) *context = current.back();
        current.pop_back();
        return CUDA_SUCCESS;
    });
}
CONVT_PTX_EXPORT CUresult cuCtxSetCurrent(CUcontext context) {
    return with_machine([&](Machine& all) {
        std::vector<CUcontext>& current = current_contexts();
        if (context != nullptr && !all.contexts.contains(context))
            return fail(CUDA_ERROR_INVALID_CONTEXT, "no such context");
        if (!current.empty()) current.pop_back();
        if (context != nullptr) current.push_back(context);
        return CUDA_SUCCESS;
    });
}
CONVT_PTX_EXPORT CUresult cuCtxGetCurrent(CUcontext* context) {
    return with_machine([&](Machine&) {
        *context = current_contexts().empty() ? nullptr : current_contexts().back();
        return CUDA_SUCCESS;
    });
}
CONVT_PTX_EXPORT CUresult cuCtxGetDevice(CUdevice* device) {
    return with_context([&](Machine&, CUctx_st& context) {
        *device = context.device;
        return CUDA_SUCCESS;
    });
}
CONVT_PTX_EXPORT CUresult cuCtxGetApiVersion(CUcontext context, unsigned* version) {
    return with_machine([&](Machine& all) {
        if (context != nullptr && !all.contexts.contains(context))
            return fail(CUDA_ERROR_INVALID_CONTEXT, "no such context");
        *version = 3020;
        return CUDA_SUCCESS;
    });
}
// Launches end before they return: there is nothing to wait for, but a failure to tell.
CONVT_PTX_EXPORT CUresult cuCtxSynchronize() {
    return with_context([](Machine&, CUctx_st&) { return CUDA_SUCCESS; });
}
CONVT_PTX_EXPORT CUresult cuProfilerStop() {
    return CUDA_SUCCESS;
}
