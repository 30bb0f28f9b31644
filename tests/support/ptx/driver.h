// SPDX-License-Identifier: Apache-2.0
// How a test talks to the stand-in driver beside its CUDA calls: what machine it plays, and what the launches told. The
// device count can come from the environment too: CONVT_PTX_DEVICES=0 is a machine without one. CONVT_PTX_NAME is the
// name its devices answer. Events tell a device's own time, the same on every run: 2 us a launch and 1 ns an
// instruction of a warp.
#pragma once

#include "tests/support/ptx/cuda_api.h"
#include "tests/support/ptx/report.h"

#include <string>
#include <vector>

namespace convt::ptx {

struct LaunchRecord {
    std::string kernel;
    Dim3 grid;
    Dim3 block;
    std::uint64_t dynamic_shared = 0;
    CUstream stream = nullptr;
    int max_registers = 0;  // as the module was loaded; 0: no limit
    Report report;
    std::string error;  // why the launch was given up
};

}  // namespace convt::ptx

// Forgets every context, module and record, and plays one device of capability 8.0 with 16 GiB again.
CONVT_PTX_EXPORT void convt_ptx_reset();
CONVT_PTX_EXPORT void convt_ptx_set_device_count(int count);
CONVT_PTX_EXPORT void convt_ptx_set_capability(int major, int minor);
// Of every context that is made from now on.
CONVT_PTX_EXPORT void convt_ptx_set_memory(std::uint64_t bytes);
// Warp instructions a launch may take before it fails with CUDA_ERROR_LAUNCH_TIMEOUT.
CONVT_PTX_EXPORT void convt_ptx_set_limit(std::uint64_t instructions);
// Which blocks are executed: those for which `wanted` is not 0; nullptr: all.
CONVT_PTX_EXPORT void convt_ptx_set_sample(int (*wanted)(void* data, const convt::ptx::Dim3* grid,
                                                         const convt::ptx::Dim3* block),
                                           void* data);
// Valid until the next launch or reset.
CONVT_PTX_EXPORT const std::vector<convt::ptx::LaunchRecord>* convt_ptx_launches();
// What was offered to cuModuleLoadData and its like since the last reset, in that order: "ptx 80", "cubin 86".
CONVT_PTX_EXPORT const std::vector<std::string>* convt_ptx_images();
// 10 times major and minor of the newest version of PTX that is taken; others get the answer of an old driver.
CONVT_PTX_EXPORT void convt_ptx_set_ptx_version(int version);
// Modules that are loaded, in all contexts.
CONVT_PTX_EXPORT int convt_ptx_modules();
// Why the last call failed that did, in words: the unknown instruction, the address. Empty where none did.
CONVT_PTX_EXPORT const char* convt_ptx_last_error();
// Bytes allocated in all contexts, modules' variables included.
CONVT_PTX_EXPORT std::uint64_t convt_ptx_memory_used();
// Which of `bytes` bytes from `address` were written, by copies or kernels: 1 or 0 each. What a sample of blocks did
// not write is not to be compared. False where they are not all in one allocation.
CONVT_PTX_EXPORT bool convt_ptx_written(CUdeviceptr address, std::uint64_t bytes, unsigned char* flags);
