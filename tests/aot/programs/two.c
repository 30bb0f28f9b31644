// SPDX-License-Identifier: Apache-2.0
// Calls both archives and prints what they give.
#include <stdio.h>

#include "down.h"
#include "up.h"

static void print(const float* values, int count) {
    for (int i = 0; i < count; ++i)
        printf("%s%g", i ? " " : "", (double)values[i]);
    printf("\n");
}

int main(void) {
    const float x[3] = {1, 2, 3};
    const float w[2] = {10, 1};
    __attribute__((aligned(64))) static float packed_up[up_first_packed_size];
    __attribute__((aligned(64))) static float packed_down[down_first_packed_size];
    float y_up[6];
    float y_down[4];
    up_set_threads(2);
    if (up_first_pack(w, packed_up) != up_ok || up_first_run(x, packed_up, y_up) != up_ok) return 1;
    if (down_first_pack(w, packed_down) != down_ok || down_first_run(x, packed_down, y_down) != down_ok) return 2;
    print(y_up, 6);
    print(y_down, 4);
    return 0;
}
