// SPDX-License-Identifier: Apache-2.0
// Halide's run-time ABI: the one header through which convt sees HalideRuntime.h. The run time itself is linked in with
// every symbol prefixed (runtime/jit/halide_runtime.cmake); only what is called is declared here.
#pragma once

#include <HalideRuntime.h>
#include <HalideRuntimeCuda.h>

#ifdef __cplusplus
extern "C" {
#endif
halide_error_handler_t convt_halide_set_error_handler(halide_error_handler_t handler);
halide_malloc_t convt_halide_set_custom_malloc(halide_malloc_t handler);
halide_free_t convt_halide_set_custom_free(halide_free_t handler);
halide_do_par_for_t convt_halide_set_custom_do_par_for(halide_do_par_for_t handler);
halide_cuda_acquire_context_t convt_halide_set_cuda_acquire_context(halide_cuda_acquire_context_t handler);
halide_cuda_get_stream_t convt_halide_set_cuda_get_stream(halide_cuda_get_stream_t handler);
int convt_halide_reuse_device_allocations(void* user_context, bool reuse);
void* convt_halide_cuda_get_symbol(void* user_context, const char* name);
const struct halide_device_interface_t* convt_halide_cuda_device_interface(void);
#ifdef __cplusplus
}
#endif
