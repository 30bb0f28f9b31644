// SPDX-License-Identifier: Apache-2.0
// Threads: the pool by itself, then as kernels use it, from many threads, through a host's executor, across fork.
#include "runtime/pool/pool.h"
#include "tests/kernel/hand_kernels.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

using Catch::Matchers::ContainsSubstring;

namespace convt::test {
namespace {

struct Counts {
    std::array<std::atomic<int>, 1000> runs{};
    std::mutex mutex;
    std::set<std::thread::id> threads;
    int fail_at = -1;
};

int count_task(void* context, int index, std::uint8_t*) {
    auto* const counts = static_cast<Counts*>(context);
    ++counts->runs.at(static_cast<std::size_t>(index));
    if (counts->threads.size() < 16) {
        const std::lock_guard lock(counts->mutex);
        counts->threads.insert(std::this_thread::get_id());
    }
    std::this_thread::yield();
    return index == counts->fail_at ? 77 : 0;
}

TEST_CASE("every index runs once, on no more threads than asked for") {
    for (const int threads : {1, 2, 3, 8}) {
        INFO(threads);
        Counts counts;
        CHECK(convt_pool_run(threads, 10, 990, count_task, &counts, nullptr) == 0);
        for (int i = 0; i < 1000; ++i)
            CHECK(counts.runs[static_cast<std::size_t>(i)] == (i >= 10 ? 1 : 0));
        CHECK(counts.threads.size() <= static_cast<std::size_t>(threads));
    }
}

TEST_CASE("two threads do run at once") {
    std::atomic<int> present = 0;
    const auto meet = [](void* context, int, std::uint8_t*) {
        auto& count = *static_cast<std::atomic<int>*>(context);
        ++count;
        while (count < 2)
            std::this_thread::yield();
        return 0;
    };
    CHECK(convt_pool_run(2, 0, 2, meet, &present, nullptr) == 0);
}

TEST_CASE("a failure is returned and ends the loop") {
    for (const int threads : {1, 2, 4}) {
        Counts counts;
        counts.fail_at = 5;
        CHECK(convt_pool_run(threads, 0, 1000, count_task, &counts, nullptr) == 77);
        CHECK(counts.runs[999] == 0);
    }
}

TEST_CASE("a loop inside a task runs on the task's thread") {
    const auto outer = [](void*, int, std::uint8_t*) {
        Counts counts;
        if (convt_pool_inside() != 1) return 1;
        if (convt_pool_run(8, 0, 100, count_task, &counts, nullptr) != 0) return 2;
        return counts.threads == std::set{std::this_thread::get_id()} ? 0 : 3;
    };
    CHECK(convt_pool_run(4, 0, 8, outer, nullptr, nullptr) == 0);
    CHECK(convt_pool_inside() == 0);
}

TEST_CASE("the default is one thread a CPU, or what was set") {
    const int cpus = default_threads();
    CHECK(cpus >= 1);
    set_default_threads(3);
    CHECK(default_threads() == 3);
    set_default_threads(0);
    CHECK(default_threads() == cpus);
}

TEST_CASE("calls from many threads at once agree, on any number of threads") {
    const std::shared_ptr<const Kernel> kernel = load_kernel("plane");
    std::atomic<int> wrong = 0;
    std::vector<std::thread> callers;
    for (int caller = 0; caller < 6; ++caller)
        callers.emplace_back([&, caller] {
            for (int i = 0; i < 50; ++i) {
                Call call(kernel->problem());
                CallOptions options;
                options.threads = (caller + i) % 5;
                if (!call.run(*kernel, options).ok() || call.mismatch() != "") ++wrong;
            }
        });
    for (std::thread& caller : callers)
        caller.join();
    CHECK(wrong == 0);
}

// Runs tasks last to first, each on a thread of its own.
class BackwardExecutor final : public Executor {
  public:
    void parallel_for(int count, const std::function<void(int)>& task) override {
        ++loops;
        if (throws) throw std::runtime_error("no");
        for (int i = count - 1; i >= 0; --i)
            std::thread([&] { task(i); }).join();
    }
    int loops = 0;
    bool throws = false;
};

TEST_CASE("a host's executor runs the parallel parts, unless one thread is asked for") {
    const std::shared_ptr<const Kernel> kernel = load_kernel("plane");
    BackwardExecutor executor;
    CallOptions options;
    options.executor = &executor;
    Call call(kernel->problem());
    CHECK(call.run(*kernel, options).ok());
    CHECK(call.mismatch() == "");
    CHECK(executor.loops == 1);
    options.threads = 1;
    CHECK(call.run(*kernel, options).ok());
    CHECK(executor.loops == 1);
    options.threads = 0;
    executor.throws = true;
    const Status status = call.run(*kernel, options);
    CHECK(status.code() == Code::internal);
    CHECK_THAT(status.message(), ContainsSubstring("executor"));
}

TEST_CASE("a loop inside a loop runs on the thread it is on, with the pool and with an executor") {
    const std::shared_ptr<const Kernel> kernel = load_kernel("nested");
    BackwardExecutor executor;
    for (Executor* const host : {static_cast<Executor*>(nullptr), static_cast<Executor*>(&executor)}) {
        Call call(kernel->problem());
        CallOptions options;
        options.threads = 4;
        options.executor = host;
        CHECK(call.run(*kernel, options).ok());
        CHECK(call.mismatch() == "");
    }
    CHECK(executor.loops == 1);
}

TEST_CASE("a kernel's own failure comes back with its message") {
    BackwardExecutor executor;
    for (Executor* const host : {static_cast<Executor*>(nullptr), static_cast<Executor*>(&executor)}) {
        CallOptions options;
        options.executor = host;
        const std::shared_ptr<const Kernel> fails = load_kernel("fails");
        const Status status = Call(fails->problem()).run(*fails, options);
        CHECK(status.code() == Code::internal);
        CHECK_THAT(status.message(), ContainsSubstring("the kernel fails here"));
        const std::shared_ptr<const Kernel> greedy = load_kernel("greedy");
        CHECK(Call(greedy->problem()).run(*greedy, options).code() == Code::out_of_memory);
    }
    const std::shared_ptr<const Kernel> scratch = load_kernel("scratch");
    Call call(scratch->problem());
    CHECK(call.run(*scratch).ok());
    CHECK(call.mismatch() == "");
}

// 0 where the child's kernels are right.
int child_result(const Kernel& kernel) {
    Call call(kernel.problem());
    CallOptions options;
    options.threads = 2;
    if (!call.run(kernel, options).ok() || call.mismatch() != "") return 1;
    const Result<std::shared_ptr<const Kernel>> loaded = Kernel::load(hand_object(hand_kernel("volume")));
    if (!loaded.ok()) return 2;
    Call other(loaded.value()->problem());
    return other.run(*loaded.value(), options).ok() && other.mismatch() == "" ? 0 : 3;
}

TEST_CASE("a child forked while kernels run and load calls and loads its own") {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    SKIP(
        "sanitizers of GCC 12 do not release their allocators' locks in a forked child: one in some fifty hangs there");
#endif
    const std::shared_ptr<const Kernel> kernel = load_kernel("plane");
    std::atomic<bool> stop = false;
    std::vector<std::thread> busy;
    for (int i = 0; i < 2; ++i)
        busy.emplace_back([&] {
            Call call(kernel->problem());
            CallOptions options;
            options.threads = 2;
            while (!stop) {
                if (!call.run(*kernel, options).ok()) std::abort();
                if (!Kernel::load(hand_object(hand_kernel("plane"))).ok()) std::abort();
            }
        });
    for (int round = 0; round < 50; ++round) {
        const pid_t child = fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            alarm(30);  // a hang ends by a signal, which the parent sees
            _exit(child_result(*kernel));
        }
        int status = -1;
        REQUIRE(waitpid(child, &status, 0) == child);
        INFO("round " << round);
        CHECK(WIFEXITED(status));
        CHECK(WEXITSTATUS(status) == 0);
    }
    stop = true;
    for (std::thread& thread : busy)
        thread.join();
}

}  // namespace
}  // namespace convt::test
