/* SPDX-License-Identifier: Apache-2.0 */
/* A GPU as a kernel's host code needs it: contexts, memory, and the kernel's modules. A C interface without a C++ run
 * time: libconvt and the archives made ahead of time link the same code. The driver, libcuda.so.1, is opened at the
 * first call and never before. */
#ifndef CONVT_RUNTIME_CUDA_DEVICE_H
#define CONVT_RUNTIME_CUDA_DEVICE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    CONVT_CUDA_OK,
    CONVT_CUDA_NO_DEVICE,    /* no driver, one that is too old, no device, or one below the target's architecture */
    CONVT_CUDA_BAD_ARGUMENT, /* a pointer that is none of the context's */
    CONVT_CUDA_OUT_OF_MEMORY,
    CONVT_CUDA_CORRUPT, /* device code that is no container of convt's */
    CONVT_CUDA_FAILED   /* the driver reported something else */
};

/* The first failure is kept; the message names the driver's error. */
struct convt_cuda_error {
    int code;
    char message[384];
};

/* Modules that were loaded, one a context and container. */
struct convt_cuda_modules {
    pthread_mutex_t lock;
    struct convt_cuda_module* first;
};
#define CONVT_CUDA_NO_MODULES \
    { PTHREAD_MUTEX_INITIALIZER, NULL }

/* What user_context begins with where a kernel for a GPU is called. */
struct convt_cuda_call {
    void* context; /* CUcontext */
    void* stream;  /* CUstream; null: the context's default stream */
    struct convt_cuda_modules* modules;
    struct convt_cuda_error error;
};

/* Makes a context current on this thread until convt_cuda_leave: the call's, or where that is null, the primary context
 * of device 0, which is retained once a process and never given back, as CUDA's own run time does. `capability`: 10
 * times major + minor, the least that will do. False where it failed, with nothing to leave. */
int convt_cuda_enter(struct convt_cuda_call* call, int capability);
void convt_cuda_leave(struct convt_cuda_call* call);
/* Of the current context's device: 10 times major + minor; -1 where the driver does not tell. */
int convt_cuda_capability(struct convt_cuda_call* call);

/* All of these need a context that is current. */
int convt_cuda_allocate(struct convt_cuda_call* call, size_t bytes, const char* what, uint64_t* address);
void convt_cuda_free(uint64_t address);
int convt_cuda_upload(struct convt_cuda_call* call, uint64_t to, const void* from, size_t bytes, const char* what);
int convt_cuda_download(struct convt_cuda_call* call, void* to, uint64_t from, size_t bytes, const char* what);
int convt_cuda_synchronize(struct convt_cuda_call* call);
/* False where `address` is no device memory of the call's context; `what` names it in the message. */
int convt_cuda_check_pointer(struct convt_cuda_call* call, uint64_t address, const char* what);

/* Tells the call's context from others at its address, earlier and later ones; 0 where the driver, before CUDA 12, does
 * not know. */
uint64_t convt_cuda_context_id(struct convt_cuda_call* call);
/* Frees memory that was allocated in the context of this number, whatever is current. One that is gone took it along.
 */
void convt_cuda_free_in(void* context, uint64_t id, uint64_t address);

/* The device of the current context, as the driver describes it. */
struct convt_cuda_description {
    char name[256];
    int multiprocessors;
    int shared_bytes; /* of a multiprocessor */
    int second_level_bytes;
};
int convt_cuda_describe(struct convt_cuda_call* call, struct convt_cuda_description* about);
/* Milliseconds that pass on the device from before to behind what `work` puts on the call's stream; waits for it.
 * `work` answers 0 where it failed, for a reason of its own. */
int convt_cuda_time(struct convt_cuda_call* call, int (*work)(void* data), void* data, float* milliseconds);

/* Unloads all modules of a set. */
void convt_cuda_release_modules(struct convt_cuda_modules* modules);

/* Keeps the first failure. */
__attribute__((format(printf, 3, 4))) void convt_cuda_fail(struct convt_cuda_call* call, int code, const char* format,
                                                           ...);

/* What kernels import in place of Halide's functions of these names (halide_cuda_...). */
int convt_cuda_initialize_kernels(void* user_context, void** state, const char* image, int size);
void convt_cuda_finalize_kernels(void* user_context, void* state);
int convt_cuda_run(void* user_context, void* state, const char* name, int blocks_x, int blocks_y, int blocks_z,
                   int threads_x, int threads_y, int threads_z, int shared_bytes, size_t* sizes, void** arguments,
                   int8_t* is_buffer);
/* What Halide's run time asks: the context and stream of the call, a function of the driver. */
int convt_cuda_acquire_context(void* user_context, void** context, bool create);
int convt_cuda_get_stream(void* user_context, void* context, void** stream);
void* convt_cuda_get_symbol(void* user_context, const char* name);

#ifdef __cplusplus
}
#endif

#endif
