// SPDX-License-Identifier: Apache-2.0
// Two archives in one C program. All inputs and weights are one, so every output counts the taps that reach it.
#include <stdio.h>
#include <stdlib.h>

#include "down.h"
#include "up.h"

static float ones[1 << 14];
__attribute__((aligned(64))) static float packed[1 << 14];
static float y[1 << 14];

// Taps of one axis that reach output o.
static int taps(int o, int input, int kernel, int stride, int padding) {
    int count = 0;
    for (int i = 0; i < input; ++i) {
        const int k = o + padding - i * stride;
        if (k >= 0 && k < kernel) ++count;
    }
    return count;
}

static void expect(float value, double expected, const char* what, int index) {
    if (value == (float)expected) return;
    fprintf(stderr, "%s[%d] is %g, expected %g\n", what, index, (double)value, expected);
    exit(1);
}

static void run_up(void) {
    if (up_first_pack(ones, packed) != up_ok || up_first_run(ones, packed, ones, y) != up_ok) {
        fprintf(stderr, "%s\n", up_last_error());
        exit(1);
    }
    for (int i = 0; i < 8 * 10 * 14; ++i)
        expect(y[i], 1 + 3 * taps(i / 14 % 10, 5, 4, 2, 1) * taps(i % 14, 7, 4, 2, 1), "up_first", i);
}

static void run_down(void) {
    if (down_first_run_unpacked(ones, ones, y) != down_ok) {
        fprintf(stderr, "%s\n", down_last_error());
        exit(1);
    }
    for (int i = 0; i < 3 * 6 * 6; ++i)
        expect(y[i], 8 * taps(i / 6 % 6, 6, 3, 1, 1) * taps(i % 6, 6, 3, 1, 1), "down_first", i);
}

int main(void) {
    for (int i = 0; i < 1 << 14; ++i)
        ones[i] = 1;
    run_up();
    run_down();
    printf("up on %s, down on %s\n", up_target(), down_target());
    return 0;
}
