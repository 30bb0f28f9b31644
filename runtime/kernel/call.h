// SPDX-License-Identifier: Apache-2.0
// One call of a kernel as Halide's run time sees it: what `user_context` points to, and the handlers that stand in for
// Halide's own allocator, thread pool and error printer.
#pragma once

#include "convt/kernel.h"
#include "runtime/cuda/device.h"
#include "runtime/jit/loader.h"

#include <atomic>
#include <type_traits>

namespace convt {

struct CallContext {
    convt_cuda_call cuda{};  // first: runtime/cuda finds it there; modules is null where the kernel is for a CPU
    int threads = 1;
    Executor* executor = nullptr;
    std::atomic<bool> failed = false;
    char message[256];  // the first error's, once `failed`
};

static_assert(std::is_standard_layout_v<CallContext>);  // so that a pointer to it is one to its first member

// Calls an entry point with args[0] set to the context; Code::out_of_memory, what a GPU's driver reported, or
// Code::internal with Halide's message.
Status call(LoadedCode::Entry entry, void** args, CallContext& context);

// What `error` means to a caller.
Status cuda_status(const convt_cuda_error& error);

// Replaces Halide's handlers, once a process. Before the first call of any kernel.
void install_handlers();

}  // namespace convt
