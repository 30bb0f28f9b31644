// SPDX-License-Identifier: Apache-2.0
// The part of an archive that is the same in all: checks arguments, picks the target this CPU can run, wraps memory in
// Halide's buffers and calls the kernel. C without a C++ run time, so that a program in C can link it. It also takes
// the place of those functions of Halide's run time that would print, abort or start threads of their own; the
// definitions there are weak.
#include "tools/aot/support/support.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/pool/guard.h"
#include "runtime/pool/pool.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

_Static_assert(sizeof(struct convt_aot_dim) == sizeof(halide_dimension_t), "tables hold Halide's dimensions");

enum { MAX_ARGUMENTS = 4 + 16, PACKED_ALIGNMENT = 64, IMAGE_RANK = 6 };  // an epilogue has at most 16 operations

typedef struct convt_aot_dim image_dims[1 + IMAGE_RANK];

static _Thread_local char message[512];

// ---- messages

int convt_aot_fail(int code, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return code;
}

const char* convt_aot_message(void) {
    return message;
}

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

// The host code for a GPU looks at what it is given, and frees what it has on the device before it ends.
static int for_gpu(void* user_context) {
#ifdef CONVT_AOT_CUDA
    return user_context != NULL && ((struct call*)user_context)->cuda.modules != NULL;
#else
    (void)user_context;
    return 0;
#endif
}

void* halide_malloc(void* user_context, size_t bytes) {
    enum { ALIGNMENT = 128 };
    if (for_gpu(user_context)) return aligned_alloc(ALIGNMENT, (bytes + ALIGNMENT) / ALIGNMENT * ALIGNMENT);
    return convt_guard_malloc(bytes, halide_error_code_out_of_memory);
}

void halide_free(void* user_context, void* memory) {
    if (for_gpu(user_context)) {
        free(memory);
        return;
    }
    convt_guard_free(memory);
}

void convt_aot_thread_count(int threads) {
    convt_pool_set_default_threads(threads);
}

// ---- target

#ifdef CONVT_AOT_CUDA
static int picked_target(void) {
    return convt_aot_pick_gpu();
}

static int no_target(void) {
    return CONVT_AOT_NO_DEVICE;  // with the message of picked_target
}
#else
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

static int no_target(void) {
    const struct convt_aot_target* lowest = &convt_aot_this_archive.targets[convt_aot_this_archive.target_count - 1];
    return convt_aot_fail(CONVT_AOT_MISSING_FEATURE,
                          "%s: this CPU lacks %s, which the archive's lowest target, %s, needs",
                          convt_aot_this_archive.name, missing_feature(lowest), lowest->name);
}

#endif

const char* convt_aot_picked_name(void) {
    const int index = picked_target();
    return index < 0 ? NULL : convt_aot_this_archive.targets[index].name;
}

// ---- arguments

static int64_t scalars(const struct convt_aot_tensor* tensor) {
    int64_t count = 1;
    for (int i = 0; i < tensor->rank; ++i)
        count *= tensor->dims[i].extent;
    return count;
}

static struct argument make_argument(const char* name, const void* data, const struct convt_aot_tensor* tensor) {
    struct argument argument = {
        name, data, scalars(tensor) * tensor->scalar_bytes, (uintptr_t)tensor->scalar_bytes, {0}};
    argument.buffer.host = (uint8_t*)data;
    argument.buffer.type.code = (halide_type_code_t)tensor->type_code;
    argument.buffer.type.bits = (uint8_t)(8 * tensor->scalar_bytes);
    argument.buffer.type.lanes = 1;
    argument.buffer.dimensions = tensor->rank;
    argument.buffer.dim = (halide_dimension_t*)tensor->dims;
    return argument;
}

// Kernels load packed weights by aligned vectors.
static struct argument make_packed(const void* data, const struct convt_aot_kernel* kernel) {
    struct argument argument = make_argument("packed", data, &kernel->packed);
    argument.alignment = PACKED_ALIGNMENT;
    return argument;
}

static int check_pointer(const struct convt_aot_problem* problem, const struct argument* argument) {
    if (argument->data == NULL)
        return convt_aot_fail(CONVT_AOT_INVALID_ARGUMENT, "%s: %s is null", problem->entry, argument->name);
    if ((uintptr_t)argument->data % argument->alignment != 0)
        return convt_aot_fail(CONVT_AOT_INVALID_ARGUMENT, "%s: %s is not aligned to %d bytes", problem->entry,
                              argument->name, (int)argument->alignment);
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
            return convt_aot_fail(CONVT_AOT_INVALID_ARGUMENT, "%s: %s overlaps %s", problem->entry, written->name,
                                  arguments[i].name);
    }
    return CONVT_AOT_OK;
}

// ---- open problems

// factor * input + constant of every axis, and the batch; INT64_MAX where that is too large to say.
static int64_t bytes_of(const struct convt_aot_open* open, const struct convt_aot_limit* limit, const int64_t* sizes) {
    int64_t bytes = limit->scale;
    if (__builtin_mul_overflow(bytes, sizes[0], &bytes)) return INT64_MAX;
    for (int i = 0; i < open->rank; ++i) {
        int64_t extent = limit->factor[i] * sizes[1 + i] + limit->constant[i];
        if (i + 1 == open->rank) extent = (extent + limit->round - 1) / limit->round * limit->round;
        if (__builtin_mul_overflow(bytes, extent, &bytes)) return INT64_MAX;
    }
    return bytes;
}

static int check_sizes(const struct convt_aot_problem* problem, const int64_t* sizes) {
    const struct convt_aot_open* open = problem->open;
    if (sizes[0] < 1 || sizes[0] > open->most_batch)
        return convt_aot_fail(CONVT_AOT_INVALID_ARGUMENT, "%s: batch is %lld, must be in [1, %lld]", problem->entry,
                              (long long)sizes[0], (long long)open->most_batch);
    for (int i = 0; i < open->rank; ++i) {
        const struct convt_aot_axis* axis = &open->axes[i];
        const int64_t extent = sizes[1 + i];
        if (extent < axis->lowest || extent > axis->highest || extent % axis->multiple != 0)
            return convt_aot_fail(CONVT_AOT_INVALID_ARGUMENT,
                                  "%s: %s is %lld, must be a multiple of %lld in [%lld, %lld]", problem->entry,
                                  axis->name, (long long)extent, (long long)axis->multiple, (long long)axis->lowest,
                                  (long long)axis->highest);
    }
    for (int i = 0; i < open->limit_count; ++i) {
        const int64_t bytes = bytes_of(open, &open->limits[i], sizes);
        if (bytes > INT32_MAX)
            return convt_aot_fail(CONVT_AOT_INVALID_ARGUMENT, "%s: %s are %lld, must be less than 2^31", problem->entry,
                                  open->limits[i].name, (long long)bytes);
    }
    return CONVT_AOT_OK;
}

// The tensor with the sizes of a call, dense, over `dims`.
static struct convt_aot_tensor resized(const struct convt_aot_tensor* tensor, const struct convt_aot_open* open,
                                       const int64_t* sizes, struct convt_aot_dim* dims) {
    static const int first_order[IMAGE_RANK] = {0, 1, 2, 3, 4, 5}, last_order[IMAGE_RANK] = {3, 4, 0, 1, 2, 5};
    if (tensor->image == 0) return *tensor;
    struct convt_aot_tensor result = *tensor;
    memcpy(dims, tensor->dims, (size_t)tensor->rank * sizeof *dims);
    struct convt_aot_dim* image = dims + (tensor->rank - IMAGE_RANK);  // behind the parts of complex elements
    for (int i = 0; i < open->rank; ++i) {
        const struct convt_aot_axis* axis = &open->axes[i];
        const int64_t extent = tensor->image == 1 ? sizes[1 + i] : sizes[1 + i] * axis->stride + axis->offset;
        image[open->rank - 1 - i].extent = (int32_t)extent;
    }
    image[IMAGE_RANK - 1].extent = (int32_t)sizes[0];
    int64_t stride = tensor->rank > IMAGE_RANK ? dims[0].extent : 1;
    for (int i = 0; i < IMAGE_RANK; ++i) {
        struct convt_aot_dim* dim = &image[(tensor->channels_last ? last_order : first_order)[i]];
        dim->stride = (int32_t)stride;
        stride *= dim->extent;
    }
    result.dims = dims;
    return result;
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

int convt_aot_enter(const struct convt_aot_problem* problem, int (*entry)(void**), struct argument* arguments,
                    int count, struct call* call) {
    void* user_context = call;
    void* values[1 + MAX_ARGUMENTS] = {&user_context};
    for (int i = 0; i < count; ++i)
        values[1 + i] = &arguments[i].buffer;
    struct kernel_call kernel_call = {entry, values};
    const int result = convt_guard_enter(enter_kernel, &kernel_call);
    if (result == 0) return CONVT_AOT_OK;
    const int memory = result == halide_error_code_out_of_memory || result == halide_error_code_device_malloc_failed;
    return convt_aot_fail(memory ? CONVT_AOT_OUT_OF_MEMORY : CONVT_AOT_FAILED, "%s: the kernel failed with %d: %s",
                          problem->entry, result, call->error);
}

static int invoke(const struct convt_aot_problem* problem, int (*entry)(void**), struct argument* arguments,
                  int count) {
    const int code = check(problem, arguments, count);
    struct call call = {0};
    return code != CONVT_AOT_OK ? code : convt_aot_enter(problem, entry, arguments, count, &call);
}

int convt_aot_call_packer(const struct convt_aot_problem* problem, const void* w, void* packed) {
    const int target = picked_target();
    if (target < 0) return no_target();
    const struct convt_aot_kernel* kernel = &problem->kernels[target];
    struct argument arguments[] = {make_argument("w", w, &problem->w), make_packed(packed, kernel)};
    return invoke(problem, kernel->pack, arguments, 2);
}

// `sizes` are null, or those of a call to an open problem, whose images then lie over `dims`, one an argument.
static struct argument make_image(const char* name, const void* data, const struct convt_aot_tensor* tensor,
                                  const struct convt_aot_problem* problem, const int64_t* sizes,
                                  struct convt_aot_dim* dims) {
    if (sizes == NULL) return make_argument(name, data, tensor);
    const struct convt_aot_tensor of_call = resized(tensor, problem->open, sizes, dims);
    return make_argument(name, data, &of_call);
}

static int make_arguments(const struct convt_aot_problem* problem, int target, const int64_t* sizes, const void* x,
                          const void* packed, const void* const* extras, void* y, struct argument* arguments,
                          image_dims* dims) {
    int count = 0;
    arguments[count] = make_image("x", x, &problem->x, problem, sizes, dims[count]);
    ++count;
    arguments[count++] = make_packed(packed, &problem->kernels[target]);
    for (int i = 0; i < problem->extra_count; ++i, ++count) {
        const struct convt_aot_extra* extra = &problem->extras[i];
        arguments[count] = make_image(extra->name, extras[i], &extra->tensor, problem, sizes, dims[count]);
    }
    arguments[count] = make_image("y", y, &problem->y, problem, sizes, dims[count]);
    return count + 1;
}

// The arguments of a call, checked. `sizes` as above.
static int prepare(const struct convt_aot_problem* problem, int target, const int64_t* sizes, const void* x,
                   const void* packed, const void* const* extras, void* y, struct argument* arguments, image_dims* dims,
                   int* count) {
    const int code = sizes == NULL ? CONVT_AOT_OK : check_sizes(problem, sizes);
    if (code != CONVT_AOT_OK) return code;
    *count = make_arguments(problem, target, sizes, x, packed, extras, y, arguments, dims);
    return check(problem, arguments, *count);
}

#ifdef CONVT_AOT_CUDA
static int call_gpu(const struct convt_aot_problem* problem, const int64_t* sizes, const void* x, const void* packed,
                    const void* const* extras, void* y, const struct place* place) {
    const int target = picked_target();
    if (target < 0) return no_target();
    struct argument arguments[MAX_ARGUMENTS];
    image_dims dims[MAX_ARGUMENTS];
    int count = 0;
    const int code = prepare(problem, target, sizes, x, packed, extras, y, arguments, dims, &count);
    return code != CONVT_AOT_OK ? code : convt_aot_run_on_gpu(problem, target, arguments, count, place);
}

int convt_aot_call_kernel(const struct convt_aot_problem* problem, const int64_t* sizes, const void* x,
                          const void* packed, const void* const* extras, void* y) {
    const struct place host = {0};
    return call_gpu(problem, sizes, x, packed, extras, y, &host);
}

int convt_aot_call_on_device(const struct convt_aot_problem* problem, const void* x, const void* packed,
                             const void* const* extras, void* y, void* context, void* stream) {
    const struct place device = {1, context, stream};
    return call_gpu(problem, NULL, x, packed, extras, y, &device);
}
#else
int convt_aot_call_kernel(const struct convt_aot_problem* problem, const int64_t* sizes, const void* x,
                          const void* packed, const void* const* extras, void* y) {
    const int target = picked_target();
    if (target < 0) return no_target();
    struct argument arguments[MAX_ARGUMENTS];
    image_dims dims[MAX_ARGUMENTS];
    int count = 0;
    const int code = prepare(problem, target, sizes, x, packed, extras, y, arguments, dims, &count);
    struct call call = {0};
    return code != CONVT_AOT_OK ? code
                                : convt_aot_enter(problem, problem->kernels[target].run, arguments, count, &call);
}
#endif

int convt_aot_call_both(const struct convt_aot_problem* problem, const int64_t* sizes, const void* x, const void* w,
                        const void* const* extras, void* y) {
    const int target = picked_target();
    if (target < 0) return no_target();
    const struct convt_aot_tensor* shape = &problem->kernels[target].packed;
    const int64_t bytes = scalars(shape) * shape->scalar_bytes;
    const size_t rounded = ((size_t)bytes + PACKED_ALIGNMENT - 1) / PACKED_ALIGNMENT * PACKED_ALIGNMENT;
    void* packed = aligned_alloc(PACKED_ALIGNMENT, rounded);
    if (packed == NULL)
        return convt_aot_fail(CONVT_AOT_OUT_OF_MEMORY, "%s: %lld bytes for the packed weights", problem->entry,
                              (long long)bytes);
    int code = convt_aot_call_packer(problem, w, packed);
    if (code == CONVT_AOT_OK) code = convt_aot_call_kernel(problem, sizes, x, packed, extras, y);
    free(packed);
    return code;
}
