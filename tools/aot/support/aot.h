/* SPDX-License-Identifier: Apache-2.0
 * What the tables of an archive look like: convt-aot generates them as C (source.cpp), support.c reads them. Private to
 * the archive: none of these names leaves it. Names here do not end in what an entry point ends in (_run, _pack, ...),
 * so no choice of archive and problem names can meet them.
 */
#ifndef CONVT_AOT_SUPPORT_H
#define CONVT_AOT_SUPPORT_H

#include <stdint.h>

/* The codes of every archive's status enumeration, in its order. */
enum {
    CONVT_AOT_OK,
    CONVT_AOT_INVALID_ARGUMENT,
    CONVT_AOT_MISSING_FEATURE,
    CONVT_AOT_OUT_OF_MEMORY,
    CONVT_AOT_FAILED,
    CONVT_AOT_NO_DEVICE
};

/* halide_dimension_t; in scalars, innermost dimension first. */
struct convt_aot_dim {
    int32_t min, extent, stride;
    uint32_t flags;
};

struct convt_aot_tensor {
    int type_code; /* halide_type_code_t */
    int scalar_bytes;
    int rank;
    const struct convt_aot_dim* dims;
    int image; /* of what shape: 0 of its own, 1 the input's, 2 the output's */
    int channels_last;
};

/* Extents that a call may choose for an axis, all those that keep the problem's rules: multiples in [lowest, highest].
 * The output has input * stride + offset. */
struct convt_aot_axis {
    const char* name;
    int64_t lowest, highest, multiple, stride, offset;
};

/* What must stay below 2^31 bytes: scale times the batch times, of every axis, factor * input + constant, of the last
 * one rounded up to a multiple of `round`. */
struct convt_aot_limit {
    const char* name;
    int64_t scale, round;
    int64_t factor[3], constant[3];
};

/* What a problem leaves to its calls. Axes in the order D, H, W. */
struct convt_aot_open {
    int64_t most_batch;
    int rank;
    struct convt_aot_axis axes[3];
    int limit_count;
    const struct convt_aot_limit* limits;
};

/* A tensor between weights and output: the bias, then what the epilogue takes. */
struct convt_aot_extra {
    const char* name;
    struct convt_aot_tensor tensor;
};

/* One problem on one target. */
struct convt_aot_kernel {
    int (*run)(void** arguments);
    int (*pack)(void** arguments);
    struct convt_aot_tensor packed;
};

struct convt_aot_problem {
    const char* entry; /* archive and problem name, for messages */
    struct convt_aot_tensor x, w, y;
    int extra_count;
    const struct convt_aot_extra* extras;   /* null where there is none */
    const struct convt_aot_kernel* kernels; /* one a target, in the archive's order */
    const struct convt_aot_open* open;      /* null where nothing is */
};

/* A CPU feature: the CPUID bit that says so, and the state components the operating system must save for it (XCR0). */
struct convt_aot_feature {
    const char* name;
    uint32_t leaf, subleaf;
    int reg; /* 0 to 3: EAX, EBX, ECX, EDX */
    int bit;
    uint64_t xcr0;
};

struct convt_aot_target {
    const char* name;
    int feature_count;
    const struct convt_aot_feature* features;
    int capability; /* of a CUDA device, 80 for 8.0: the least that runs it; 0: a CPU's target */
};

struct convt_aot_archive {
    const char* name;
    int target_count;
    const struct convt_aot_target* targets; /* best first */
};

/* The one archive that this copy of the support code is part of. */
extern const struct convt_aot_archive convt_aot_this_archive;

int convt_aot_call_packer(const struct convt_aot_problem* problem, const void* w, void* packed);
/* sizes: batch and input extents of an open problem, else null. extras: as many as the problem has, null where that is
 * 0. */
int convt_aot_call_kernel(const struct convt_aot_problem* problem, const int64_t* sizes, const void* x,
                          const void* packed, const void* const* extras, void* y);
/* Packs into memory of its own for the one call. */
int convt_aot_call_both(const struct convt_aot_problem* problem, const int64_t* sizes, const void* x, const void* w,
                        const void* const* extras, void* y);
/* Of an archive for GPUs: everything is device memory of `context`, or of device 0's primary context where that is
 * null; the work goes to `stream`. */
int convt_aot_call_on_device(const struct convt_aot_problem* problem, const void* x, const void* packed,
                             const void* const* extras, void* y, void* context, void* stream);
const char* convt_aot_picked_name(void);
const char* convt_aot_message(void);
void convt_aot_thread_count(int threads);

#endif
