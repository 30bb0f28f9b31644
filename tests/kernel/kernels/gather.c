// SPDX-License-Identifier: Apache-2.0
// A transposed convolution by hand, as a compiler's object looks to the loader: any strides, any rank and scalar type,
// parallel over output channels, one group. The operator comes from macros (three axes x y z each): SCALAR, PARTS,
// KERNEL, STRIDE, PADDING, DILATION, SLOPE for negative values where there is an epilogue, BIAS where there is one,
// RESIDUAL where scale and add follow it. One of the BUG macros makes it wrong.
#include <HalideRuntime.h>

static const int kernel[3] = {KERNEL};
static const int stride[3] = {STRIDE};
static const int padding[3] = {PADDING};
static const int dilation[3] = {DILATION};

typedef struct {
    halide_buffer_t *x, *w, *bias, *scale, *add, *y;
} Tensors;

static const halide_dimension_t* dims(const halide_buffer_t* buffer) {
    return buffer->dim + (PARTS - 1);
}

static SCALAR* at(const halide_buffer_t* buffer, int x, int y, int z, int c, int n) {
    const halide_dimension_t* d = dims(buffer);
    return (SCALAR*)buffer->host +
           (x * d[0].stride + y * d[1].stride + z * d[2].stride + c * d[3].stride + n * d[5].stride);
}

// The input position that tap k of output o reads, or -1.
static int source(int axis, int o, int k, int extent) {
    const int scattered = o + padding[axis] - dilation[axis] * k;
    if (scattered < 0 || scattered % stride[axis] != 0 || scattered / stride[axis] >= extent) return -1;
    return scattered / stride[axis];
}

static void add_product(SCALAR* sum, const SCALAR* x, const SCALAR* w) {
    if (PARTS == 1) {
        sum[0] += x[0] * w[0];
    } else {
        sum[0] += x[0] * w[0] - x[PARTS - 1] * w[PARTS - 1];
        sum[PARTS - 1] += x[0] * w[PARTS - 1] + x[PARTS - 1] * w[0];
    }
}

static void output(const Tensors* t, int ox, int oy, int oz, int c, int n) {
    const halide_dimension_t* in = dims(t->x);
    SCALAR sum[PARTS] = {0};
    for (int kz = 0; kz < kernel[2]; ++kz)
        for (int ky = 0; ky < kernel[1]; ++ky)
            for (int kx = 0; kx < kernel[0]; ++kx) {
                const int x = source(0, ox, kx, in[0].extent);
                const int y = source(1, oy, ky, in[1].extent);
                const int z = source(2, oz, kz, in[2].extent);
                if (x < 0 || y < 0 || z < 0) continue;
                for (int ci = 0; ci < in[3].extent; ++ci) {
                    const int co_extent = dims(t->y)[3].extent;
                    const int tap = (((ci * co_extent + c) * kernel[2] + kz) * kernel[1] + ky) * kernel[0] + kx;
                    add_product(sum, at(t->x, x, y, z, ci, n), (SCALAR*)t->w->host + tap * PARTS);
                }
            }
    SCALAR* const y = at(t->y, ox, oy, oz, c, n);
    for (int part = 0; part < PARTS; ++part) {
        SCALAR v = sum[part];
        if (t->bias) v += ((SCALAR*)t->bias->host)[c * PARTS + part];
#ifdef RESIDUAL
        v = v * ((SCALAR*)t->scale->host)[c * PARTS + part] + at(t->add, ox, oy, oz, c, n)[part];
#endif
#ifdef SLOPE
        if (v < 0) v *= (SCALAR)SLOPE;
#endif
        y[part] = v;
    }
}

static int channel(void* user_context, int c, uint8_t* closure) {
    (void)user_context;
    const Tensors* t = (const Tensors*)closure;
    const halide_dimension_t* out = dims(t->y);
#ifdef FAIL_AT
    if (c == FAIL_AT) {
        halide_error(user_context, "the kernel fails here");
        return halide_error_code_internal_error;
    }
#endif
#ifdef SCRATCH
    void* scratch = halide_malloc(user_context, (size_t)(SCRATCH));
    if (!scratch) return halide_error_code_out_of_memory;
    halide_free(user_context, scratch);
#endif
    for (int n = 0; n < out[5].extent; ++n)
        for (int z = 0; z < out[2].extent; ++z)
            for (int y = 0; y < out[1].extent; ++y)
                for (int x = 0; x < out[0].extent; ++x) {
#ifdef BUG_SKIPS_CORNER
                    if (x == out[0].extent - 1 && y == out[1].extent - 1 && c == out[3].extent - 1) continue;
#endif
                    output(t, x, y, z, c, n);
#ifdef BUG_WRONG_PHASE
                    if (x % stride[0] == 1 && y % stride[1] == 1) at(t->y, x, y, z, c, n)[0] += 1;
#endif
#ifdef BUG_WRONG_BORDER
                    if (x == out[0].extent - 1) at(t->y, x, y, z, c, n)[PARTS - 1] *= 2;
#endif
                }
#ifdef BUG_WRITES_BEHIND
    if (c == out[3].extent - 1) at(t->y, out[0].extent - 1, out[1].extent - 1, 0, c, out[5].extent - 1)[PARTS] = 1;
#endif
#ifdef BUG_WRITES_BEFORE
    if (c == 0) at(t->y, 0, 0, 0, 0, 0)[-1] = 1;
#endif
    return 0;
}

// Half of the channels, in a loop inside a loop.
static int half(void* user_context, int h, uint8_t* closure) {
    const int count = dims(((const Tensors*)closure)->y)[3].extent / 2;
    return halide_do_par_for(user_context, channel, h * count, count, closure);
}

int gather_run_argv(void** args) {
    Tensors t = {args[1], args[2], 0, 0, 0, args[3]};
#ifdef BIAS
    t.bias = args[3];
    t.y = args[4];
#endif
#ifdef RESIDUAL
    t.scale = args[4];
    t.add = args[5];
    t.y = args[6];
#endif
#ifdef NESTED
    return halide_do_par_for(*(void**)args[0], half, 0, 2, (uint8_t*)&t);
#else
    (void)half;
    return halide_do_par_for(*(void**)args[0], channel, 0, dims(t.y)[3].extent, (uint8_t*)&t);
#endif
}

// Packed weights are the caller's, copied.
int gather_pack_argv(void** args) {
    const halide_buffer_t* from = args[1];
    const halide_buffer_t* to = args[2];
    size_t count = 1;
    for (int d = 0; d < from->dimensions; ++d)
        count *= (size_t)from->dim[d].extent;
    memcpy(to->host, from->host, count * sizeof(SCALAR));
    return 0;
}
