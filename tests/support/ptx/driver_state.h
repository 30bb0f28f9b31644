// SPDX-License-Identifier: Apache-2.0
// What the stand-in driver knows: the machine it plays, contexts with their memory, modules, streams and events, and
// what launches told. One lock guards all of it; every call takes it.
#pragma once

#include "tests/support/ptx/driver.h"
#include "tests/support/ptx/loaded_module.h"

#include <functional>
#include <mutex>
#include <set>

struct CUfunc_st {
    CUmod_st* module = nullptr;
    const convt::ptx::Program* program = nullptr;
    std::uint64_t max_dynamic_shared = 0;
};
struct CUmod_st {
    CUctx_st* context = nullptr;
    std::unique_ptr<convt::ptx::LoadedModule> loaded;
    int max_registers = 0;
    std::map<std::string, CUfunc_st> functions;
};
struct CUstream_st {
    CUctx_st* context = nullptr;
};
struct CUevent_st {
    CUctx_st* context = nullptr;
    double recorded_ms = -1;
};
struct CUctx_st {
    CUdevice device = 0;
    unsigned long long id = 0;  // no other context ever has it
    convt::ptx::Memory memory;
    // A launch that failed: as on a device, every later call of the context tells so.
    CUresult failed = CUDA_SUCCESS;
    std::map<CUmodule, std::unique_ptr<CUmod_st>> modules;
    std::map<CUstream, std::unique_ptr<CUstream_st>> streams;
    std::map<CUevent, std::unique_ptr<CUevent_st>> events;
};

namespace convt::ptx {

struct Machine {
    std::mutex mutex;
    bool initialised = false;
    int devices = 1;
    int capability_major = 8;
    int capability_minor = 0;
    std::uint64_t memory = std::uint64_t{16} << 30U;
    std::uint64_t limit = std::uint64_t{1} << 40U;
    int (*sample)(void*, const Dim3*, const Dim3*) = nullptr;
    void* sample_data = nullptr;
    std::uint64_t contexts_made = 0;
    std::map<CUcontext, std::unique_ptr<CUctx_st>> contexts;
    std::map<CUdevice, std::pair<CUcontext, int>> primaries;  // with how often each is retained
    std::vector<LaunchRecord> launches;
    std::vector<std::string> images;  // that were offered to the loader of modules
    int ptx_version = 999;            // 10 * major + minor of the newest PTX that is taken
    std::string last_error;
    double clock_ms = 0;  // of the device; only launches let it go on

    CUcontext make_context(CUdevice device);
    // Of any context; nullptr where none holds the address.
    CUcontext owner(CUdeviceptr address);
};

Machine& machine();
// The function behind a handle; nullptr where it is none of this context (driver_module.cpp).
CUfunc_st* function_of(CUctx_st& context, CUfunction function);
// The contexts that this thread pushed, the current one last.
std::vector<CUcontext>& current_contexts();

// Records why a call fails, and returns `code`.
CUresult fail(CUresult code, std::string why);

// Runs `call` under the lock once cuInit was called; what is thrown becomes CUDA_ERROR_LAUNCH_FAILED.
CUresult with_machine(const std::function<CUresult(Machine&)>& call);
// The same with the current context, which must live and not have failed.
CUresult with_context(const std::function<CUresult(Machine&, CUctx_st&)>& call);

}  // namespace convt::ptx
