/* SPDX-License-Identifier: Apache-2.0
 * What the files of an archive's support code share. An archive for GPUs is compiled with CONVT_AOT_CUDA and has
 * support_cuda.c beside support.c. */
#ifndef CONVT_AOT_SUPPORT_SUPPORT_H
#define CONVT_AOT_SUPPORT_SUPPORT_H

#include "tools/aot/support/aot.h"

#include <stdatomic.h>
#include <stddef.h>

#include "runtime/kernel/halide_abi.h"

#ifdef CONVT_AOT_CUDA
#include "runtime/cuda/device.h"
#endif

// What a call hands to Halide's hooks as its user context. The kernel's threads share it: the first error is kept.
struct call {
#ifdef CONVT_AOT_CUDA
    struct convt_cuda_call cuda;  // first: runtime/cuda finds it there; modules is null while weights are packed
#endif
    atomic_int failed;
    char error[256];
};

struct argument {
    const char* name;
    const void* data;
    int64_t bytes;
    uintptr_t alignment;
    halide_buffer_t buffer;
};

// The message of this thread, and the code given.
__attribute__((format(printf, 2, 3))) int convt_aot_fail(int code, const char* format, ...);

// Runs an entry point under the guard and says why it failed.
int convt_aot_enter(const struct convt_aot_problem* problem, int (*entry)(void**), struct argument* arguments,
                    int count, struct call* call);

#ifdef CONVT_AOT_CUDA
struct place {
    int on_device;  // the arguments are device memory, else memory of the host, which is copied
    void* context;
    void* stream;
};
// Index of the best target that CUDA device 0 can run; -1 and a message where there is none.
int convt_aot_pick_gpu(void);
int convt_aot_run_on_gpu(const struct convt_aot_problem* problem, int target, struct argument* arguments, int count,
                         const struct place* place);
#endif

#endif
