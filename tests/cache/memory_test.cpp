// SPDX-License-Identifier: Apache-2.0
// What the cache in memory keeps, and that threads share one piece of work.
#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <latch>
#include <new>
#include <thread>
#include <vector>

#include "runtime/cache/lru_cache.h"
#include "runtime/cache/single_flight.h"

namespace {

using namespace convt;

std::shared_ptr<const int> value(int number) {
    return std::make_shared<const int>(number);
}

}  // namespace

TEST_CASE("the least recently used values go first") {
    LruCache<int> cache(100);
    cache.put("a", value(1), 40);
    cache.put("b", value(2), 40);
    CHECK(*cache.find("a") == 1);  // now b is the older one
    cache.put("c", value(3), 40);
    CHECK(cache.find("b") == nullptr);
    CHECK(*cache.find("a") == 1);
    CHECK(*cache.find("c") == 3);
    CHECK(cache.bytes() == 80);
    CHECK(cache.size() == 2);
}

TEST_CASE("a value that fills the limit is kept, a larger one is not, and those in use stay alive") {
    LruCache<int> cache(100);
    cache.put("a", value(1), 60);
    const std::shared_ptr<const int> held = cache.find("a");
    cache.put("large", value(2), 101);
    CHECK(cache.find("large") == nullptr);
    CHECK(cache.find("a") == held);
    cache.put("b", value(3), 100);
    CHECK(cache.find("a") == nullptr);
    CHECK(cache.bytes() == 100);
    CHECK(*held == 1);
    cache.put("b", value(4), 7);
    CHECK(cache.bytes() == 7);
    CHECK(*cache.find("b") == 4);
    LruCache<int> none(0);
    none.put("a", value(1), 1);
    CHECK(none.size() == 0);
}

TEST_CASE("threads that ask for one key at one time share one piece of work") {
    constexpr int threads = 16;
    for (const bool succeeds : {true, false}) {
        SingleFlight<int> flights;
        std::atomic<int> begun{0};
        std::atomic<int> joins{0};
        std::atomic<int> right{0};
        std::atomic<bool> leading{false};
        std::vector<std::thread> pool;
        const auto ask = [&] {
            bool joined = false;
            const Result<int> result = flights.run("key", joined, [&]() -> Result<int> {
                ++begun;
                leading = true;
                leading.notify_all();
                // Another key is not held up by this one, not even for this thread.
                bool other = false;
                if (flights.run("other", other, [] { return Result<int>(1); }).value() != 1) return Status();
                // Long enough for the others to come; those who are late only make the check weaker.
                std::this_thread::sleep_for(std::chrono::milliseconds(50));
                if (succeeds) return 7;
                return {Code::compile_failed, "a reason that is longer than a short string"};
            });
            joins += joined ? 1 : 0;
            right += succeeds ? result.ok() && result.value() == 7 : result.status().code() == Code::compile_failed;
        };
        pool.emplace_back(ask);
        leading.wait(false);
        for (int i = 1; i < threads; ++i)
            pool.emplace_back(ask);
        for (std::thread& thread : pool)
            thread.join();
        CHECK(right == threads);
        CHECK(begun + joins == threads);
        CHECK(joins > 0);
    }
}

TEST_CASE("what the work throws is a status for all, and nothing is remembered") {
    SingleFlight<int> flights;
    bool joined = false;
    const auto run = [&](const auto& work) { return flights.run("key", joined, work); };
    CHECK(run([]() -> Result<int> { throw std::bad_alloc(); }).status().code() == Code::out_of_memory);
    CHECK(run([]() -> Result<int> { throw 1; }).status().code() == Code::internal);
    CHECK(run([] { return Result<int>(3); }).value() == 3);
    CHECK_FALSE(joined);
}
