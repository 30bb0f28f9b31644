// SPDX-License-Identifier: Apache-2.0
// A kernel by hand, for tests of what surrounds kernels: f32, 1D, one channel, one tap, y = x * w, for any extent.
// With CONVT_FAKE_WRONG the last output is off by one, as only an admission check can find out.
#include <HalideRuntime.h>

static float* host(void* buffer) {
    return (float*)((halide_buffer_t*)buffer)->host;
}

// args: user context, weights as the caller has them, packed weights.
int convt_fake_pack_argv(void** args) {
    host(args[2])[0] = host(args[1])[0];
    return 0;
}

// args: user context, input, packed weights, output.
int convt_fake_run_argv(void** args) {
    const halide_dimension_t x = ((halide_buffer_t*)args[1])->dim[0];
    const halide_dimension_t y = ((halide_buffer_t*)args[3])->dim[0];
    for (int i = 0; i < y.extent; ++i)
        host(args[3])[i * y.stride] = host(args[1])[i * x.stride] * host(args[2])[0];
#ifdef CONVT_FAKE_WRONG
    host(args[3])[(y.extent - 1) * y.stride] += 1;
#endif
    return 0;
}
