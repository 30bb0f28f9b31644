/* SPDX-License-Identifier: Apache-2.0
 * usage: PROGRAM CONVT_CC
 * The C interface with a kernel for a GPU: tensors of the host, then of the device, in a context and stream of its own.
 * Linked with the stand-in driver, which it calls as a host would. */
#include "convt/convt_c.h"

#include <stdio.h>
#include <string.h>

typedef unsigned long long address;
int cuCtxCreate_v2(void** context, unsigned flags, int device);
int cuStreamCreate(void** stream, unsigned flags);
int cuMemAlloc_v2(address* memory, size_t bytes);
int cuMemcpyHtoD_v2(address to, const void* from, size_t bytes);
int cuMemcpyDtoH_v2(void* to, address from, size_t bytes);
void convt_ptx_set_device_count(int count);

enum { X, W, Y, TENSORS, MOST = 64 };
static float values[TENSORS][MOST];
static float expected[MOST];
static convt_error error = {sizeof error, CONVT_OK, ""};

#define REQUIRE(condition)                                                             \
    do                                                                                 \
        if (!(condition)) {                                                            \
            fprintf(stderr, "line %d: %s; %s\n", __LINE__, #condition, error.message); \
            return 1;                                                                  \
        }                                                                              \
    while (0)

static convt_kernel* make_kernel(const char* worker, const char* target_text) {
    convt_engine_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.worker = worker;
    options.cache_dir = "";
    convt_engine* engine = NULL;
    convt_problem* problem = NULL;
    convt_target* target = NULL;
    convt_kernel* kernel = NULL;
    if (convt_engine_create(&options, &engine, &error) == CONVT_OK &&
        convt_problem_parse("convt1d_f32_ci2_co3_i5_k4_s2_p1", &problem, &error) == CONVT_OK &&
        convt_target_parse(target_text, &target, &error) == CONVT_OK)
        (void)convt_engine_kernel(engine, problem, target, &kernel, &error);
    convt_target_destroy(target);
    convt_problem_destroy(problem);
    convt_engine_destroy(engine);
    return kernel;
}

static int run_on_device(const convt_kernel* kernel, convt_tensor* tensors) {
    convt_call_options options = {sizeof options, 0, NULL, NULL, NULL, NULL, NULL, 0};
    REQUIRE(cuCtxCreate_v2(&options.cuda_context, 0, 0) == 0 && cuStreamCreate(&options.cuda_stream, 0) == 0);
    convt_packed_weights* packed = NULL;
    REQUIRE(convt_kernel_pack(kernel, &tensors[W], &packed, &error) == CONVT_OK);
    for (int i = X; i <= Y; i += Y - X) {
        address memory = 0;
        REQUIRE(cuMemAlloc_v2(&memory, sizeof values[i]) == 0);
        REQUIRE(cuMemcpyHtoD_v2(memory, values[i], sizeof values[i]) == 0);
        tensors[i].data = (void*)memory;
        tensors[i].device = 2;
    }
    REQUIRE(convt_kernel_run(kernel, &tensors[X], packed, NULL, &tensors[Y], &options, &error) == CONVT_OK);
    REQUIRE(cuMemcpyDtoH_v2(values[Y], (address)tensors[Y].data, sizeof values[Y]) == 0);
    convt_packed_weights_destroy(packed);
    return 0;
}

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    const int64_t shapes[TENSORS][3] = {{1, 2, 5}, {2, 3, 4}, {1, 3, 10}};
    convt_tensor tensors[TENSORS];
    for (int i = 0; i < TENSORS; ++i) {
        for (int j = 0; j < MOST; ++j)
            values[i][j] = i == Y ? 0 : (float)(j * (3 + i) % 7 - 3);
        tensors[i].struct_size = sizeof tensors[i];
        REQUIRE(convt_tensor_dense(&tensors[i], values[i], CONVT_F32, 3, shapes[i], &error) == CONVT_OK);
    }
    convt_ptx_set_device_count(0);
    REQUIRE(make_kernel(argv[1], "cuda-sm80") == NULL && error.code == CONVT_NO_DEVICE);
    convt_ptx_set_device_count(1);

    convt_kernel* cpu = make_kernel(argv[1], "host");
    convt_kernel* gpu = make_kernel(argv[1], "cuda-sm80");
    REQUIRE(cpu != NULL && gpu != NULL);
    REQUIRE(convt_kernel_run_unpacked(cpu, &tensors[X], &tensors[W], NULL, &tensors[Y], NULL, &error) == CONVT_OK);
    memcpy(expected, values[Y], sizeof expected);
    memset(values[Y], 0, sizeof values[Y]);
    REQUIRE(convt_kernel_run_unpacked(gpu, &tensors[X], &tensors[W], NULL, &tensors[Y], NULL, &error) == CONVT_OK);
    REQUIRE(memcmp(values[Y], expected, sizeof expected) == 0);
    memset(values[Y], 0, sizeof values[Y]);
    REQUIRE(run_on_device(gpu, tensors) == 0);
    REQUIRE(memcmp(values[Y], expected, sizeof expected) == 0);
    convt_kernel_destroy(gpu);
    convt_kernel_destroy(cpu);
    return 0;
}
