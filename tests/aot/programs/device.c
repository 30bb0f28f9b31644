// SPDX-License-Identifier: Apache-2.0
// Runs convt2d_f32_ci16_co32_i8x8_k4x4_s2x2_p1x1_bias once on memory of the host and once on device memory of a context
// and stream of its own. 0: the same result, and memory of the host is refused where the device's is asked for.
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gate.h"

enum { X = 16 * 8 * 8, W = 16 * 32 * 4 * 4, CO = 32, Y = 32 * 16 * 16 };

static float x[X], w[W], bias[CO], y[Y], expected[Y];
__attribute__((aligned(64))) static float packed[gate_p_packed_size];

static void* library;
static void* function(const char* name) {
    void* const found = dlsym(library, name);
    if (found == NULL) exit(4);
    return found;
}

// memcpy, for ISO C knows no conversion between pointers to functions and to objects.
#define DRIVER(name, ...)                    \
    static int (*name)(__VA_ARGS__);         \
    {                                        \
        void* const found = function(#name); \
        memcpy(&name, &found, sizeof found); \
    }

static int failed(const char* what) {
    fprintf(stderr, "%s: %s\n", what, gate_last_error());
    return 1;
}

static float* on_device(const float* values, size_t count) {
    DRIVER(cuMemAlloc_v2, unsigned long long*, size_t)
    DRIVER(cuMemcpyHtoD_v2, unsigned long long, const void*, size_t)
    unsigned long long address = 0;
    if (cuMemAlloc_v2(&address, count * sizeof *values) != 0) exit(4);
    if (cuMemcpyHtoD_v2(address, values, count * sizeof *values) != 0) exit(4);
    return (float*)address;
}

int main(void) {
    for (int i = 0; i < X; ++i)
        x[i] = (float)(i * 3 % 7 - 3);
    for (int i = 0; i < W; ++i)
        w[i] = (float)(i * 5 % 7 - 3);
    for (int i = 0; i < CO; ++i)
        bias[i] = (float)i;
    if (gate_p_pack(w, packed) != gate_ok) return failed("pack");
    if (gate_p_run(x, packed, bias, expected) != gate_ok) return failed("run");

    library = dlopen("libcuda.so.1", RTLD_NOW);
    if (library == NULL) return 4;
    DRIVER(cuCtxCreate_v2, void**, unsigned, int)
    DRIVER(cuStreamCreate, void**, unsigned)
    DRIVER(cuStreamSynchronize, void*)
    DRIVER(cuMemcpyDtoH_v2, void*, unsigned long long, size_t)
    void *context = NULL, *stream = NULL;
    if (cuCtxCreate_v2(&context, 0, 0) != 0 || cuStreamCreate(&stream, 0) != 0) return 4;
    float* const out = on_device(y, Y);
    const float* const in = on_device(x, X);
    const float* const weights = on_device(packed, gate_p_packed_size);
    if (gate_p_run_on_device(in, weights, on_device(bias, CO), out, context, stream) != gate_ok)
        return failed("run_on_device");
    if (cuStreamSynchronize(stream) != 0) return 4;
    if (cuMemcpyDtoH_v2(y, (unsigned long long)out, sizeof y) != 0) return 4;
    if (gate_p_run_on_device(x, weights, bias, out, context, stream) != gate_invalid_argument) return failed("refusal");
    printf("%s\n", memcmp(y, expected, sizeof y) == 0 ? "same" : "different");
    return 0;
}
