// SPDX-License-Identifier: Apache-2.0
// The handlers. Kernels run them with the context of their call, from any thread; none of them throws, for a kernel has
// no unwind tables.
#include "runtime/kernel/call.h"

#include "runtime/kernel/halide_abi.h"
#include "runtime/pool/guard.h"
#include "runtime/pool/pool.h"

#include <fmt/format.h>

#include <cstdlib>
#include <cstring>
#include <functional>

namespace convt {
namespace {

// The host code for a GPU looks at what it is given, and frees what it has on the device before it ends.
bool for_gpu(void* user_context) {
    return user_context != nullptr && static_cast<const CallContext*>(user_context)->cuda.modules != nullptr;
}

void* kernel_malloc(void* user_context, std::size_t bytes) {
    constexpr std::size_t alignment = 128;  // as convt_guard_malloc
    if (for_gpu(user_context)) return std::aligned_alloc(alignment, (bytes + alignment) / alignment * alignment);
    return convt_guard_malloc(bytes, halide_error_code_out_of_memory);
}

void kernel_free(void* user_context, void* memory) {
    if (for_gpu(user_context)) return std::free(memory);
    convt_guard_free(memory);
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

// A task of an executor runs on a thread of the host's: with a frame of its own to leave.
int run_task(ExecutorLoop& loop, int index) {
    struct Task {
        ExecutorLoop* loop;
        int index;
    } task{&loop, index};
    const auto body = [](void* argument) {
        const Task& given = *static_cast<Task*>(argument);
        return given.loop->task(given.loop->context, given.loop->min + given.index, given.loop->closure);
    };
    return convt_guard_enter(body, &task);
}

int run_on_executor(ExecutorLoop& loop, int count) noexcept {
    try {
        // One captured pointer: std::function keeps it without allocating.
        loop.context->executor->parallel_for(count, [&loop](int index) {
            if (loop.failure.load(std::memory_order_relaxed) != 0) return;
            const int before = convt_pool_enter(1);
            const int result = run_task(loop, index);
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
    int result = 0;
    if (context->executor == nullptr || alone) {
        result = convt_pool_run(alone ? 1 : context->threads, min, count, task, context, closure);
    } else {
        ExecutorLoop loop{context, task, min, closure};
        result = run_on_executor(loop, count);
    }
    // Kernels without checks do not look at the answer.
    if (result != 0) convt_guard_leave(result);
    return 0;
}

}  // namespace

// Takes the place of a weak function of Halide's run time, which would look for another library.
extern "C" void* convt_halide_cuda_get_symbol(void* user_context, const char* name) {
    return convt_cuda_get_symbol(user_context, name);
}

void install_handlers() {
    static const bool installed = [] {
        convt_halide_set_error_handler(kernel_error);
        convt_halide_set_custom_malloc(kernel_malloc);
        convt_halide_set_custom_free(kernel_free);
        convt_halide_set_custom_do_par_for(kernel_par_for);
        convt_halide_set_cuda_acquire_context(convt_cuda_acquire_context);
        convt_halide_set_cuda_get_stream(convt_cuda_get_stream);
        // Memory that Halide keeps for later would outlive the contexts it is of.
        convt_halide_reuse_device_allocations(nullptr, false);
        return true;
    }();
    static_cast<void>(installed);
}

Status cuda_status(const convt_cuda_error& error) {
    switch (error.code) {
        case CONVT_CUDA_OK:
            return {};
        case CONVT_CUDA_NO_DEVICE:
            return {Code::no_device, fmt::format("{}; target {} works here", error.message, Target::host().text())};
        case CONVT_CUDA_BAD_ARGUMENT:
            return {Code::invalid_argument, error.message};
        case CONVT_CUDA_OUT_OF_MEMORY:
            return {Code::out_of_memory, error.message};
        case CONVT_CUDA_CORRUPT:
            return {Code::corrupt, error.message};
        default:
            return {Code::internal, error.message};
    }
}

Status call(LoadedCode::Entry entry, void** args, CallContext& context) {
    void* user_context = &context;
    args[0] = &user_context;
    struct Entry {
        LoadedCode::Entry function;
        void** args;
    } given{entry, args};
    const auto body = [](void* argument) {
        const Entry& inner = *static_cast<Entry*>(argument);
        return inner.function(inner.args);
    };
    const int result = convt_guard_enter(body, &given);
    if (result == 0) return {};
    if (context.cuda.error.code != CONVT_CUDA_OK) return cuda_status(context.cuda.error);
    const char* const reason = context.failed ? context.message : "no message";
    if (result == halide_error_code_device_malloc_failed || std::strstr(reason, "CUDA_ERROR_OUT_OF_MEMORY") != nullptr)
        return {Code::out_of_memory, fmt::format("no device memory for what the kernel stages: {}", reason)};
    if (result == halide_error_code_out_of_memory)
        return {Code::out_of_memory, "the kernel found no memory for its staged rows or sums"};
    return {Code::internal, fmt::format("the kernel failed with Halide's error {}: {}", result, reason)};
}

}  // namespace convt
