// SPDX-License-Identifier: Apache-2.0
// Opening the driver. The handle is never closed: libcuda does not support it.
#include "runtime/cuda/driver.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>

namespace convt::cuda {
namespace {

pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
void* library = nullptr;
Driver functions;
bool complete = false;

const char* look_up(void* handle, Driver& table) {
#define CONVT_CUDA_REQUIRED(member, symbol, parameters)                           \
    table.member = reinterpret_cast<Result(*) parameters>(dlsym(handle, symbol)); \
    if (table.member == nullptr) return symbol
#define CONVT_CUDA_OPTIONAL(member, symbol, parameters) \
    table.member = reinterpret_cast<Result(*) parameters>(dlsym(handle, symbol))
    CONVT_CUDA_FUNCTIONS(CONVT_CUDA_REQUIRED, CONVT_CUDA_OPTIONAL);
#undef CONVT_CUDA_REQUIRED
#undef CONVT_CUDA_OPTIONAL
    return nullptr;
}

// With `lock` held.
const Driver* open(convt_cuda_call* call) {
    if (complete) return &functions;
    if (library == nullptr) library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        const char* const reason = dlerror();
        convt_cuda_fail(call, CONVT_CUDA_NO_DEVICE, "no CUDA device: there is no driver (%s)",
                        reason == nullptr ? "libcuda.so.1 cannot be opened" : reason);
        return nullptr;
    }
    if (const char* const missing = look_up(library, functions)) {
        convt_cuda_fail(call, CONVT_CUDA_NO_DEVICE, "the CUDA driver is too old: it has no %s", missing);
        return nullptr;
    }
    complete = true;
    return &functions;
}

}  // namespace

const Driver* driver(convt_cuda_call* call) {
    pthread_mutex_lock(&lock);
    const Driver* const opened = open(call);
    pthread_mutex_unlock(&lock);
    return opened;
}

const char* error_name(const Driver& driver, Result result) {
    const char* name = nullptr;
    return driver.error_name(result, &name) == success && name != nullptr ? name : "an unknown CUDA error";
}

const char* error_text(const Driver& driver, Result result) {
    const char* text = nullptr;
    return driver.error_string(result, &text) == success && text != nullptr ? text : "no description";
}

unsigned long long context_id(const Driver& driver, Context context) {
    unsigned long long id = 0;
    return driver.context_id != nullptr && driver.context_id(context, &id) == success ? id : 0;
}

bool check(const Driver& driver, convt_cuda_call* call, Result result, const char* doing) {
    if (result == success) return true;
    convt_cuda_fail(call, result == error_out_of_memory ? CONVT_CUDA_OUT_OF_MEMORY : CONVT_CUDA_FAILED,
                    "%s: %s (%s, %d)", doing, error_name(driver, result), error_text(driver, result), result);
    return false;
}

}  // namespace convt::cuda

extern "C" {

void convt_cuda_fail(convt_cuda_call* call, int code, const char* format, ...) {
    if (call->error.code != CONVT_CUDA_OK) return;
    call->error.code = code;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(call->error.message, sizeof call->error.message, format, arguments);
    va_end(arguments);
}

void* convt_cuda_get_symbol(void* user_context, const char* name) {
    auto* const call = static_cast<convt_cuda_call*>(user_context);
    if (call == nullptr || convt::cuda::driver(call) == nullptr) return nullptr;
    return dlsym(convt::cuda::library, name);
}

}  // extern "C"
