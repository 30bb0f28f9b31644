/* SPDX-License-Identifier: Apache-2.0 */
/* Calls an archive of open problems with several sizes, and with some that it does not take. */
#include <stdio.h>
#include <string.h>

#include "open.h"

static int failures = 0;
#define CHECK(condition)                                                                 \
    do {                                                                                 \
        if (!(condition)) {                                                              \
            ++failures;                                                                  \
            printf("line %d: %s (last: %s)\n", __LINE__, #condition, open_last_error()); \
        }                                                                                \
    } while (0)

enum { MOST = 64 };
static float x[4 * MOST], w[2 * 4] = {1, 2, 3, 4, 10, 20, 30, 40}, bias[2] = {100, 200}, add[4 * 2 * 2 * MOST],
                                y[4 * 2 * 2 * MOST + 1];

/* x of ones: an output of channel c sums two taps, at the ends one. */
static void check_sizes(int64_t batch, int64_t width) {
    for (int i = 0; i < 4 * MOST; ++i)
        x[i] = 1;
    for (int i = 0; i < 4 * 2 * 2 * MOST; ++i)
        add[i] = (float)i;
    const int64_t outputs = batch * width * 2 * 2;
    memset(y, 0, sizeof y);
    y[outputs] = -7;
    CHECK(open_p_run_unpacked(batch, width, x, w, bias, add, y) == open_ok);
    for (int64_t i = 0; i < outputs; ++i) {
        const int c = (int)(i % 2);
        const int64_t o = i / 2 % (2 * width);
        float sum = o % 2 == 0 ? w[4 * c + 1] + w[4 * c + 3] : w[4 * c] + w[4 * c + 2];
        if (o == 0) sum = w[4 * c + 1];
        if (o == 2 * width - 1) sum = w[4 * c + 2];
        CHECK(y[i] == sum + bias[c] + add[i]);
    }
    CHECK(y[outputs] == -7);
}

int main(void) {
    for (int64_t width = 2; width <= MOST; width += 2)
        check_sizes(1 + width % 4, width);
    CHECK(open_p_run_unpacked(1, 3, x, w, bias, add, y) == open_invalid_argument);
    CHECK(strcmp(open_last_error(), "open_p: width is 3, must be a multiple of 2 in [2, 134217726]") == 0);
    CHECK(open_p_run_unpacked(1, 0, x, w, bias, add, y) == open_invalid_argument);
    CHECK(open_p_run_unpacked(0, 2, x, w, bias, add, y) == open_invalid_argument);
    CHECK(strstr(open_last_error(), "batch is 0") != NULL);
    CHECK(open_p_run_unpacked(1 << 20, 1 << 20, x, w, bias, add, y) == open_invalid_argument);
    CHECK(strstr(open_last_error(), "input bytes are 4398046511104, must be less than 2^31") != NULL);
    double rows[3 * 2] = {1, 2, 3, 4, 5, 6}, kernel[4] = {1, 10, 100, 1000}, out[6 * 4];
    CHECK(open_rows_run_unpacked(3, rows, kernel, out) == open_ok);
    CHECK(out[0] == 1 && out[3] == 20 && out[4] == 100 && out[23] == 6000);
    return failures != 0;
}
