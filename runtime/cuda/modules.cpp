// SPDX-License-Identifier: Apache-2.0
// The modules of a kernel: which image of a container a device takes, one loaded module a context, launches. Stands in
// for Halide's own functions, which take PTX alone, limit its registers by an environment variable of the process and
// keep modules in a cache of their own.
#include "runtime/cuda/container.h"
#include "runtime/cuda/device.h"
#include "runtime/cuda/driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct convt_cuda_module {
    void* context;
    unsigned long long id;  // the context's; 0 where the driver tells none
    const char* container;
    void* module;
    convt_cuda_module* next;
};

namespace {

using namespace convt::cuda;

constexpr int failed = -1;                  // what Halide's host code takes for a failure; the call has the reason
constexpr int max_arguments = 64;           // of a kernel on the device
constexpr size_t plain_shared = 48 * 1024;  // bytes of shared memory a block has without asking

// Held while a module is loaded, so that a context gets each once.
class Lock {
  public:
    explicit Lock(pthread_mutex_t* mutex) : mutex_(mutex) { pthread_mutex_lock(mutex_); }
    ~Lock() { pthread_mutex_unlock(mutex_); }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

  private:
    pthread_mutex_t* mutex_;
};

bool read_image(const char* container, const ContainerHeader& header, uint32_t index, ContainerImage& image) {
    memcpy(&image, container + sizeof header + index * sizeof image, sizeof image);
    const size_t tables = sizeof header + header.images * sizeof image;
    if (image.offset < tables || image.offset % image_alignment != 0 || image.offset > header.bytes) return false;
    if (image.bytes == 0 || image.bytes > header.bytes - image.offset) return false;
    return image.is_ptx == 0 || (image.is_ptx == 1 && container[image.offset + image.bytes - 1] == '\0');
}

bool read_header(const char* container, int size, ContainerHeader& header) {
    if (size < static_cast<int>(sizeof header)) return false;
    memcpy(&header, container, sizeof header);
    if (memcmp(header.magic, container_magic, sizeof header.magic) != 0) return false;
    if (header.version != container_version || header.bytes != static_cast<uint32_t>(size)) return false;
    return header.images >= 1 && header.images <= max_images &&
           sizeof header + header.images * sizeof(ContainerImage) <= header.bytes;
}

// The PTX, and the cubin nearest to the device where there is one.
struct Choice {
    ContainerImage ptx;
    ContainerImage cubin;
};

bool choose(const char* container, const ContainerHeader& header, int capability, Choice& choice) {
    choice = {};
    for (uint32_t i = 0; i < header.images; ++i) {
        ContainerImage image;
        if (!read_image(container, header, i, image)) return false;
        const auto of = static_cast<int>(image.capability);
        if (image.is_ptx != 0) {
            choice.ptx = image;
        } else if (of / 10 == capability / 10 && of <= capability && image.capability > choice.cubin.capability) {
            choice.cubin = image;
        }
    }
    return choice.ptx.bytes != 0;
}

// Assembled by the driver.
Module load_ptx(const Driver& d, convt_cuda_call* call, const char* ptx, uint32_t max_registers, int capability) {
    char log[200] = {0};
    int options[] = {jit_error_log, jit_error_log_bytes, jit_max_registers};
    void* values[] = {log, reinterpret_cast<void*>(sizeof log), reinterpret_cast<void*>(uintptr_t{max_registers})};
    Module module = nullptr;
    const Result result = d.load_module(&module, ptx, max_registers == 0 ? 2 : 3, options, values);
    if (result == success) return module;
    const char* const name = error_name(d, result);
    if (result == error_no_binary_for_gpu) {
        convt_cuda_fail(call, CONVT_CUDA_NO_DEVICE,
                        "the kernel's code is for newer devices than this one of compute capability %d.%d: %s %s",
                        capability / 10, capability % 10, name, log);
    } else if (result == error_unsupported_ptx_version) {
        convt_cuda_fail(call, CONVT_CUDA_NO_DEVICE, "the CUDA driver is too old for the kernel's PTX: %s %s", name,
                        log);
    } else {
        convt_cuda_fail(call, result == error_out_of_memory ? CONVT_CUDA_OUT_OF_MEMORY : CONVT_CUDA_FAILED,
                        "loading the kernel's PTX: %s (%s) %s", name, error_text(d, result), log);
    }
    return nullptr;
}

Module load(const Driver& d, convt_cuda_call* call, const char* container, int size) {
    ContainerHeader header;
    Choice choice;
    const int capability = convt_cuda_capability(call);
    if (capability < 0) return nullptr;
    if (!read_header(container, size, header) || !choose(container, header, capability, choice)) {
        convt_cuda_fail(call, CONVT_CUDA_CORRUPT, "the kernel's device code is damaged: it is no container of images");
        return nullptr;
    }
    // A driver may refuse a cubin of a newer assembler, and takes the PTX then.
    Module module = nullptr;
    if (choice.cubin.bytes != 0 &&
        d.load_module(&module, container + choice.cubin.offset, 0, nullptr, nullptr) == success)
        return module;
    return load_ptx(d, call, container + choice.ptx.offset, header.max_registers, capability);
}

// With the set's lock held. A context at the address of one that is gone is not the same.
convt_cuda_module* find(const convt_cuda_call* call, const char* container, unsigned long long id) {
    for (convt_cuda_module* m = call->modules->first; m != nullptr; m = m->next)
        if (m->context == call->context && m->id == id && m->container == container) return m;
    return nullptr;
}

// With the set's lock held: forgets what a context that is gone had, now that another has its address.
void forget_gone(const convt_cuda_call* call, unsigned long long id) {
    convt_cuda_module** link = &call->modules->first;
    while (convt_cuda_module* const entry = *link) {
        if (entry->context == call->context && entry->id != id) {
            *link = entry->next;
            free(entry);
        } else {
            link = &entry->next;
        }
    }
}

bool find_or_load(const Driver& d, convt_cuda_call* call, const char* container, int size) {
    const unsigned long long id = context_id(d, call->context);
    const Lock lock(&call->modules->lock);
    if (find(call, container, id) != nullptr) return true;
    forget_gone(call, id);
    auto* const entry = static_cast<convt_cuda_module*>(malloc(sizeof(convt_cuda_module)));
    if (entry == nullptr) {
        convt_cuda_fail(call, CONVT_CUDA_OUT_OF_MEMORY, "no memory for a module's entry");
        return false;
    }
    *entry = {call->context, id, container, load(d, call, container, size), call->modules->first};
    if (entry->module == nullptr) {
        free(entry);
        return false;
    }
    call->modules->first = entry;
    return true;
}

Function find_function(const Driver& d, convt_cuda_call* call, const char* container, const char* name) {
    Module module = nullptr;
    {
        const unsigned long long id = context_id(d, call->context);
        const Lock lock(&call->modules->lock);
        const convt_cuda_module* const entry = find(call, container, id);
        if (entry != nullptr) module = entry->module;
    }
    Function function = nullptr;
    if (module == nullptr) {
        convt_cuda_fail(call, CONVT_CUDA_FAILED, "the kernel's module is not loaded");
        return nullptr;
    }
    return check(d, call, d.get_function(&function, module, name), name) ? function : nullptr;
}

}  // namespace

extern "C" {

int convt_cuda_initialize_kernels(void* user_context, void** state, const char* image, int size) {
    auto* const call = static_cast<convt_cuda_call*>(user_context);
    // The same for every context: threads that call in several write the same.
    __atomic_store_n(state, const_cast<char*>(image), __ATOMIC_RELAXED);
    return find_or_load(*driver(call), call, image, size) ? 0 : failed;
}

// Modules stay for the next call.
void convt_cuda_finalize_kernels(void*, void*) {}

int convt_cuda_run(void* user_context, void* state, const char* name, int blocks_x, int blocks_y, int blocks_z,
                   int threads_x, int threads_y, int threads_z, int shared_bytes, size_t* sizes, void** arguments,
                   int8_t* is_buffer) {
    auto* const call = static_cast<convt_cuda_call*>(user_context);
    const Driver& d = *driver(call);
    void* const function = find_function(d, call, static_cast<const char*>(state), name);
    if (function == nullptr) return failed;
    void* values[max_arguments];
    uint64_t addresses[max_arguments];
    for (int i = 0; sizes[i] != 0; ++i) {
        if (i == max_arguments) {
            convt_cuda_fail(call, CONVT_CUDA_FAILED, "%s has more than %d arguments", name, max_arguments);
            return failed;
        }
        // A halide_buffer_t begins with the address on the device.
        if (is_buffer[i] != 0) addresses[i] = *static_cast<const uint64_t*>(arguments[i]);
        values[i] = is_buffer[i] != 0 ? &addresses[i] : arguments[i];
    }
    const auto shared = static_cast<unsigned>(shared_bytes);
    if (shared > plain_shared &&
        !check(d, call, d.set_function_attribute(function, function_max_dynamic_shared, shared_bytes),
               "asking for shared memory"))
        return failed;
    const auto u = [](int n) { return static_cast<unsigned>(n); };
    const Result result = d.launch(function, u(blocks_x), u(blocks_y), u(blocks_z), u(threads_x), u(threads_y),
                                   u(threads_z), shared, call->stream, values, nullptr);
    if (result == success) return 0;
    char what[128];
    snprintf(what, sizeof what, "launching %.40s with %d threads a block", name, threads_x * threads_y * threads_z);
    check(d, call, result, what);
    return failed;
}

void convt_cuda_release_modules(convt_cuda_modules* modules) {
    if (modules->first == nullptr) return;
    convt_cuda_call unheard = {};
    const Driver* const d = driver(&unheard);
    const Lock lock(&modules->lock);
    while (convt_cuda_module* const entry = modules->first) {
        modules->first = entry->next;
        // A context that is gone took its modules along; another may have its address.
        if (context_id(*d, entry->context) == entry->id && d->push(entry->context) == success) {
            d->unload_module(entry->module);
            Context left = nullptr;
            d->pop(&left);
        }
        free(entry);
    }
}

}  // extern "C"
