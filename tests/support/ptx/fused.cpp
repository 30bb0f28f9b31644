// SPDX-License-Identifier: Apache-2.0
#include "tests/support/ptx/fused.h"

#include "tests/support/ptx/real.h"

namespace convt::ptx {
namespace {

template <typename T>
T fma(T a, T b, T c) {
    return std::fma(a, b, c);
}

#if defined(__x86_64__)
// No template and nothing inlined from one: what is compiled for these instructions must not be linked into other code.
__attribute__((target("avx2,fma"))) void fma32(const std::byte* a, const std::byte* b, const std::byte* c, float* d) {
    for (unsigned i = 0; i < warp_lanes; ++i) {
        float x;
        float y;
        float z;
        __builtin_memcpy(&x, a + 4UL * i, 4);
        __builtin_memcpy(&y, b + 4UL * i, 4);
        __builtin_memcpy(&z, c + 4UL * i, 4);
        d[i] = __builtin_fmaf(x, y, z);
    }
}
__attribute__((target("avx2,fma"))) void fma64(const std::byte* a, const std::byte* b, const std::byte* c, double* d) {
    for (unsigned i = 0; i < warp_lanes; ++i) {
        double x;
        double y;
        double z;
        __builtin_memcpy(&x, a + 8UL * i, 8);
        __builtin_memcpy(&y, b + 8UL * i, 8);
        __builtin_memcpy(&z, c + 8UL * i, 8);
        d[i] = __builtin_fma(x, y, z);
    }
}

void run_f32(Warp& warp, const Operation& operation, Mask lanes) {
    alignas(64) float result[warp_lanes];
    fma32(warp.at(operation.s[0]), warp.at(operation.s[1]), warp.at(operation.s[2]), result);
    for (float& value : result)
        value = canonical(value);
    put_lanes(warp, operation.d[0], lanes, result);
}
void run_f64(Warp& warp, const Operation& operation, Mask lanes) {
    alignas(64) double result[warp_lanes];
    fma64(warp.at(operation.s[0]), warp.at(operation.s[1]), warp.at(operation.s[2]), result);
    put_lanes(warp, operation.d[0], lanes, result);
}
// .ftz: flushed operands, then as above. Fast math is where Halide's kernels are.
void run_f32_ftz(Warp& warp, const Operation& operation, Mask lanes) {
    alignas(64) float operands[3][warp_lanes];
    alignas(64) float result[warp_lanes];
    for (unsigned operand = 0; operand < 3; ++operand) {
        const std::byte* from = warp.at(operation.s[operand]);
        for (unsigned i = 0; i < warp_lanes; ++i)
            operands[operand][i] = flushed(get_lane<float>(from, i));
    }
    const auto bytes = [&](unsigned operand) { return reinterpret_cast<const std::byte*>(operands[operand]); };
    fma32(bytes(0), bytes(1), bytes(2), result);
    for (float& value : result)
        value = canonical(flushed(value));
    put_lanes(warp, operation.d[0], lanes, result);
}

bool host_has_fma() {
    return __builtin_cpu_supports("fma") && __builtin_cpu_supports("avx2");
}
#endif

template <auto F>
Choice fused(Execute fast) {
    Choice choice = lanewise<F>();
    if (fast != nullptr) choice.execute = fast;
    return choice;
}

}  // namespace

#if defined(__x86_64__)
Choice fused_f32() {
    return fused<&shape3<float, &fma<float>, false, false>>(host_has_fma() ? &run_f32 : nullptr);
}
Choice fused_f32_ftz() {
    return fused<&shape3<float, &fma<float>, true, false>>(host_has_fma() ? &run_f32_ftz : nullptr);
}
Choice fused_f64() {
    return fused<&shape3<double, &fma<double>, false, false>>(host_has_fma() ? &run_f64 : nullptr);
}
#else
Choice fused_f32() {
    return fused<&shape3<float, &fma<float>, false, false>>(nullptr);
}
Choice fused_f32_ftz() {
    return fused<&shape3<float, &fma<float>, true, false>>(nullptr);
}
Choice fused_f64() {
    return fused<&shape3<double, &fma<double>, false, false>>(nullptr);
}
#endif

}  // namespace convt::ptx
