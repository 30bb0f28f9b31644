// SPDX-License-Identifier: Apache-2.0
// Contexts and memory.
#include "runtime/cuda/device.h"

#include "runtime/cuda/driver.h"

#include <pthread.h>

namespace {

using namespace convt::cuda;

// No name of this code is the first argument of a driver call: what fails is said by the sentence around it.
const Driver* opened(convt_cuda_call* call) {
    const Driver* const d = driver(call);
    if (d == nullptr) return nullptr;
    const Result result = d->init(0);  // quick once it succeeded
    if (result == success) return d;
    if (result == error_no_device) {
        convt_cuda_fail(call, CONVT_CUDA_NO_DEVICE, "no CUDA device: the driver finds none (%s)",
                        error_name(*d, result));
    } else {
        convt_cuda_fail(call, CONVT_CUDA_NO_DEVICE, "no CUDA device: the driver does not start: %s (%s, %d)",
                        error_name(*d, result), error_text(*d, result), result);
    }
    return nullptr;
}

pthread_mutex_t primary_lock = PTHREAD_MUTEX_INITIALIZER;
Context primary = nullptr;

// With primary_lock held.
Context retain_primary(const Driver& d, convt_cuda_call* call) {
    unsigned flags = 0;
    int active = 0;
    // A host may have reset it.
    if (primary != nullptr && d.primary_state(0, &flags, &active) == success && active != 0) return primary;
    int count = 0;
    if (!check(d, call, d.device_count(&count), "counting the CUDA devices")) return nullptr;
    if (count < 1) {
        convt_cuda_fail(call, CONVT_CUDA_NO_DEVICE, "no CUDA device: the driver counts 0");
        return nullptr;
    }
    Device device = 0;
    Context context = nullptr;
    if (!check(d, call, d.device_get(&device, 0), "opening CUDA device 0")) return nullptr;
    if (!check(d, call, d.retain_primary(&context, device), "the primary context of CUDA device 0")) return nullptr;
    return primary = context;
}

bool check_capability(convt_cuda_call* call, int needed) {
    const int capability = convt_cuda_capability(call);
    if (capability >= needed) return true;
    convt_cuda_fail(call, CONVT_CUDA_NO_DEVICE,
                    "the CUDA device has compute capability %d.%d, the kernel needs %d.%d or above", capability / 10,
                    capability % 10, needed / 10, needed % 10);
    return false;
}

// The driver of a call that has entered.
const Driver& entered(convt_cuda_call* call) {
    return *driver(call);
}

}  // namespace

extern "C" {

int convt_cuda_enter(convt_cuda_call* call, int capability) {
    const Driver* const d = opened(call);
    if (d == nullptr) return 0;
    if (call->context == nullptr) {
        pthread_mutex_lock(&primary_lock);
        call->context = retain_primary(*d, call);
        pthread_mutex_unlock(&primary_lock);
        if (call->context == nullptr) return 0;
    }
    if (!check(*d, call, d->push(call->context), "making the CUDA context current")) return 0;
    if (check_capability(call, capability)) return 1;
    convt_cuda_leave(call);
    return 0;
}

int convt_cuda_capability(convt_cuda_call* call) {
    const Driver& d = entered(call);
    Device device = 0;
    int major = 0;
    int minor = 0;
    const bool known =
        check(d, call, d.current_device(&device), "the context's device") &&
        check(d, call, d.device_attribute(&major, attribute_capability_major, device), "the device's capability") &&
        check(d, call, d.device_attribute(&minor, attribute_capability_minor, device), "the device's capability");
    return known ? 10 * major + minor : -1;
}

void convt_cuda_leave(convt_cuda_call* call) {
    Context left = nullptr;
    entered(call).pop(&left);
}

int convt_cuda_allocate(convt_cuda_call* call, size_t bytes, const char* what, uint64_t* address) {
    const Driver& d = entered(call);
    Pointer memory = 0;
    const Result result = d.allocate(&memory, bytes == 0 ? 1 : bytes);
    *address = memory;
    if (result == error_out_of_memory) {
        convt_cuda_fail(call, CONVT_CUDA_OUT_OF_MEMORY, "no device memory for %zu bytes of %s: %s", bytes, what,
                        error_name(d, result));
        return 0;
    }
    return check(d, call, result, "allocating device memory") ? 1 : 0;
}

void convt_cuda_free(uint64_t address) {
    convt_cuda_call unheard = {};
    const Driver* const d = driver(&unheard);
    if (d != nullptr && address != 0) d->free(address);
}

int convt_cuda_upload(convt_cuda_call* call, uint64_t to, const void* from, size_t bytes, const char* what) {
    const Driver& d = entered(call);
    if (bytes == 0) return 1;
    return check(d, call, d.upload(to, from, bytes, call->stream), what) ? 1 : 0;
}

int convt_cuda_download(convt_cuda_call* call, void* to, uint64_t from, size_t bytes, const char* what) {
    const Driver& d = entered(call);
    return check(d, call, d.download(to, from, bytes, call->stream), what) ? 1 : 0;
}

int convt_cuda_synchronize(convt_cuda_call* call) {
    const Driver& d = entered(call);
    return check(d, call, d.synchronize(call->stream), "the kernel on the device") ? 1 : 0;
}

int convt_cuda_check_pointer(convt_cuda_call* call, uint64_t address, const char* what) {
    const Driver& d = entered(call);
    int ordinal = -1;
    const Result result = d.pointer_attribute(&ordinal, pointer_device_ordinal, address);
    if (result != success) {
        convt_cuda_fail(call, CONVT_CUDA_BAD_ARGUMENT, "%s: data at %#llx is no device memory: %s", what,
                        static_cast<unsigned long long>(address), error_name(d, result));
        return 0;
    }
    // Memory of pools and of address ranges that the host maps itself belongs to a device, not to a context.
    Context owner = nullptr;
    Device device = 0;
    if (d.pointer_attribute(&owner, pointer_context, address) != success) owner = nullptr;
    if (!check(d, call, d.current_device(&device), "the context's device")) return 0;
    if (ordinal == device && (owner == nullptr || owner == call->context)) return 1;
    convt_cuda_fail(call, CONVT_CUDA_BAD_ARGUMENT,
                    "%s: data at %#llx belongs to context %p of device %d, the call runs in context %p of device %d",
                    what, static_cast<unsigned long long>(address), owner, ordinal, call->context, device);
    return 0;
}

uint64_t convt_cuda_context_id(convt_cuda_call* call) {
    return context_id(entered(call), call->context);
}

void convt_cuda_free_in(void* context, uint64_t id, uint64_t address) {
    convt_cuda_call unheard = {};
    const Driver* const d = driver(&unheard);
    if (d == nullptr || context_id(*d, context) != id || d->push(context) != success) return;
    d->free(address);
    Context left = nullptr;
    d->pop(&left);
}

int convt_cuda_acquire_context(void* user_context, void** context, bool) {
    const auto* const call = static_cast<const convt_cuda_call*>(user_context);
    *context = call == nullptr ? nullptr : call->context;
    return 0;
}

int convt_cuda_get_stream(void* user_context, void*, void** stream) {
    const auto* const call = static_cast<const convt_cuda_call*>(user_context);
    *stream = call == nullptr ? nullptr : call->stream;
    return 0;
}

}  // extern "C"
