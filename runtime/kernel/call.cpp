// SPDX-License-Identifier: Apache-2.0
// The handlers. Kernels run them with the context of their call, from any thread; none of them throws, for a kernel has
// no unwind tables.
#include "runtime/kernel/call.h"

#include "runtime/kernel/halide_abi.h"
#include "runtime/pool/pool.h"

#include <fmt/format.h>

#include <cstdlib>
#include <cstring>
#include <functional>

namespace convt {
namespace {

// Halide's own alignment on x86 and ARM: two vectors of the widest kind.
constexpr std::size_t halide_alignment = 128;

void* kernel_malloc(void*, std::size_t bytes) {
    if (bytes > SIZE_MAX - halide_alignment) return nullptr;
    return std::aligned_alloc(halide_alignment, (bytes + halide_alignment - 1) / halide_alignment * halide_alignment);
}

void kernel_free(void*, void* memory) {
    std::free(memory);
}

void kernel_error(void* user_context, const char* message) {
    auto* const context = static_cast<CallContext*>(user_context);
    if (context == nullptr || context->failed.exchange(true)) return;
    const std::size_t length = std::min(std::strlen(message), sizeof context->message - 1);
    std::memcpy(context->message, message, length);
    context->message[length] = '\0';
}

struct ExecutorLoop {
    CallContext* context;
    halide_task_t task;
    int min;
    std::uint8_t* closure;
    std::atomic<int> failure = 0;
};

int run_on_executor(ExecutorLoop& loop, int count) noexcept {
    try {
        // One captured pointer: std::function keeps it without allocating.
        loop.context->executor->parallel_for(count, [&loop](int index) {
            if (loop.failure.load(std::memory_order_relaxed) != 0) return;
            const int before = convt_pool_enter(1);
            const int result = loop.task(loop.context, loop.min + index, loop.closure);
            convt_pool_enter(before);
            int none = 0;
            if (result != 0) loop.failure.compare_exchange_strong(none, result);
        });
    } catch (...) {
        kernel_error(loop.context, "the executor threw an exception");
        return halide_error_code_generic_error;
    }
    return loop.failure;
}

int kernel_par_for(void* user_context, halide_task_t task, int min, int count, std::uint8_t* closure) {
    auto* const context = static_cast<CallContext*>(user_context);
    const bool alone = context->threads == 1 || count <= 1 || convt_pool_inside() != 0;
    if (context->executor == nullptr || alone)
        return convt_pool_run(alone ? 1 : context->threads, min, count, task, context, closure);
    ExecutorLoop loop{context, task, min, closure};
    return run_on_executor(loop, count);
}

}  // namespace

void install_handlers() {
    static const bool installed = [] {
        convt_halide_set_error_handler(kernel_error);
        convt_halide_set_custom_malloc(kernel_malloc);
        convt_halide_set_custom_free(kernel_free);
        convt_halide_set_custom_do_par_for(kernel_par_for);
        return true;
    }();
    static_cast<void>(installed);
}

Status call(LoadedCode::Entry entry, void** args, CallContext& context) {
    void* user_context = &context;
    args[0] = &user_context;
    const int result = entry(args);
    if (result == 0) return {};
    const char* const reason = context.failed ? context.message : "no message";
    if (result == halide_error_code_out_of_memory)
        return {Code::out_of_memory, fmt::format("the kernel ran out of memory: {}", reason)};
    return {Code::internal, fmt::format("the kernel failed with Halide's error {}: {}", result, reason)};
}

}  // namespace convt
