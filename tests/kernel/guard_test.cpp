// SPDX-License-Identifier: Apache-2.0
// Leaving a kernel that finds no memory: with the code, with everything freed, from any thread of the pool.
#include "runtime/pool/guard.h"
#include "runtime/pool/pool.h"

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <thread>

namespace convt::test {
namespace {

constexpr int no_memory = -42;
constexpr std::size_t too_much = SIZE_MAX / 4;

TEST_CASE("a body that ends returns its own value") {
    const auto body = [](void* argument) { return *static_cast<int*>(argument); };
    int value = 5;
    CHECK(convt_guard_enter(body, &value) == 5);
    value = 0;
    CHECK(convt_guard_enter(body, &value) == 0);
}

TEST_CASE("blocks are aligned, apart, and freed in any order") {
    const auto body = [](void*) {
        std::array<void*, 5> blocks{};
        for (std::size_t i = 0; i < blocks.size(); ++i) {
            blocks[i] = convt_guard_malloc(i * 1000, no_memory);
            if (reinterpret_cast<std::uintptr_t>(blocks[i]) % 128 != 0) return 1;
            std::memset(blocks[i], static_cast<int>(i), i * 1000);
        }
        for (const std::size_t i : {2U, 4U, 0U, 3U})
            convt_guard_free(blocks[i]);
        convt_guard_free(nullptr);
        return static_cast<const char*>(blocks[1])[999] == 1 ? 0 : 2;  // the last one is freed with the frame
    };
    CHECK(convt_guard_enter(body, nullptr) == 0);
}

TEST_CASE("a large block that was freed serves the next call of its thread, up to a limit") {
    const auto body = [](void* argument) {
        const std::size_t bytes = *static_cast<std::size_t*>(argument);
        void* const first = convt_guard_malloc(bytes, no_memory);
        convt_guard_free(first);
        void* const second = convt_guard_malloc(bytes - 100, no_memory);
        void* const third = convt_guard_malloc(bytes, no_memory);
        return (second == first ? 1 : 0) + (third == second ? 2 : 0);
    };
    for (std::size_t bytes : {std::size_t{100} << 10, std::size_t{1} << 20, std::size_t{15} << 20})
        CHECK(convt_guard_enter(body, &bytes) == 1);
    // Many sizes on threads that end: what they keep is theirs to free (LeakSanitizer).
    std::atomic<int> failed = 0;
    for (int round = 0; round < 4; ++round) {
        std::thread([&failed] {
            const auto many = [](void*) {
                for (std::size_t i = 1; i <= 40; ++i) {
                    void* const block = convt_guard_malloc(i << 18, no_memory);
                    std::memset(block, 1, i << 18);
                    if (i % 3 != 0) convt_guard_free(block);
                }
                return 0;
            };
            if (convt_guard_enter(many, nullptr) != 0) ++failed;
        }).join();
    }
    CHECK(failed == 0);
}

TEST_CASE("an allocation that fails leaves the innermost body and frees what it held") {
    const auto inner = [](void* reached) {
        convt_guard_malloc(1000, no_memory);
        convt_guard_malloc(too_much, no_memory);
        *static_cast<bool*>(reached) = true;
        return 0;
    };
    static bool reached = false;
    reached = false;
    const auto outer = [](void* body) {
        void* const before = convt_guard_malloc(100, no_memory);
        const int result = convt_guard_enter(reinterpret_cast<int (*)(void*)>(body), &reached);
        convt_guard_free(before);
        return result - 1;
    };
    int (*const inner_body)(void*) = inner;
    CHECK(convt_guard_enter(outer, reinterpret_cast<void*>(inner_body)) == no_memory - 1);
    CHECK_FALSE(reached);
}

TEST_CASE("a task of the pool that finds no memory ends its loop with the code") {
    const auto task = [](void* context, int index, std::uint8_t*) {
        auto& after = *static_cast<std::atomic<int>*>(context);
        convt_guard_malloc(index == 500 ? too_much : 64, no_memory);
        if (index == 500) ++after;
        return 0;
    };
    for (const int threads : {2, 8}) {
        std::atomic<int> after = 0;
        CHECK(convt_pool_run(threads, 0, 1000, task, &after, nullptr) == no_memory);
        CHECK(after == 0);
        CHECK(convt_pool_inside() == 0);
    }
}

}  // namespace
}  // namespace convt::test
