// SPDX-License-Identifier: Apache-2.0
// Device memory. An address of another context is refused: code that mixes contexts up must not work here by chance.
#include "tests/support/ptx/driver_state.h"

#include <fmt/format.h>

#include <cstring>

using namespace convt::ptx;

namespace {

CUresult bad_address(Machine& all, const CUctx_st& context, CUdeviceptr address, std::size_t bytes) {
    const CUcontext owner = all.owner(address);
    if (owner != nullptr && owner != &context) {
        return fail(CUDA_ERROR_INVALID_VALUE, fmt::format("address {:#x} belongs to another context", address));
    }
    return fail(CUDA_ERROR_INVALID_VALUE, fmt::format("{} bytes at {:#x} lie in no allocation", bytes, address));
}

// One row of a copy between any two memories.
struct Copier {
    Machine& all;
    CUctx_st& context;

    CUresult to_device(CUdeviceptr to, const void* from, std::size_t bytes) {
        return context.memory.write(to, from, bytes) ? CUDA_SUCCESS : bad_address(all, context, to, bytes);
    }
    CUresult to_host(void* to, CUdeviceptr from, std::size_t bytes) {
        return context.memory.read(to, from, bytes) ? CUDA_SUCCESS : bad_address(all, context, from, bytes);
    }
    CUresult on_device(CUdeviceptr to, CUdeviceptr from, std::size_t bytes) {
        if (context.memory.copy(to, from, bytes)) return CUDA_SUCCESS;
        const Allocation* source = context.memory.find(from);
        const bool source_is_good = source != nullptr && source->holds(from, bytes);
        return bad_address(all, context, source_is_good ? to : from, bytes);
    }
};

CUresult check_stream(const CUctx_st& context, CUstream stream) {
    // The default streams: none, legacy (1) and per thread (2).
    if (reinterpret_cast<std::uintptr_t>(stream) <= 2 || context.streams.contains(stream)) return CUDA_SUCCESS;
    return fail(CUDA_ERROR_INVALID_HANDLE, "the stream is none of this context");
}

}  // namespace

CONVT_PTX_EXPORT CUresult cuMemAlloc_v2(CUdeviceptr* address, std::size_t bytes) {
    return with_context([&](Machine&, CUctx_st& context) {
        if (bytes == 0 || address == nullptr) return fail(CUDA_ERROR_INVALID_VALUE, "an allocation of 0 bytes");
        const Allocation* allocation = context.memory.allocate(bytes);
        if (allocation == nullptr) {
            return fail(CUDA_ERROR_OUT_OF_MEMORY, fmt::format("{} bytes with {} of {} in use", bytes,
                                                              context.memory.used(), context.memory.limit));
        }
        *address = allocation->address();
        return CUDA_SUCCESS;
    });
}
CONVT_PTX_EXPORT CUresult cuMemFree_v2(CUdeviceptr address) {
    return with_context([&](Machine& all, CUctx_st& context) {
        return address == 0 || context.memory.free(address) ? CUDA_SUCCESS : bad_address(all, context, address, 0);
    });
}
CONVT_PTX_EXPORT CUresult cuMemGetInfo_v2(std::size_t* free, std::size_t* total) {
    return with_context([&](Machine&, CUctx_st& context) {
        *total = context.memory.limit;
        *free = context.memory.limit - context.memory.used();
        return CUDA_SUCCESS;
    });
}

CONVT_PTX_EXPORT CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void* from, std::size_t bytes, CUstream stream) {
    return with_context([&](Machine& all, CUctx_st& context) {
        if (const CUresult wrong = check_stream(context, stream); wrong != CUDA_SUCCESS) return wrong;
        return Copier{all, context}.to_device(to, from, bytes);
    });
}
CONVT_PTX_EXPORT CUresult cuMemcpyDtoHAsync_v2(void* to, CUdeviceptr from, std::size_t bytes, CUstream stream) {
    return with_context([&](Machine& all, CUctx_st& context) {
        if (const CUresult wrong = check_stream(context, stream); wrong != CUDA_SUCCESS) return wrong;
        return Copier{all, context}.to_host(to, from, bytes);
    });
}
CONVT_PTX_EXPORT CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, std::size_t bytes, CUstream stream) {
    return with_context([&](Machine& all, CUctx_st& context) {
        if (const CUresult wrong = check_stream(context, stream); wrong != CUDA_SUCCESS) return wrong;
        return Copier{all, context}.on_device(to, from, bytes);
    });
}
CONVT_PTX_EXPORT CUresult cuMemcpyHtoD_v2(CUdeviceptr to, const void* from, std::size_t bytes) {
    return cuMemcpyHtoDAsync_v2(to, from, bytes, nullptr);
}
CONVT_PTX_EXPORT CUresult cuMemcpyDtoH_v2(void* to, CUdeviceptr from, std::size_t bytes) {
    return cuMemcpyDtoHAsync_v2(to, from, bytes, nullptr);
}
CONVT_PTX_EXPORT CUresult cuMemcpyDtoD_v2(CUdeviceptr to, CUdeviceptr from, std::size_t bytes) {
    return cuMemcpyDtoDAsync_v2(to, from, bytes, nullptr);
}

CONVT_PTX_EXPORT CUresult cuMemcpy3D_v2(const CUDA_MEMCPY3D* copy) {
    return with_context([&](Machine& all, CUctx_st& context) {
        Copier copier{all, context};
        for (std::size_t row = 0; row < copy->Height * copy->Depth; ++row) {
            const std::size_t y = row % copy->Height;
            const std::size_t z = row / copy->Height;
            const std::size_t from =
                copy->srcXInBytes + ((copy->srcZ + z) * copy->srcHeight + copy->srcY + y) * copy->srcPitch;
            const std::size_t to =
                copy->dstXInBytes + ((copy->dstZ + z) * copy->dstHeight + copy->dstY + y) * copy->dstPitch;
            const auto* host_from = static_cast<const char*>(copy->srcHost) + from;
            auto* host_to = static_cast<char*>(copy->dstHost) + to;
            const std::size_t bytes = copy->WidthInBytes;
            const bool from_device = copy->srcMemoryType == CU_MEMORYTYPE_DEVICE;
            const bool to_device = copy->dstMemoryType == CU_MEMORYTYPE_DEVICE;
            CUresult result = CUDA_SUCCESS;
            if (from_device && to_device) {
                result = copier.on_device(copy->dstDevice + to, copy->srcDevice + from, bytes);
            } else if (from_device) {
                result = copier.to_host(host_to, copy->srcDevice + from, bytes);
            } else if (to_device) {
                result = copier.to_device(copy->dstDevice + to, host_from, bytes);
            } else {
                std::memcpy(host_to, host_from, bytes);
            }
            if (result != CUDA_SUCCESS) return result;
        }
        return CUDA_SUCCESS;
    });
}

CONVT_PTX_EXPORT CUresult cuMemsetD8_v2(CUdeviceptr to, unsigned char value, std::size_t count) {
    return with_context([&](Machine& all, CUctx_st& context) {
        const std::vector<unsigned char> bytes(count, value);
        return Copier{all, context}.to_device(to, bytes.data(), count);
    });
}
CONVT_PTX_EXPORT CUresult cuMemsetD32_v2(CUdeviceptr to, unsigned value, std::size_t count) {
    return with_context([&](Machine& all, CUctx_st& context) {
        const std::vector<unsigned> words(count, value);
        return Copier{all, context}.to_device(to, words.data(), 4 * count);
    });
}

CONVT_PTX_EXPORT CUresult cuPointerGetAttribute(void* result, CUpointer_attribute attribute, CUdeviceptr address) {
    return with_machine([&](Machine& all) {
        const CUcontext owner = all.owner(address);
        if (owner == nullptr) return fail(CUDA_ERROR_INVALID_VALUE, fmt::format("{:#x} is no device address", address));
        switch (attribute) {
            case CU_POINTER_ATTRIBUTE_CONTEXT:
                *static_cast<CUcontext*>(result) = owner;
                break;
            case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
                *static_cast<CUmemorytype*>(result) = CU_MEMORYTYPE_DEVICE;
                break;
            case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL:
                *static_cast<int*>(result) = owner->device;
                break;
            default:
                return fail(CUDA_ERROR_NOT_SUPPORTED, "this attribute of a pointer is not known here");
        }
        return CUDA_SUCCESS;
    });
}
