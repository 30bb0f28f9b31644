// SPDX-License-Identifier: Apache-2.0
// The table of imports: Halide's run time (generated at build time from the object that is linked in) but for its way
// to load and launch what runs on a GPU, which is convt's (runtime/cuda), the memory functions that LLVM calls for
// loops it recognises, and libm (fma too: without the FMA instruction LLVM calls it).
#include "runtime/jit/imports.h"

#include "runtime/cuda/device.h"

#include <math.h>
#include <string.h>

// Declared only to take their addresses; HalideRuntime.h has their types.
extern "C" {
#define CONVT_HALIDE_SYMBOL(name) void convt_##name();
#include "halide_runtime_symbols.inc"
#undef CONVT_HALIDE_SYMBOL
}

namespace convt {
namespace {

template <typename Function>
std::uintptr_t address(Function* function) noexcept {
    return reinterpret_cast<std::uintptr_t>(function);
}

template <typename T>
using Unary = T(T);
template <typename T>
using Binary = T(T, T);
template <typename T>
using Ternary = T(T, T, T);

}  // namespace

std::span<const Import> kernel_imports() noexcept {
#define CONVT_MATH(shape, name)                         \
    {#name, address<shape<double>>(::name)}, {          \
#name "f", address < shape < float>>(::name##f) \
    }
    static const Import table[] = {
#define CONVT_HALIDE_SYMBOL(name) {#name, address(convt_##name)},
#include "halide_runtime_symbols.inc"
#undef CONVT_HALIDE_SYMBOL
        {"halide_cuda_initialize_kernels", address(convt_cuda_initialize_kernels)},
        {"halide_cuda_finalize_kernels", address(convt_cuda_finalize_kernels)},
        {"halide_cuda_run", address(convt_cuda_run)},
        {"memcpy", address(::memcpy)},
        {"memmove", address(::memmove)},
        {"memset", address(::memset)},
        CONVT_MATH(Unary, exp),
        CONVT_MATH(Unary, log),
        CONVT_MATH(Unary, tanh),
        CONVT_MATH(Unary, erf),
        CONVT_MATH(Unary, sin),
        CONVT_MATH(Unary, cos),
        CONVT_MATH(Unary, sqrt),
        CONVT_MATH(Unary, floor),
        CONVT_MATH(Unary, ceil),
        CONVT_MATH(Unary, trunc),
        CONVT_MATH(Unary, rint),
        CONVT_MATH(Unary, nearbyint),
        CONVT_MATH(Binary, pow),
        CONVT_MATH(Binary, fmod),
        CONVT_MATH(Ternary, fma),
    };
#undef CONVT_MATH
    return table;
}

}  // namespace convt
