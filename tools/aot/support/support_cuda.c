// SPDX-License-Identifier: Apache-2.0
// The part of an archive for GPUs: picks the target that the device can run, brings tensors to it and back, and takes
// the place of what Halide's run time would do with contexts, modules and the driver's library.
#include "tools/aot/support/support.h"

// ---- what takes the place of weak functions of Halide's run time

int halide_cuda_acquire_context(void* user_context, void** context, bool create) {
    return convt_cuda_acquire_context(user_context, context, create);
}

int halide_cuda_get_stream(void* user_context, void* context, void** stream) {
    return convt_cuda_get_stream(user_context, context, stream);
}

void* halide_cuda_get_symbol(void* user_context, const char* name) {
    return convt_cuda_get_symbol(user_context, name);
}

bool halide_can_reuse_device_allocations(void* user_context) {
    (void)user_context;
    return false;  // memory that is kept would outlive the contexts it is of
}

int halide_cuda_initialize_kernels(void* user_context, void** state, const char* image, int size) {
    return convt_cuda_initialize_kernels(user_context, state, image, size);
}

void halide_cuda_finalize_kernels(void* user_context, void* state) {
    convt_cuda_finalize_kernels(user_context, state);
}

int halide_cuda_run(void* user_context, void* state, const char* name, int blocks_x, int blocks_y, int blocks_z,
                    int threads_x, int threads_y, int threads_z, int shared_bytes, size_t sizes[], void* arguments[],
                    int8_t is_buffer[]) {
    return convt_cuda_run(user_context, state, name, blocks_x, blocks_y, blocks_z, threads_x, threads_y, threads_z,
                          shared_bytes, sizes, arguments, is_buffer);
}

// ---- targets

static int code_of(const struct convt_cuda_error* error) {
    switch (error->code) {
        case CONVT_CUDA_OK:
            return CONVT_AOT_OK;
        case CONVT_CUDA_NO_DEVICE:
            return CONVT_AOT_NO_DEVICE;
        case CONVT_CUDA_BAD_ARGUMENT:
            return CONVT_AOT_INVALID_ARGUMENT;
        case CONVT_CUDA_OUT_OF_MEMORY:
            return CONVT_AOT_OUT_OF_MEMORY;
        default:
            return CONVT_AOT_FAILED;
    }
}

int convt_aot_pick_gpu(void) {
    static atomic_int known;  // index + 1; 0: not yet. A failure is tried anew, two threads find the same
    const int answer = atomic_load(&known);
    if (answer != 0) return answer - 1;
    const struct convt_aot_archive* archive = &convt_aot_this_archive;
    struct convt_cuda_call call = {0};
    // The lowest target's first: its message is the one that tells what would do.
    if (!convt_cuda_enter(&call, archive->targets[archive->target_count - 1].capability)) {
        convt_aot_fail(CONVT_AOT_NO_DEVICE, "%s: %s", archive->name, call.error.message);
        return -1;
    }
    const int capability = convt_cuda_capability(&call);
    convt_cuda_leave(&call);
    int index = 0;
    while (archive->targets[index].capability > capability && index + 1 < archive->target_count)
        ++index;
    atomic_store(&known, index + 1);
    return index;
}

// ---- calls

static struct convt_cuda_modules modules = CONVT_CUDA_NO_MODULES;  // of all kernels of the archive; they stay loaded

static int bring(struct call* call, const struct place* place, struct argument* argument, int is_output) {
    halide_buffer_t* buffer = &argument->buffer;
    if (place->on_device) {
        buffer->device = (uintptr_t)argument->data;
        if (!convt_cuda_check_pointer(&call->cuda, buffer->device, argument->name)) return 0;
    } else {
        if (!convt_cuda_allocate(&call->cuda, (size_t)argument->bytes, argument->name, &buffer->device)) return 0;
        if (!is_output &&
            !convt_cuda_upload(&call->cuda, buffer->device, argument->data, (size_t)argument->bytes, argument->name))
            return 0;
    }
    buffer->device_interface = halide_cuda_device_interface();
    buffer->host = NULL;
    buffer->flags = halide_buffer_flag_device_dirty;
    return 1;
}

static int run_entered(const struct convt_aot_problem* problem, int target, struct argument* arguments, int count,
                       const struct place* place, struct call* call) {
    for (int i = 0; i < count; ++i)
        if (!bring(call, place, &arguments[i], i == count - 1)) return CONVT_AOT_FAILED;
    const int code = convt_aot_enter(problem, problem->kernels[target].run, arguments, count, call);
    if (code != CONVT_AOT_OK || place->on_device) return code;
    const struct argument* y = &arguments[count - 1];
    const int back = convt_cuda_download(&call->cuda, (void*)y->data, y->buffer.device, (size_t)y->bytes, y->name) &&
                     convt_cuda_synchronize(&call->cuda);
    return back ? CONVT_AOT_OK : CONVT_AOT_FAILED;
}

int convt_aot_run_on_gpu(const struct convt_aot_problem* problem, int target, struct argument* arguments, int count,
                         const struct place* place) {
    struct call call = {0};
    call.cuda.context = place->context;
    call.cuda.stream = place->stream;
    call.cuda.modules = &modules;
    int code = CONVT_AOT_FAILED;
    if (convt_cuda_enter(&call.cuda, convt_aot_this_archive.targets[target].capability)) {
        code = run_entered(problem, target, arguments, count, place, &call);
        for (int i = 0; i < count && !place->on_device; ++i)
            convt_cuda_free(arguments[i].buffer.device);
        convt_cuda_leave(&call.cuda);
    }
    if (call.cuda.error.code == CONVT_CUDA_OK) return code;
    return convt_aot_fail(code_of(&call.cuda.error), "%s: %s", problem->entry, call.cuda.error.message);
}
