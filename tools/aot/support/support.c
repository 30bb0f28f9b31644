// SPDX-License-Identifier: Apache-2.0
// The part of an archive that is the same in all: checks arguments, picks the target this CPU can run, wraps memory in
// Halide's buffers and calls the kernel. C without a C++ run time, so that a program in C can link it. It also takes
// the place of those functions of Halide's run time that would print, abort or start threads of their own; the
// definitions there are weak.
#include "tools/aot/support/aot.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/kernel/halide_abi.h"
#include "runtime/pool/guard.h"
#include "runtime/pool/pool.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

_Static_assert(sizeof(struct convt_aot_dim) == sizeof(halide_dimension_t), "tables hold Halide's dimensions");

enum { MAX_ARGUMENTS = 4, PACKED_ALIGNMENT = 64 };

static _Thread_local char message[512];

// ---- messages

__attribute__((format(printf, 2, 3))) static int fail(int code, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return code;
}

const char* convt_aot_message(void) {
    return message;
}

// What a call hands to Halide's hooks as its user context. The kernel's threads share it: the first error is kept.
struct call {
    atomic_int failed;
    char error[256];
};

void halide_error(void* user_context, const char* text) {
    struct call* call = user_context;
    if (call == NULL || atomic_exchange(&call->failed, 1) != 0) return;
    snprintf(call->error, sizeof call->error, "%s", text);
}

void halide_print(void* user_context, const char* text) {
    (void)user_context;
    (void)text;
}

int halide_do_par_for(void* user_context, halide_task_t task, int min, int size, uint8_t* closure) {
    const int result = convt_pool_run(0, min, size, task, user_context, closure);
    if (result != 0) convt_guard_leave(result);  // kernels without checks do not look at the answer
    return 0;
}

void* halide_malloc(void* user_context, size_t bytes) {
    (void)user_context;
    return convt_guard_malloc(bytes, halide_error_code_out_of_memory);
}

void halide_free(void* user_context, void* memory) {
    (void)user_context;
    convt_guard_free(memory);
}

void convt_aot_thread_count(int threads) {
    convt_pool_set_default_threads(threads);
}

// ---- target

#if defined(__x86_64__)
static uint64_t xcr0(void) {
    uint32_t a = 0, b = 0, c = 0, d = 0;
    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & bit_OSXSAVE) == 0) return 0;
    uint32_t low = 0, high = 0;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32U | low;
}

static int has_feature(const struct convt_aot_feature* feature) {
    uint32_t regs[4] = {0, 0, 0, 0};
    if (!__get_cpuid_count(feature->leaf, feature->subleaf, &regs[0], &regs[1], &regs[2], &regs[3])) return 0;
    if ((regs[feature->reg] >> feature->bit & 1U) == 0) return 0;
    return (xcr0() & feature->xcr0) == feature->xcr0;
}
#else
static int has_feature(const struct convt_aot_feature* feature) {
    (void)feature;
    return 0;
}
#endif

// The first feature that the target needs and this CPU lacks, or null.
static const char* missing_feature(const struct convt_aot_target* target) {
    for (int i = 0; i < target->feature_count; ++i)
        if (!has_feature(&target->features[i])) return target->features[i].name;
    return NULL;
}

// Index of the best target that runs here; -1 where none does.
static int picked_target(void) {
    static atomic_int known;  // index + 2; 0: not yet asked. Two threads may both ask: the answer is the same
    const int answer = atomic_load(&known);
    if (answer != 0) return answer - 2;
    int index = 0;
    while (index < convt_aot_this_archive.target_count && missing_feature(&convt_aot_this_archive.targets[index]))
        ++index;
    if (index == convt_aot_this_archive.target_count) index = -1;
    atomic_store(&known, index + 2);
    return index;
}

const char* convt_aot_picked_name(void) {
    const int index = picked_target();
    return index < 0 ? NULL : convt_aot_this_archive.targets[index].name;
}

static int no_target(void) {
    const struct convt_aot_target* lowest = &convt_aot_this_archive.targets[convt_aot_this_archive.target_count - 1];
    return fail(CONVT_AOT_MISSING_FEATURE, "%s: this CPU lacks %s, which the archive's lowest target, %s, needs",
                convt_aot_this_archive.name, missing_feature(lowest), lowest->name);
}

// ---- arguments

static int64_t scalars(const struct convt_aot_tensor* tensor) {
    int64_t count = 1;
    for (int i = 0; i < tensor->rank; ++i)
        count *= tensor->dims[i].extent;
    return count;
}

struct argument {
    const char* name;
    const void* data;
    int64_t bytes;
    uintptr_t alignment;
    halide_buffer_t buffer;
};

static struct argument make_argument(const struct convt_aot_problem* problem, const char* name, const void* data,
                                     const struct convt_aot_tensor* tensor) {
    struct argument argument = {
        name, data, scalars(tensor) * problem->scalar_bytes, (uintptr_t)problem->scalar_bytes, {0}};
    argument.buffer.host = (uint8_t*)data;
    argument.buffer.type.code = halide_type_float;
    argument.buffer.type.bits = (uint8_t)(8 * problem->scalar_bytes);
    argument.buffer.type.lanes = 1;
    argument.buffer.dimensions = tensor->rank;
    argument.buffer.dim = (halide_dimension_t*)tensor->dims;
    return argument;
}

// Kernels load packed weights by aligned vectors.
static struct argument make_packed(const struct convt_aot_problem* problem, const void* data,
                                   const struct convt_aot_kernel* kernel) {
    struct argument argument = make_argument(problem, "packed", data, &kernel->packed);
    argument.alignment = PACKED_ALIGNMENT;
    return argument;
}

static int check_pointer(const struct convt_aot_problem* problem, const struct argument* argument) {
    if (argument->data == NULL)
        return fail(CONVT_AOT_INVALID_ARGUMENT, "%s: %s is null", problem->entry, argument->name);
    if ((uintptr_t)argument->data % argument->alignment != 0)
        return fail(CONVT_AOT_INVALID_ARGUMENT, "%s: %s is not aligned to %d bytes", problem->entry, argument->name,
                    (int)argument->alignment);
    return CONVT_AOT_OK;
}

// The last argument is the one written: it may share no byte with the others.
static int check(const struct convt_aot_problem* problem, const struct argument* arguments, int count) {
    const struct argument* written = &arguments[count - 1];
    for (int i = 0; i < count; ++i) {
        const int code = check_pointer(problem, &arguments[i]);
        if (code != CONVT_AOT_OK) return code;
    }
    const uintptr_t out = (uintptr_t)written->data;
    for (int i = 0; i < count - 1; ++i) {
        const uintptr_t in = (uintptr_t)arguments[i].data;
        if (in < out + (uintptr_t)written->bytes && out < in + (uintptr_t)arguments[i].bytes)
            return fail(CONVT_AOT_INVALID_ARGUMENT, "%s: %s overlaps %s", problem->entry, written->name,
                        arguments[i].name);
    }
    return CONVT_AOT_OK;
}

// ---- calls

struct kernel_call {
    int (*entry)(void**);
    void** values;
};

static int enter_kernel(void* argument) {
    struct kernel_call* call = argument;
    return call->entry(call->values);
}

static int invoke(const struct convt_aot_problem* problem, int (*entry)(void**), struct argument* arguments,
                  int count) {
    const int code = check(problem, arguments, count);
    if (code != CONVT_AOT_OK) return code;
    struct call call = {0};
    void* user_context = &call;
    void* values[1 + MAX_ARGUMENTS] = {&user_context};
    for (int i = 0; i < count; ++i)
        values[1 + i] = &arguments[i].buffer;
    struct kernel_call kernel_call = {entry, values};
    const int result = convt_guard_enter(enter_kernel, &kernel_call);
    if (result == 0) return CONVT_AOT_OK;
    return fail(result == halide_error_code_out_of_memory ? CONVT_AOT_OUT_OF_MEMORY : CONVT_AOT_FAILED,
                "%s: the kernel failed with %d: %s", problem->entry, result, call.error);
}

int convt_aot_call_packer(const struct convt_aot_problem* problem, const void* w, void* packed) {
    const int target = picked_target();
    if (target < 0) return no_target();
    const struct convt_aot_kernel* kernel = &problem->kernels[target];
    struct argument arguments[] = {make_argument(problem, "w", w, &problem->w), make_packed(problem, packed, kernel)};
    return invoke(problem, kernel->pack, arguments, 2);
}

int convt_aot_call_kernel(const struct convt_aot_problem* problem, const void* x, const void* packed, const void* bias,
                          void* y) {
    const int target = picked_target();
    if (target < 0) return no_target();
    const struct convt_aot_kernel* kernel = &problem->kernels[target];
    struct argument arguments[MAX_ARGUMENTS] = {make_argument(problem, "x", x, &problem->x),
                                                make_packed(problem, packed, kernel)};
    int count = 2;
    if (problem->bias.rank > 0) arguments[count++] = make_argument(problem, "bias", bias, &problem->bias);
    arguments[count++] = make_argument(problem, "y", y, &problem->y);
    return invoke(problem, kernel->run, arguments, count);
}

int convt_aot_call_both(const struct convt_aot_problem* problem, const void* x, const void* w, const void* bias,
                        void* y) {
    const int target = picked_target();
    if (target < 0) return no_target();
    const int64_t bytes = scalars(&problem->kernels[target].packed) * problem->scalar_bytes;
    const size_t rounded = ((size_t)bytes + PACKED_ALIGNMENT - 1) / PACKED_ALIGNMENT * PACKED_ALIGNMENT;
    void* packed = aligned_alloc(PACKED_ALIGNMENT, rounded);
    if (packed == NULL)
        return fail(CONVT_AOT_OUT_OF_MEMORY, "%s: %lld bytes for the packed weights", problem->entry, (long long)bytes);
    int code = convt_aot_call_packer(problem, w, packed);
    if (code == CONVT_AOT_OK) code = convt_aot_call_kernel(problem, x, packed, bias, y);
    free(packed);
    return code;
}
