// SPDX-License-Identifier: Apache-2.0
// Runs convt2d_f32_ci16_co32_i8x8_k4x4_s2x2_p1x1_bias on integers and scatters the same sum beside it. 0: right, 1:
// wrong, 3: the archive has nothing for this machine.
#include <stdio.h>
#include <string.h>

#include "gate.h"

enum { CI = 16, CO = 32, I = 8, K = 4, O = 16 };

static float x[CI][I][I], w[CI][CO][K][K], bias[CO], y[CO][O][O], expected[CO][O][O];
__attribute__((aligned(64))) static float packed[gate_p_packed_size];

static void fill(float* values, int count, int step) {
    for (int i = 0; i < count; ++i)
        values[i] = (float)(i * step % 7 - 3);
}

static void scatter_one(int ci, int co) {
    for (int iy = 0; iy < I; ++iy)
        for (int ix = 0; ix < I; ++ix)
            for (int ky = 0; ky < K; ++ky)
                for (int kx = 0; kx < K; ++kx) {
                    const int oy = 2 * iy + ky - 1, ox = 2 * ix + kx - 1;
                    if (oy >= 0 && oy < O && ox >= 0 && ox < O)
                        expected[co][oy][ox] += x[ci][iy][ix] * w[ci][co][ky][kx];
                }
}

int main(void) {
    fill(&x[0][0][0], CI * I * I, 3);
    fill(&w[0][0][0][0], CI * CO * K * K, 5);
    fill(bias, CO, 1);
    for (int co = 0; co < CO; ++co)
        for (int i = 0; i < O * O; ++i)
            expected[co][i / O][i % O] = bias[co];
    for (int ci = 0; ci < CI; ++ci)
        for (int co = 0; co < CO; ++co)
            scatter_one(ci, co);

    enum gate_status status = gate_p_pack(&w[0][0][0][0], packed);
    if (status == gate_ok) status = gate_p_run(&x[0][0][0], packed, bias, &y[0][0][0]);
    if (status != gate_ok) {
        printf("%s\n", gate_target() ? gate_target() : "no target");
        fprintf(stderr, "%s\n", gate_last_error());
        return status == gate_missing_feature || status == gate_no_device ? 3 : 1;
    }
    const int right = memcmp(y, expected, sizeof y) == 0;
    printf("%s: %s\n", gate_target(), right ? "right" : "wrong");
    return right ? 0 : 1;
}
