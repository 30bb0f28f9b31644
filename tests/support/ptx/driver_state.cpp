// SPDX-License-Identifier: Apache-2.0
#include "tests/support/ptx/driver_state.h"

#include <fmt/format.h>

#include <cstdlib>
#include <cstring>

namespace convt::ptx {
namespace {

// Of 2^37 bytes a context, so that an address tells whose it is.
constexpr std::uint64_t context_addresses = std::uint64_t{1} << 37U;

int devices_from_environment() {
    const char* text = std::getenv("CONVT_PTX_DEVICES");
    return text == nullptr ? 1 : std::atoi(text);
}

void play_default(Machine& machine) {
    machine.initialised = false;
    machine.devices = devices_from_environment();
    machine.capability_major = 8;
    machine.capability_minor = 0;
    machine.memory = std::uint64_t{16} << 30U;
    machine.limit = std::uint64_t{1} << 40U;
    machine.sample = nullptr;
    machine.sample_data = nullptr;
    machine.primaries.clear();
    machine.contexts.clear();
    machine.launches.clear();
    machine.images.clear();
    machine.ptx_version = 999;
    machine.last_error.clear();
    machine.clock_ms = 0;
}

}  // namespace

CUcontext Machine::make_context(CUdevice device) {
    auto context = std::make_unique<CUctx_st>();
    context->device = device;
    context->id = contexts_made + 1;
    context->memory.limit = memory;
    context->memory.start_at(device_base + contexts_made++ * context_addresses);
    const CUcontext handle = context.get();
    contexts.emplace(handle, std::move(context));
    return handle;
}

CUcontext Machine::owner(CUdeviceptr address) {
    for (const auto& [handle, context] : contexts) {
        const Allocation* allocation = context->memory.find(address);
        if (allocation != nullptr && allocation->holds(address, 1)) return handle;
    }
    return nullptr;
}

Machine& machine() {
    // Never destroyed: Halide's run time releases its modules while the process ends.
    static Machine* const only = [] {
        auto* made = new Machine;
        made->devices = devices_from_environment();
        return made;
    }();
    return *only;
}

std::vector<CUcontext>& current_contexts() {
    thread_local std::vector<CUcontext> contexts;
    return contexts;
}

CUresult fail(CUresult code, std::string why) {
    machine().last_error = std::move(why);
    return code;
}

CUresult with_machine(const std::function<CUresult(Machine&)>& call) {
    Machine& all = machine();
    const std::lock_guard lock(all.mutex);
    if (!all.initialised) return fail(CUDA_ERROR_NOT_INITIALIZED, "cuInit was not called");
    try {
        return call(all);
    } catch (const std::exception& error) {
        return fail(CUDA_ERROR_LAUNCH_FAILED, error.what());
    }
}

CUresult with_context(const std::function<CUresult(Machine&, CUctx_st&)>& call) {
    return with_machine([&](Machine& all) {
        const std::vector<CUcontext>& current = current_contexts();
        if (current.empty()) return fail(CUDA_ERROR_INVALID_CONTEXT, "no context is current");
        const auto found = all.contexts.find(current.back());
        if (found == all.contexts.end()) return fail(CUDA_ERROR_INVALID_CONTEXT, "the current context was destroyed");
        if (found->second->failed != CUDA_SUCCESS) return found->second->failed;
        return call(all, *found->second);
    });
}

}  // namespace convt::ptx

using convt::ptx::machine;

void convt_ptx_reset() {
    const std::lock_guard lock(machine().mutex);
    convt::ptx::play_default(machine());
    convt::ptx::current_contexts().clear();
}
void convt_ptx_set_device_count(int count) {
    machine().devices = count;
}
void convt_ptx_set_capability(int major, int minor) {
    machine().capability_major = major;
    machine().capability_minor = minor;
}
void convt_ptx_set_memory(std::uint64_t bytes) {
    machine().memory = bytes;
}
void convt_ptx_set_limit(std::uint64_t instructions) {
    machine().limit = instructions;
}
void convt_ptx_set_sample(int (*wanted)(void*, const convt::ptx::Dim3*, const convt::ptx::Dim3*), void* data) {
    machine().sample = wanted;
    machine().sample_data = data;
}
const std::vector<convt::ptx::LaunchRecord>* convt_ptx_launches() {
    return &machine().launches;
}
const std::vector<std::string>* convt_ptx_images() {
    return &machine().images;
}
void convt_ptx_set_ptx_version(int version) {
    machine().ptx_version = version;
}
int convt_ptx_modules() {
    const std::lock_guard lock(machine().mutex);
    std::size_t modules = 0;
    for (const auto& [handle, context] : machine().contexts)
        modules += context->modules.size();
    return static_cast<int>(modules);
}
const char* convt_ptx_last_error() {
    return machine().last_error.c_str();
}
std::uint64_t convt_ptx_memory_used() {
    const std::lock_guard lock(machine().mutex);
    std::uint64_t used = 0;
    for (const auto& [handle, context] : machine().contexts)
        used += context->memory.used();
    return used;
}
bool convt_ptx_written(CUdeviceptr address, std::uint64_t bytes, unsigned char* flags) {
    const std::lock_guard lock(machine().mutex);
    const CUcontext owner = machine().owner(address);
    if (owner == nullptr) return false;
    convt::ptx::Allocation* allocation = owner->memory.find(address);
    if (!allocation->holds(address, bytes)) return false;
    std::memcpy(flags, allocation->written(address), bytes);
    return true;
}
