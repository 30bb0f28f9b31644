// SPDX-License-Identifier: Apache-2.0
// Streams, events, names of errors. Everything happens in the order of the calls, so streams and events have nothing to
// order; their handles are checked all the same.
#include "tests/support/ptx/driver_state.h"

using namespace convt::ptx;

namespace {

bool is_stream(const CUctx_st& context, CUstream stream) {
    return reinterpret_cast<std::uintptr_t>(stream) <= 2 || context.streams.contains(stream);
}

struct ErrorName {
    CUresult code;
    const char* name;
    const char* text;
};
constexpr ErrorName error_names[] = {
    {CUDA_SUCCESS, "CUDA_SUCCESS", "no error"},
    {CUDA_ERROR_INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {CUDA_ERROR_OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {CUDA_ERROR_NOT_INITIALIZED, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {CUDA_ERROR_NO_DEVICE, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {CUDA_ERROR_INVALID_DEVICE, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {CUDA_ERROR_INVALID_IMAGE, "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"},
    {CUDA_ERROR_INVALID_CONTEXT, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {CUDA_ERROR_NO_BINARY_FOR_GPU, "CUDA_ERROR_NO_BINARY_FOR_GPU", "no kernel image is available for the device"},
    {CUDA_ERROR_INVALID_PTX, "CUDA_ERROR_INVALID_PTX", "a PTX compilation failed"},
    {CUDA_ERROR_UNSUPPORTED_PTX_VERSION, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION", "the PTX is of an unsupported version"},
    {CUDA_ERROR_INVALID_HANDLE, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {CUDA_ERROR_NOT_FOUND, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {CUDA_ERROR_ILLEGAL_ADDRESS, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
    {CUDA_ERROR_LAUNCH_TIMEOUT, "CUDA_ERROR_LAUNCH_TIMEOUT", "the launch timed out and was terminated"},
    {CUDA_ERROR_MISALIGNED_ADDRESS, "CUDA_ERROR_MISALIGNED_ADDRESS", "misaligned address"},
    {CUDA_ERROR_LAUNCH_FAILED, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {CUDA_ERROR_NOT_SUPPORTED, "CUDA_ERROR_NOT_SUPPORTED", "operation not supported"}};

const ErrorName* find_error(CUresult code) {
    for (const ErrorName& error : error_names) {
        if (error.code == code) return &error;
    }
    return nullptr;
}

}  // namespace

CONVT_PTX_EXPORT CUresult cuStreamCreate(CUstream* stream, unsigned /*flags*/) {
    return with_context([&](Machine&, CUctx_st& context) {
        auto made = std::make_unique<CUstream_st>(CUstream_st{&context});
        *stream = made.get();
        context.streams.emplace(made.get(), std::move(made));
        return CUDA_SUCCESS;
    });
}
CONVT_PTX_EXPORT CUresult cuStreamDestroy_v2(CUstream stream) {
    return with_context([&](Machine&, CUctx_st& context) {
        return context.streams.erase(stream) != 0
                   ? CUDA_SUCCESS
                   : fail(CUDA_ERROR_INVALID_HANDLE, "the stream is none of this context");
    });
}
CONVT_PTX_EXPORT CUresult cuStreamSynchronize(CUstream stream) {
    return with_context([&](Machine&, CUctx_st& context) {
        return is_stream(context, stream) ? CUDA_SUCCESS
                                          : fail(CUDA_ERROR_INVALID_HANDLE, "the stream is none of this context");
    });
}
CONVT_PTX_EXPORT CUresult cuStreamQuery(CUstream stream) {
    return cuStreamSynchronize(stream);
}
CONVT_PTX_EXPORT CUresult cuStreamGetCtx(CUstream stream, CUcontext* owner) {
    return with_context([&](Machine& all, CUctx_st& current) {
        *owner = &current;
        if (reinterpret_cast<std::uintptr_t>(stream) <= 2) return CUDA_SUCCESS;
        for (const auto& [handle, context] : all.contexts) {
            if (!context->streams.contains(stream)) continue;
            *owner = handle;
            return CUDA_SUCCESS;
        }
        return fail(CUDA_ERROR_INVALID_HANDLE, "no such stream");
    });
}
CONVT_PTX_EXPORT CUresult cuStreamWaitEvent(CUstream stream, CUevent event, unsigned /*flags*/) {
    return with_context([&](Machine&, CUctx_st& context) {
        const bool good = is_stream(context, stream) && context.events.contains(event);
        return good ? CUDA_SUCCESS : fail(CUDA_ERROR_INVALID_HANDLE, "the stream or event is none of this context");
    });
}

CONVT_PTX_EXPORT CUresult cuEventCreate(CUevent* event, unsigned /*flags*/) {
    return with_context([&](Machine&, CUctx_st& context) {
        auto made = std::make_unique<CUevent_st>(CUevent_st{&context, -1});
        *event = made.get();
        context.events.emplace(made.get(), std::move(made));
        return CUDA_SUCCESS;
    });
}
CONVT_PTX_EXPORT CUresult cuEventDestroy_v2(CUevent event) {
    return with_context([&](Machine&, CUctx_st& context) {
        return context.events.erase(event) != 0 ? CUDA_SUCCESS
                                                : fail(CUDA_ERROR_INVALID_HANDLE, "the event is none of this context");
    });
}
CONVT_PTX_EXPORT CUresult cuEventRecord(CUevent event, CUstream stream) {
    return with_context([&](Machine& all, CUctx_st& context) {
        const auto found = context.events.find(event);
        if (found == context.events.end() || !is_stream(context, stream)) {
            return fail(CUDA_ERROR_INVALID_HANDLE, "the stream or event is none of this context");
        }
        found->second->recorded_ms = all.clock_ms;
        return CUDA_SUCCESS;
    });
}
CONVT_PTX_EXPORT CUresult cuEventSynchronize(CUevent event) {
    return with_context([&](Machine&, CUctx_st& context) {
        return context.events.contains(event) ? CUDA_SUCCESS
                                              : fail(CUDA_ERROR_INVALID_HANDLE, "the event is none of this context");
    });
}
CONVT_PTX_EXPORT CUresult cuEventElapsedTime(float* milliseconds, CUevent start, CUevent end) {
    return with_context([&](Machine&, CUctx_st& context) {
        const auto first = context.events.find(start);
        const auto last = context.events.find(end);
        const bool known = first != context.events.end() && last != context.events.end();
        if (!known || first->second->recorded_ms < 0 || last->second->recorded_ms < 0) {
            return fail(CUDA_ERROR_INVALID_HANDLE, "an event that is none of this context, or was not recorded");
        }
        *milliseconds = static_cast<float>(last->second->recorded_ms - first->second->recorded_ms);
        return CUDA_SUCCESS;
    });
}

CONVT_PTX_EXPORT CUresult cuGetErrorName(CUresult error, const char** name) {
    const ErrorName* found = find_error(error);
    *name = found == nullptr ? nullptr : found->name;
    return found == nullptr ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}
CONVT_PTX_EXPORT CUresult cuGetErrorString(CUresult error, const char** text) {
    const ErrorName* found = find_error(error);
    *text = found == nullptr ? nullptr : found->text;
    return found == nullptr ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}
