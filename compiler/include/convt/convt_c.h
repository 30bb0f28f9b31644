/* SPDX-License-Identifier: Apache-2.0 */
/* convt for C: problems, engines and kernels behind opaque handles.
 *
 * Every function that can fail returns a convt_code and, where `error` is not null, fills it. Handles are made by
 * functions that take a pointer to one, which is set to null on failure, and end with their destroy function, which
 * takes null too. Structs begin with struct_size, the caller's sizeof: fields that a later version adds are zero for a
 * caller that does not know them, and zero is every field's default. All functions may be called from many threads. */
#ifndef CONVT_CONVT_C_H
#define CONVT_CONVT_C_H

#include "convt/export.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum convt_code {
    CONVT_OK,
    CONVT_INVALID_PROBLEM,  /* a problem's text or values break a rule */
    CONVT_INVALID_ARGUMENT, /* a tensor, option or handle does not fit */
    CONVT_UNSUPPORTED,      /* known, but not built; or no compiler and not in the cache */
    CONVT_UNKNOWN_TARGET,   /* no such target or feature */
    CONVT_MISSING_FEATURE,  /* this CPU lacks an instruction set that the kernel needs */
    CONVT_IO_ERROR,         /* a system call on a file failed */
    CONVT_CORRUPT,          /* bytes that are not what their header says */
    CONVT_COMPILE_FAILED,   /* the compiler reported an error, crashed or broke a limit */
    CONVT_WRONG_RESULT,     /* a kernel did not pass its admission check */
    CONVT_TIMED_OUT,        /* a limit on time was reached */
    CONVT_OUT_OF_MEMORY,    /* an allocation failed or a limit on memory was reached */
    CONVT_NO_DEVICE,        /* no GPU that the kernel can run on: none, no driver, one too old */
    CONVT_INTERRUPTED,      /* the caller or a signal stopped it */
    CONVT_INTERNAL          /* a bug of convt's own */
} convt_code;

typedef struct convt_error {
    size_t struct_size;
    convt_code code;
    char message[1024]; /* field, value and rule; cut where longer; empty on success */
} convt_error;

CONVT_API const char* convt_version(void);
CONVT_API const char* convt_code_name(convt_code code);

/* ---- Problems ---- */

typedef enum convt_element_type {
    CONVT_F32,
    CONVT_F64,
    CONVT_C64, /* interleaved (real, imaginary) */
    CONVT_C128,
    CONVT_F16,
    CONVT_BF16, /* the upper half of a float */
    CONVT_U8,
    CONVT_S8,
    CONVT_S32
} convt_element_type;
typedef enum convt_operand { CONVT_INPUT, CONVT_WEIGHTS, CONVT_BIAS, CONVT_OUTPUT } convt_operand;
#define CONVT_MAX_RANK 5

typedef struct convt_problem convt_problem;

CONVT_API convt_code convt_problem_parse(const char* text, convt_problem** problem, convt_error* error);
CONVT_API void convt_problem_destroy(convt_problem* problem);
/* Canonical text; lives as long as the problem. */
CONVT_API const char* convt_problem_text(const convt_problem* problem);
/* Of the elements of an operand. */
CONVT_API convt_element_type convt_problem_type(const convt_problem* problem, convt_operand operand);
/* Of a problem that leaves its batch or input extents to each call: the problem of a call with these, `input` one an
 * axis. CONVT_INVALID_ARGUMENT names field, value and rule. */
CONVT_API convt_code convt_problem_close(const convt_problem* open, int64_t batch, const int64_t* input,
                                         convt_problem** problem, convt_error* error);
/* Fills extents in the order of memory, outermost first, batch included; returns their number: 0 for a bias that the
 * problem does not have. Of an open problem they are those that its default schedule is for. */
CONVT_API int convt_problem_shape(const convt_problem* problem, convt_operand operand, int64_t extents[CONVT_MAX_RANK]);
/* The tensors that the epilogue takes, in the order in which a call is given them (convt_call_options): how many, the
 * name of one, which lives as long as the problem, the type of its elements, and its shape, as above. An index that is
 * none: null, CONVT_F32 and 0. */
CONVT_API int convt_problem_operand_count(const convt_problem* problem);
CONVT_API const char* convt_problem_operand_name(const convt_problem* problem, int index);
CONVT_API convt_element_type convt_problem_operand_type(const convt_problem* problem, int index);
CONVT_API int convt_problem_operand_shape(const convt_problem* problem, int index, int64_t extents[CONVT_MAX_RANK]);

/* ---- Targets ---- */

typedef struct convt_target convt_target;

/* "host", or a name of the target table, each optionally followed by +feature. */
CONVT_API convt_code convt_target_parse(const char* text, convt_target** target, convt_error* error);
CONVT_API void convt_target_destroy(convt_target* target);
CONVT_API const char* convt_target_text(const convt_target* target);

/* ---- Engines: kernels from memory, from disk, or compiled by a worker process ---- */

typedef struct convt_engine_options {
    size_t struct_size;
    const char* worker;    /* path of convt-cc; null: looked for */
    const char* cache_dir; /* null: $XDG_CACHE_HOME/convt; "": none */
    const char* db_dir;    /* tuned schedules; null: the default folder */
    int never_compile;     /* a miss is CONVT_UNSUPPORTED */
    int untuned;           /* ignores tuned schedules */
    uint64_t disk_limit_bytes;
    uint64_t memory_limit_bytes;         /* of loaded code */
    uint64_t compile_memory_limit_bytes; /* of a worker */
    uint32_t compile_time_limit_ms;      /* of a worker */
} convt_engine_options;

typedef struct convt_engine_stats {
    size_t struct_size;
    uint64_t memory_hits;
    uint64_t disk_hits;
    uint64_t compiles;
    uint64_t memory_bytes;
    uint64_t kernels;
} convt_engine_stats;

typedef struct convt_engine convt_engine;
typedef struct convt_kernel convt_kernel;

/* options: null takes every default. */
CONVT_API convt_code convt_engine_create(const convt_engine_options* options, convt_engine** engine,
                                         convt_error* error);
CONVT_API void convt_engine_destroy(convt_engine* engine);
/* target: null is the host. The kernel may outlive the engine. */
CONVT_API convt_code convt_engine_kernel(convt_engine* engine, const convt_problem* problem, const convt_target* target,
                                         convt_kernel** kernel, convt_error* error);
CONVT_API convt_code convt_engine_get_stats(const convt_engine* engine, convt_engine_stats* stats, convt_error* error);

/* ---- Kernels ---- */

/* A view that owns nothing. Extents and strides in elements, outermost dimension first. */
typedef struct convt_tensor {
    size_t struct_size;
    void* data;     /* not written where it is an input */
    int32_t type;   /* a convt_element_type */
    int32_t device; /* DLPack's DLDeviceType: 1 the CPU, 2 a CUDA device; 0 is taken as 1 */
    int32_t rank;
    int64_t extents[CONVT_MAX_RANK];
    int64_t strides[CONVT_MAX_RANK];
} convt_tensor;

/* Fills a dense view; its last dimension is contiguous. */
CONVT_API convt_code convt_tensor_dense(convt_tensor* tensor, void* data, int32_t type, int rank,
                                        const int64_t* extents, convt_error* error);

typedef void (*convt_task)(void* task_data, int index);

typedef struct convt_call_options {
    size_t struct_size;
    int threads; /* the caller's included; 0: the process default; 1: the caller alone */
    /* A host's own threads: runs task(task_data, 0) .. task(task_data, count - 1), each once, and returns when all have
     * ended. Null: convt's pool. */
    void (*parallel_for)(void* executor, int count, convt_task task, void* task_data);
    void* executor;
    /* Of a kernel for a GPU: CUcontext (null: the primary context of device 0) and CUstream of it (null: its default
     * stream). Not owned; the context outlives the kernels and packed weights used in it. Where x, y, bias and
     * operands all are on the device, the call returns once it has put its work on the stream, and they must live until
     * that is done; else it returns when y is there. */
    void* cuda_context;
    void* cuda_stream;
    /* The tensors that the problem's epilogue takes (convt_problem_operand_count). */
    const convt_tensor* const* operands;
    int operand_count;
} convt_call_options;

typedef struct convt_kernel_info {
    size_t struct_size;
    const char* problem; /* texts live as long as the kernel */
    const char* target;
    const char* strategy;
    const char* schedule;
    size_t code_bytes;
    size_t packed_bytes;
} convt_kernel_info;

typedef struct convt_packed_weights convt_packed_weights;

CONVT_API void convt_kernel_destroy(convt_kernel* kernel);
CONVT_API convt_code convt_kernel_get_info(const convt_kernel* kernel, convt_kernel_info* info, convt_error* error);
/* weights: (C_in, C_out / groups, K...), dense. */
CONVT_API convt_code convt_kernel_pack(const convt_kernel* kernel, const convt_tensor* weights,
                                       convt_packed_weights** packed, convt_error* error);
CONVT_API void convt_packed_weights_destroy(convt_packed_weights* packed);
/* bias: null where the problem has none. options: null takes every default. Nothing is written where arguments do not
 * fit. */
CONVT_API convt_code convt_kernel_run(const convt_kernel* kernel, const convt_tensor* x,
                                      const convt_packed_weights* weights, const convt_tensor* bias,
                                      const convt_tensor* y, const convt_call_options* options, convt_error* error);
/* The same with weights as they are, packed anew at every call. */
CONVT_API convt_code convt_kernel_run_unpacked(const convt_kernel* kernel, const convt_tensor* x,
                                               const convt_tensor* weights, const convt_tensor* bias,
                                               const convt_tensor* y, const convt_call_options* options,
                                               convt_error* error);

/* ---- Streams: a layer of one axis on a signal that arrives in pieces (convt/stream.h) ---- */

typedef struct convt_stream convt_stream;

/* The problem of a kernel for streams of `whole`, whose input extent has no meaning here: blocks of `frames` new
 * frames, ordered. */
CONVT_API convt_code convt_stream_problem(const convt_problem* whole, int64_t frames, convt_problem** problem,
                                          convt_error* error);
/* kernels: `count` of such problems, one or more, and weights that each has packed. The stream keeps the kernels; the
 * weights outlive it. Each block of a piece goes to the longest kernel that it fills, the last to the shortest. A
 * stream is used by one thread at a time. */
CONVT_API convt_code convt_stream_create(const convt_problem* whole, const convt_kernel* const* kernels,
                                         const convt_packed_weights* const* weights, int count, convt_stream** stream,
                                         convt_error* error);
CONVT_API void convt_stream_destroy(convt_stream* stream);
/* Outputs that a piece of `frames` frames gives now, and those that finishing gives. */
CONVT_API int64_t convt_stream_outputs(const convt_stream* stream, int64_t frames);
CONVT_API int64_t convt_stream_rest(const convt_stream* stream);
/* The next piece. x: (N, C_in, frames), y: (N, C_out, outputs) or null where there are none, or channels last as the
 * problem says. The rest as of convt_kernel_run. Where x or y does not fit nothing is written and the stream is where
 * it was; after any other failure, reset it. */
CONVT_API convt_code convt_stream_push(convt_stream* stream, const convt_tensor* x, const convt_tensor* bias,
                                       const convt_tensor* y, const convt_call_options* options, convt_error* error);
/* The outputs that waited for the end, (N, C_out, rest), or null; then the stream begins anew. */
CONVT_API convt_code convt_stream_finish(convt_stream* stream, const convt_tensor* bias, const convt_tensor* y,
                                         const convt_call_options* options, convt_error* error);
CONVT_API void convt_stream_reset(convt_stream* stream);

/* Threads of convt's pool; 0: one for every CPU this process may run on. */
CONVT_API void convt_set_default_threads(int threads);
CONVT_API int convt_default_threads(void);

/* ---- Layers as frameworks describe them: convt/frameworks.h says what each makes of its arguments ---- */

typedef enum convt_framework { CONVT_ONNX, CONVT_PYTORCH, CONVT_TENSORFLOW, CONVT_KERAS, CONVT_JAX } convt_framework;
typedef enum convt_auto_pad {
    CONVT_PAD_NOTSET,     /* by `pads` */
    CONVT_PAD_SAME_UPPER, /* SAME of TensorFlow, Keras and JAX */
    CONVT_PAD_SAME_LOWER,
    CONVT_PAD_VALID
} convt_auto_pad;

/* Lists have a number for each of `rank` spatial axes, outermost first; null: the framework's default. An argument that
 * the framework does not have must be null or zero. */
typedef struct convt_layer {
    size_t struct_size;
    int32_t framework; /* a convt_framework */
    int32_t rank;
    const char* type; /* as in a problem's text; null: f32 */
    int64_t batch;    /* 0: 1 */
    int64_t in_channels;
    int64_t out_channels;
    int64_t groups; /* of ONNX and PyTorch; 0: 1 */
    int32_t bias;
    int32_t auto_pad;     /* a convt_auto_pad; PyTorch has none */
    const int64_t* input; /* spatial extents */
    const int64_t* kernel;
    const int64_t* strides;
    const int64_t* dilations;
    const int64_t* output_padding;  /* of ONNX, PyTorch and Keras */
    const int64_t* output_shape;    /* spatial; of ONNX and TensorFlow, output_size of PyTorch */
    const int64_t* pads;            /* beginnings of all axes, then ends; Keras has none, PyTorch's are alike */
    int32_t channels_first;         /* of TensorFlow and Keras */
    int32_t transpose_kernel;       /* of JAX */
    int32_t use_consistent_padding; /* of JAX */
} convt_layer;

/* CONVT_INVALID_ARGUMENT names the field, its value and the rule; what is then no problem is CONVT_INVALID_PROBLEM. */
CONVT_API convt_code convt_problem_from_layer(const convt_layer* layer, convt_problem** problem, convt_error* error);
/* Copies weights from the framework's order into convt's, (C_in, C_out / groups, K...). Both are on the host, dense, of
 * the problem's type and do not overlap. Nothing is written on failure. */
CONVT_API convt_code convt_layer_reorder_weights(const convt_layer* layer, const convt_tensor* from,
                                                 const convt_tensor* to, convt_error* error);

#ifdef __cplusplus
}
#endif

#endif
