// SPDX-License-Identifier: Apache-2.0
// One call of a kernel as Halide's run time sees it: what `user_context` points to, and the handlers that stand in for
// Halide's own allocator, thread pool and error printer.
#pragma once

#include "convt/kernel.h"
#include "runtime/jit/loader.h"

#include <atomic>

namespace convt {

struct CallContext {
    int threads = 1;
    Executor* executor = nullptr;
    std::atomic<bool> failed = false;
    char message[256];  // the first error's, once `failed`
};

// Calls an entry point with args[0] set to the context; Code::out_of_memory, or Code::internal with Halide's message.
Status call(LoadedCode::Entry entry, void** args, CallContext& context);

// Replaces Halide's handlers, once a process. Before the first call of any kernel.
void install_handlers();

}  // namespace convt
