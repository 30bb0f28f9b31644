/* SPDX-License-Identifier: Apache-2.0 */
/* Goes once through the C interface: what fails says why, and a kernel compiled by the worker gives known numbers. */
#include "convt/convt_c.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures = 0;
static convt_error error = {sizeof(convt_error), CONVT_OK, ""};

#define CHECK(condition)                                                                     \
    do {                                                                                     \
        if (!(condition)) {                                                                  \
            ++failures;                                                                      \
            printf("%s:%d: %s (last: %s)\n", __FILE__, __LINE__, #condition, error.message); \
        }                                                                                    \
    } while (0)

static void test_errors(void) {
    convt_problem* problem = (convt_problem*)&error;
    CHECK(convt_problem_parse("convt2d_f32_ci0_co1_i4x4_k3x3", &problem, &error) == CONVT_INVALID_PROBLEM);
    CHECK(problem == NULL && error.code == CONVT_INVALID_PROBLEM && strstr(error.message, "in_channels = 0") != NULL);
    CHECK(convt_problem_parse(NULL, &problem, &error) == CONVT_INVALID_ARGUMENT);
    CHECK(convt_problem_parse("convt1d", NULL, NULL) == CONVT_INVALID_ARGUMENT);
    convt_target* target = NULL;
    CHECK(convt_target_parse("vax", &target, &error) == CONVT_UNKNOWN_TARGET && target == NULL);
    struct {
        convt_error error;
        char behind;
    } small = {{offsetof(convt_error, message) + 4, CONVT_OK, "abcdef"}, 'x'};
    CHECK(convt_target_parse("vax", &target, &small.error) == CONVT_UNKNOWN_TARGET);
    CHECK(strlen(small.error.message) == 3 && small.error.message[4] == 'e');
    CHECK(strcmp(convt_code_name(CONVT_CORRUPT), "corrupt") == 0);
    convt_engine_options options = {0};
    convt_engine* engine = NULL;
    CHECK(convt_engine_create(&options, &engine, &error) == CONVT_INVALID_ARGUMENT);
    CHECK(strstr(error.message, "struct_size") != NULL);
    convt_problem_destroy(NULL);
    convt_target_destroy(NULL);
    convt_engine_destroy(NULL);
    convt_kernel_destroy(NULL);
    convt_packed_weights_destroy(NULL);
}

/* What a problem leaves to calls. */
static void test_open(void) {
    convt_problem *open = NULL, *call = NULL;
    int64_t shape[CONVT_MAX_RANK];
    CHECK(convt_problem_parse("convt1d_f32_n?_ci1_co2_i?*8_k4_s2_p1", &open, &error) == CONVT_OK);
    CHECK(convt_problem_close(open, 3, (int64_t[]){24}, &call, &error) == CONVT_OK);
    CHECK(strcmp(convt_problem_text(call), "convt1d_f32_n3_ci1_co2_i24_k4_s2_p1") == 0);
    CHECK(convt_problem_shape(call, CONVT_OUTPUT, shape) == 3 && shape[0] == 3 && shape[1] == 2 && shape[2] == 48);
    convt_problem_destroy(call);
    CHECK(convt_problem_close(open, 3, (int64_t[]){25}, &call, &error) == CONVT_INVALID_ARGUMENT && call == NULL);
    CHECK(strstr(error.message, "input[W] = 25: must be a multiple of 8") != NULL);
    CHECK(convt_problem_close(open, 1, NULL, &call, &error) == CONVT_INVALID_ARGUMENT);
    CHECK(convt_problem_close(NULL, 1, shape, &call, &error) == CONVT_INVALID_ARGUMENT);
    CHECK(convt_problem_close(open, 1, shape, NULL, &error) == CONVT_INVALID_ARGUMENT);
    convt_problem_destroy(open);
}

/* A layer in each framework's words, and weights from TensorFlow's order. */
static void test_layers(void) {
    const int64_t two[2] = {2, 2}, three[2] = {3, 3}, four[2] = {4, 4}, eight[2] = {8, 8}, pads[4] = {1, 1, 1, 1};
    convt_layer layer = {.struct_size = sizeof layer, .rank = 2, .batch = 1, .in_channels = 2, .out_channels = 3};
    layer.input = four, layer.kernel = three, layer.strides = two;
    const struct {
        int framework, auto_pad;
        const int64_t *output_shape, *pads;
        const char* text;
    } rows[] = {
        {CONVT_ONNX, CONVT_PAD_SAME_UPPER, NULL, NULL, "convt2d_f32_ci2_co3_i4x4_k3x3_s2x2_p0:1x0:1"},
        {CONVT_PYTORCH, CONVT_PAD_NOTSET, eight, pads, "convt2d_f32_ci2_co3_i4x4_k3x3_s2x2_p1x1_op1x1"},
        {CONVT_TENSORFLOW, CONVT_PAD_SAME_UPPER, eight, NULL, "convt2d_f32_ci2_co3_i4x4_k3x3_s2x2_p0:1x0:1_nhwc"},
        {CONVT_KERAS, CONVT_PAD_VALID, NULL, NULL, "convt2d_f32_ci2_co3_i4x4_k3x3_s2x2_nhwc"},
        {CONVT_JAX, CONVT_PAD_NOTSET, NULL, pads, "convt2d_f32_ci2_co3_i4x4_k3x3_s2x2_p1x1_nhwc"},
    };
    convt_problem* problem = NULL;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; ++i) {
        layer.framework = rows[i].framework, layer.auto_pad = rows[i].auto_pad;
        layer.output_shape = rows[i].output_shape, layer.pads = rows[i].pads;
        CHECK(convt_problem_from_layer(&layer, &problem, &error) == CONVT_OK);
        CHECK(problem != NULL && strcmp(convt_problem_text(problem), rows[i].text) == 0);
        convt_problem_destroy(problem);
    }
    layer.framework = CONVT_KERAS, layer.auto_pad = CONVT_PAD_VALID, layer.pads = NULL;
    float from[3 * 3 * 3 * 2], to[2 * 3 * 3 * 3];
    for (int i = 0; i < 54; ++i)
        from[i] = (float)i;
    convt_tensor from_tensor = {.struct_size = sizeof from_tensor}, to_tensor = from_tensor;
    CHECK(convt_tensor_dense(&from_tensor, from, CONVT_F32, 4, (int64_t[]){3, 3, 3, 2}, &error) == CONVT_OK);
    CHECK(convt_tensor_dense(&to_tensor, to, CONVT_F32, 4, (int64_t[]){2, 3, 3, 3}, &error) == CONVT_OK);
    CHECK(convt_layer_reorder_weights(&layer, &from_tensor, &to_tensor, &error) == CONVT_OK);
    CHECK(to[0] == 0 && to[1] == 6 && to[9] == 2 && to[27] == 1 && to[53] == 53);
    CHECK(convt_layer_reorder_weights(&layer, &from_tensor, &from_tensor, &error) == CONVT_INVALID_ARGUMENT);
}

/* What a layer may not say: the message names it. */
static void check_layer_refused(const convt_layer* layer, const char* said) {
    convt_problem* problem = NULL;
    CHECK(convt_problem_from_layer(layer, &problem, &error) == CONVT_INVALID_ARGUMENT && problem == NULL);
    CHECK(strstr(error.message, said) != NULL);
}
static void test_layer_errors(void) {
    const int64_t four[1] = {4}, uneven[2] = {0, 1};
    const convt_layer good = {
        .struct_size = sizeof good, .rank = 1, .in_channels = 2, .out_channels = 3, .input = four, .kernel = four};
    convt_layer bad = good;
    bad.rank = 4;
    check_layer_refused(&bad, "rank is 4, must be 1, 2 or 3");
    bad = good, bad.framework = 9;
    check_layer_refused(&bad, "framework is 9, must be one of convt_framework");
    bad = good, bad.auto_pad = -1;
    check_layer_refused(&bad, "auto_pad is -1, must be one of convt_auto_pad");
    bad = good, bad.type = "f31";
    check_layer_refused(&bad, "type is `f31`");
    bad = good, bad.transpose_kernel = 1;
    check_layer_refused(&bad, "transpose_kernel is given, ONNX has no such argument");
    bad = good, bad.framework = CONVT_KERAS, bad.auto_pad = CONVT_PAD_VALID, bad.output_shape = four;
    check_layer_refused(&bad, "output_shape is given, Keras has no such argument");
    bad = good, bad.framework = CONVT_PYTORCH, bad.pads = uneven;
    check_layer_refused(&bad, "pads are 0 and 1 on one axis");
    bad = good, bad.struct_size = 1;
    check_layer_refused(&bad, "layer.struct_size is 1");
    bad = good, bad.struct_size = offsetof(convt_layer, type); /* an older caller's: fields beyond are zero */
    convt_problem* problem = NULL;
    CHECK(convt_problem_from_layer(&bad, &problem, &error) != CONVT_OK && problem == NULL);
    check_layer_refused(NULL, "layer is null");
}

static int loops = 0;
static void run_backward(void* executor, int count, convt_task task, void* data) {
    ++*(int*)executor;
    for (int i = count - 1; i >= 0; --i)
        task(data, i);
}

/* All weights 1, all inputs 1: every output is the number of its taps times the channels, plus the bias. */
static void test_run(const convt_kernel* kernel, const convt_problem* problem) {
    static float x[8 * 36], w[8 * 16 * 16], bias[16], y[16 * 144];
    const convt_operand operands[4] = {CONVT_INPUT, CONVT_WEIGHTS, CONVT_BIAS, CONVT_OUTPUT};
    float* const memory[4] = {x, w, bias, y};
    const size_t counts[4] = {sizeof x / 4, sizeof w / 4, sizeof bias / 4, sizeof y / 4};
    convt_tensor tensors[4];
    for (int i = 0; i < 4; ++i) {
        int64_t extents[CONVT_MAX_RANK];
        const int rank = convt_problem_shape(problem, operands[i], extents);
        size_t count = 1;
        for (int d = 0; d < rank; ++d)
            count *= (size_t)extents[d];
        CHECK(count == counts[i]);
        for (size_t j = 0; j < count; ++j)
            memory[i][j] = 1;
        tensors[i].struct_size = sizeof(convt_tensor);
        CHECK(convt_tensor_dense(&tensors[i], memory[i], convt_problem_type(problem, operands[i]), rank, extents,
                                 &error) == CONVT_OK);
    }
    convt_packed_weights* packed = NULL;
    CHECK(convt_kernel_pack(kernel, &tensors[1], &packed, &error) == CONVT_OK);
    CHECK(convt_kernel_run(kernel, &tensors[0], packed, &tensors[2], &tensors[3], NULL, &error) == CONVT_OK);
    /* k4 s2 p1: two taps an axis inside, one at the borders; 8 channels. */
    CHECK(y[0] == 8 + 1 && y[1] == 16 + 1 && y[13] == 32 + 1 && y[16 * 144 - 1] == 8 + 1);

    convt_call_options options = {sizeof options, 0, run_backward, &loops, NULL, NULL, NULL, 0};
    memset(y, 0, sizeof y);
    CHECK(convt_kernel_run_unpacked(kernel, &tensors[0], &tensors[1], &tensors[2], &tensors[3], &options, &error) ==
          CONVT_OK);
    CHECK(y[13] == 33);
    memset(y, 0, sizeof y);
    CHECK(convt_kernel_run(kernel, &tensors[0], packed, NULL, &tensors[3], NULL, &error) == CONVT_INVALID_ARGUMENT);
    CHECK(strstr(error.message, "bias") != NULL && y[13] == 0);
    tensors[0].type = 99;
    CHECK(convt_kernel_run(kernel, &tensors[0], packed, &tensors[2], &tensors[3], NULL, &error) ==
          CONVT_INVALID_ARGUMENT);
    convt_packed_weights_destroy(packed);
}

static void test_operands(convt_engine* engine) {
    convt_problem* problem = NULL;
    CHECK(convt_problem_parse("convt1d_f32_ci1_co2_i3_k1_scale_add", &problem, &error) == CONVT_OK);
    CHECK(convt_problem_operand_count(problem) == 2);
    CHECK(strcmp(convt_problem_operand_name(problem, 0), "scale") == 0);
    CHECK(strcmp(convt_problem_operand_name(problem, 1), "add") == 0);
    CHECK(convt_problem_operand_name(problem, 2) == NULL && convt_problem_operand_name(problem, -1) == NULL);
    int64_t extents[CONVT_MAX_RANK];
    CHECK(convt_problem_operand_shape(problem, 0, extents) == 1 && extents[0] == 2);
    CHECK(convt_problem_operand_shape(problem, 1, extents) == 3 && extents[1] == 2 && extents[2] == 3);
    CHECK(convt_problem_operand_shape(problem, 2, extents) == 0);
    CHECK(convt_problem_operand_type(problem, 0) == CONVT_F32 && convt_problem_operand_type(problem, 2) == CONVT_F32);

    convt_kernel* kernel = NULL;
    CHECK(convt_engine_kernel(engine, problem, NULL, &kernel, &error) == CONVT_OK);
    convt_problem_destroy(problem);
    if (kernel == NULL) return;
    float x[3] = {1, 2, 3}, w[2] = {1, -1}, scale[2] = {10, 100}, add[6] = {1, 2, 3, 4, 5, 6}, y[6] = {0};
    convt_tensor views[5];
    float* const memory[5] = {x, w, scale, add, y};
    const int64_t shapes[5][3] = {{1, 1, 3}, {1, 2, 1}, {2}, {1, 2, 3}, {1, 2, 3}};
    for (int i = 0; i < 5; ++i) {
        views[i].struct_size = sizeof(convt_tensor);
        CHECK(convt_tensor_dense(&views[i], memory[i], CONVT_F32, i == 2 ? 1 : 3, shapes[i], &error) == CONVT_OK);
    }
    const convt_tensor* operands[2] = {&views[2], &views[3]};
    convt_call_options options = {sizeof options, 1, NULL, NULL, NULL, NULL, operands, 2};
    CHECK(convt_kernel_run_unpacked(kernel, &views[0], &views[1], NULL, &views[4], &options, &error) == CONVT_OK);
    CHECK(y[0] == 11 && y[2] == 33 && y[3] == -96 && y[5] == -294);
    options.operand_count = 1;
    CHECK(convt_kernel_run_unpacked(kernel, &views[0], &views[1], NULL, &views[4], &options, &error) ==
          CONVT_INVALID_ARGUMENT);
    CHECK(strstr(error.message, "scale, add") != NULL);
    options.operand_count = -1;
    CHECK(convt_kernel_run_unpacked(kernel, &views[0], &views[1], NULL, &views[4], &options, &error) ==
          CONVT_INVALID_ARGUMENT);
    options.operand_count = 2;
    options.operands = NULL;
    CHECK(convt_kernel_run_unpacked(kernel, &views[0], &views[1], NULL, &views[4], &options, &error) ==
          CONVT_INVALID_ARGUMENT);
    convt_kernel_destroy(kernel);
}

/* Six frames in pieces of 1, 3 and 2: 10 102 ... 600 as of the whole signal. */
static void test_stream(convt_engine* engine) {
    convt_problem *whole = NULL, *block = NULL;
    convt_kernel* kernel = NULL;
    convt_packed_weights* packed = NULL;
    convt_stream* stream = (convt_stream*)&error;
    CHECK(convt_problem_parse("convt1d_f32_ci1_co1_i6_k4_s2_p1", &whole, &error) == CONVT_OK);
    CHECK(convt_stream_problem(whole, 0, &block, &error) == CONVT_INVALID_ARGUMENT && block == NULL);
    CHECK(convt_stream_problem(whole, 2, &block, &error) == CONVT_OK);
    CHECK(convt_engine_kernel(engine, block, NULL, &kernel, &error) == CONVT_OK);
    float x[6] = {1, 2, 3, 4, 5, 6}, w[4] = {1, 10, 100, 1000}, y[12] = {0};
    convt_tensor tw = {.struct_size = sizeof tw};
    CHECK(convt_tensor_dense(&tw, w, CONVT_F32, 3, (int64_t[]){1, 1, 4}, &error) == CONVT_OK);
    CHECK(convt_kernel_pack(kernel, &tw, &packed, &error) == CONVT_OK);
    const convt_kernel* kernels[] = {kernel, NULL};
    const convt_packed_weights* weights[] = {packed, packed};
    CHECK(convt_stream_create(whole, kernels, weights, 0, &stream, &error) == CONVT_INVALID_ARGUMENT);
    CHECK(convt_stream_create(whole, kernels, weights, 2, &stream, &error) == CONVT_INVALID_ARGUMENT);
    CHECK(stream == NULL && strstr(error.message, "kernel is null") != NULL);
    CHECK(convt_stream_create(whole, kernels, weights, 1, &stream, &error) == CONVT_OK);
    const int64_t pieces[] = {1, 3, 2};
    int64_t taken = 0, written = 0;
    for (int i = 0; i < 3; ++i) {
        const int64_t outputs = convt_stream_outputs(stream, pieces[i]);
        convt_tensor tx = {.struct_size = sizeof tx}, ty = tx;
        CHECK(convt_tensor_dense(&tx, x + taken, CONVT_F32, 3, (int64_t[]){1, 1, pieces[i]}, &error) == CONVT_OK);
        CHECK(convt_tensor_dense(&ty, y + written, CONVT_F32, 3, (int64_t[]){1, 1, outputs}, &error) == CONVT_OK);
        CHECK(convt_stream_push(stream, NULL, NULL, &ty, NULL, &error) == CONVT_INVALID_ARGUMENT);
        CHECK(convt_stream_push(stream, &tx, NULL, &ty, NULL, &error) == CONVT_OK);
        taken += pieces[i], written += outputs;
    }
    CHECK(written + convt_stream_rest(stream) == 12);
    convt_tensor ty = {.struct_size = sizeof ty};
    const int64_t rest[] = {1, 1, convt_stream_rest(stream)};
    CHECK(convt_tensor_dense(&ty, y + written, CONVT_F32, 3, rest, &error) == CONVT_OK);
    CHECK(convt_stream_finish(stream, NULL, rest[2] > 0 ? &ty : NULL, NULL, &error) == CONVT_OK);
    CHECK(y[0] == 10 && y[1] == 102 && y[2] == 1020 && y[11] == 600);
    convt_stream_reset(stream);
    convt_stream_destroy(stream);
    convt_packed_weights_destroy(packed);
    convt_kernel_destroy(kernel);
    convt_problem_destroy(block);
    convt_problem_destroy(whole);
}

/* x is the gradient by the layer's output, y the one by its input: dx[i] = 10 dy[2 i] + dy[2 i + 1]. */
static void test_gradient(convt_engine* engine) {
    convt_problem* problem = NULL;
    convt_kernel* kernel = NULL;
    CHECK(convt_problem_parse("convt1d_f32_ci1_co1_i3_k2_s2_gradinput", &problem, &error) == CONVT_OK);
    CHECK(convt_engine_kernel(engine, problem, NULL, &kernel, &error) == CONVT_OK);
    int64_t extents[CONVT_MAX_RANK];
    CHECK(convt_problem_shape(problem, CONVT_INPUT, extents) == 3 && extents[2] == 6);
    CHECK(convt_problem_shape(problem, CONVT_OUTPUT, extents) == 3 && extents[2] == 3);
    float dy[6] = {1, 2, 3, 4, 5, 6}, w[2] = {10, 1}, dx[3] = {0};
    convt_tensor x = {.struct_size = sizeof x}, weights = x, y = x;
    CHECK(convt_tensor_dense(&x, dy, CONVT_F32, 3, (int64_t[]){1, 1, 6}, &error) == CONVT_OK);
    CHECK(convt_tensor_dense(&weights, w, CONVT_F32, 3, (int64_t[]){1, 1, 2}, &error) == CONVT_OK);
    CHECK(convt_tensor_dense(&y, dx, CONVT_F32, 3, (int64_t[]){1, 1, 3}, &error) == CONVT_OK);
    CHECK(convt_kernel_run_unpacked(kernel, &x, &weights, NULL, &y, NULL, &error) == CONVT_OK);
    CHECK(dx[0] == 12 && dx[1] == 34 && dx[2] == 56);
    convt_kernel_destroy(kernel);
    convt_problem_destroy(problem);
}

static void test_engine(const char* worker) {
    convt_problem* problem = NULL;
    CHECK(convt_problem_parse("convt2d_f32_ci8_co16_i6_k4_s2_p1_bias", &problem, &error) == CONVT_OK);
    CHECK(strcmp(convt_problem_text(problem), "convt2d_f32_ci8_co16_i6x6_k4x4_s2x2_p1x1_bias") == 0);
    convt_target* target = NULL;
    CHECK(convt_target_parse("host", &target, &error) == CONVT_OK);
    CHECK(strcmp(convt_target_text(target), "host") != 0);

    convt_engine_options options = {0};
    options.struct_size = sizeof options;
    options.cache_dir = "";
    options.never_compile = 1;
    convt_engine* engine = NULL;
    convt_kernel* kernel = NULL;
    CHECK(convt_engine_create(&options, &engine, &error) == CONVT_OK);
    CHECK(convt_engine_kernel(engine, problem, target, &kernel, &error) == CONVT_UNSUPPORTED && kernel == NULL);
    convt_engine_destroy(engine);

    options.never_compile = 0;
    options.untuned = 1;
    options.worker = worker;
    CHECK(convt_engine_create(&options, &engine, &error) == CONVT_OK);
    CHECK(convt_engine_kernel(engine, problem, NULL, &kernel, &error) == CONVT_OK);
    convt_engine_stats stats = {sizeof stats, 0, 0, 0, 0, 0};
    CHECK(convt_engine_get_stats(engine, &stats, &error) == CONVT_OK && stats.compiles == 1 && stats.kernels == 1);
    test_operands(engine);
    test_stream(engine);
    test_gradient(engine);
    convt_engine_destroy(engine);
    if (kernel != NULL) {
        convt_kernel_info info = {0};
        info.struct_size = sizeof info;
        CHECK(convt_kernel_get_info(kernel, &info, &error) == CONVT_OK);
        CHECK(strcmp(info.problem, convt_problem_text(problem)) == 0 && info.packed_bytes > 0 && info.code_bytes > 0);
        test_run(kernel, problem);
    }
    convt_kernel_destroy(kernel);
    convt_target_destroy(target);
    convt_problem_destroy(problem);
}

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    test_errors();
    test_open();
    test_layers();
    test_layer_errors();
    test_engine(argv[1]);
    convt_set_default_threads(2);
    CHECK(convt_default_threads() == 2);
    printf("convt %s: %d failures\n", convt_version(), failures);
    return failures == 0 ? 0 : 1;
}
