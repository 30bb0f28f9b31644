// SPDX-License-Identifier: Apache-2.0
// Divergence, early ends, barriers, shuffles; what only whole warps and blocks show.
#include "tests/ptx/device.h"
#include "tests/ptx/programs.h"

#include <catch2/catch_test_macros.hpp>

#include <functional>

namespace convt::ptx {
namespace {

using Words = std::vector<std::uint32_t>;

// b[i] for every thread of a grid of two blocks; the second warp of a block is not full.
void check_each_thread(const std::string& name,
                       const std::function<std::uint32_t(unsigned thread, unsigned block)>& expected) {
    INFO(name);
    constexpr unsigned threads = 50;
    Device device(program_text(name));
    const std::uint64_t out = device.upload(Words(2 * threads, 5555));
    const Report report = device.run("test", {2, 1, 1}, {threads, 1, 1}, {0, out});
    INFO(report.text());
    CHECK(report.findings.empty());
    const Words words = device.download<std::uint32_t>(out, 2 * threads);
    for (unsigned i = 0; i < 2 * threads; ++i) {
        INFO("thread " << i % threads << " of block " << i / threads);
        CHECK(words[i] == expected(i % threads, i / threads));
    }
}

}  // namespace

TEST_CASE("branches part lanes and bring them together again") {
    check_each_thread("nested", [](unsigned t, unsigned) { return t < 8 ? 100 : t + (t % 2 == 0 ? 20 : 10); });
    check_each_thread("trips", [](unsigned t, unsigned) { return t * (t + 1) / 2; });
    check_each_thread("breaks", [](unsigned t, unsigned) { return std::min(t + 1, 15U); });
    check_each_thread("exits", [](unsigned t, unsigned) { return t % 2 == 1 ? 5555U : t < 16 ? 7U : 9U; });
}

TEST_CASE("a comparison has two results, and takes the opposite of a predicate") {
    check_each_thread("pairs", [](unsigned t, unsigned) { return (t >= 20 ? 1U : t >= 10 ? 2U : 0U) - 16 * t; });
}

TEST_CASE("a barrier shows what other warps wrote") {
    check_each_thread("barrier", [](unsigned t, unsigned block) { return 50 * block + 49 - t; });
}

TEST_CASE("all state spaces, by their own addresses and by generic ones") {
    const std::uint32_t table[] = {11, 22, 33, 44};
    check_each_thread("spaces", [&](unsigned t, unsigned) { return 1000 * t + table[t % 4]; });
}

TEST_CASE("lanes read each other and vote") {
    Device device(program_text("shuffles"));
    const std::uint64_t out = device.allocate(32 * 20);
    const Report report = device.run("test", {1, 1, 1}, {32, 1, 1}, {0, out});
    CHECK(report.findings.empty());
    const Words words = device.download<std::uint32_t>(out, 32 * 5);
    for (unsigned i = 0; i < 32; ++i) {
        INFO(i);
        CHECK(words[5 * i] == (i == 31 ? 31 : i + 1));
        CHECK(words[5 * i + 1] == (i ^ 4U));
        CHECK(words[5 * i + 2] == (i & 24U) + 2);  // segments of 8 lanes
        CHECK(words[5 * i + 3] == (i < 3 ? i : i - 3));
        CHECK(words[5 * i + 4] == 31);
    }
}

TEST_CASE("a carry goes from one instruction to the next") {
    Device device(program_text("carries"));
    const std::uint64_t out = device.allocate(20);
    device.run("test", {1, 1, 1}, {1, 1, 1}, {0, out});
    // {1, 2, 3} + {-1, -1, 5}; 1 * (2^32 - 1) + 2.
    CHECK(device.download<std::uint32_t>(out, 5) == Words{0, 2, 9, 1, 1});
}

TEST_CASE("atomics count every thread") {
    Device device(program_text("atomics"));
    const std::uint64_t counters = device.upload(Words{0, 0});
    const std::uint64_t out = device.allocate(4 * 200);
    const Report report = device.run("test", {4, 1, 1}, {50, 1, 1}, {counters, out});
    CHECK(report.findings.empty());
    CHECK(device.download<std::uint32_t>(counters, 2) == Words{400, 199});
}

TEST_CASE("a sample of blocks leaves the others alone; an endless loop is given up") {
    Memory memory;
    LoadedModule module(program_text("nested"), memory);
    const std::uint64_t out = memory.allocate(4 * 96)->address();
    Launch launch;
    launch.grid = {3, 1, 1};
    launch.block = {32, 1, 1};
    const std::uint64_t arguments[] = {0, out};
    const void* const pointers[] = {&arguments[0], &arguments[1]};
    launch.params = pack_params(*module.kernel("test"), pointers);
    launch.sample = [](const Dim3& block) { return block.x == 1; };
    CHECK(run(*module.kernel("test"), memory, launch).counts.blocks == 1);
    CHECK(memory.find(out)->written(out)[127] == 0);
    CHECK(memory.find(out)->written(out)[128] == 1);

    Device endless(program_text("forever"));
    CHECK_THROWS_AS(endless.run("test", {1, 1, 1}, {1, 1, 1}, {0, 0}, 0, 1000), Error);
}

}  // namespace convt::ptx
