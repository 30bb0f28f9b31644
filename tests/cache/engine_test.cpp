// SPDX-License-Identifier: Apache-2.0
// The engine: memory, disk, compiler; what counts as a hit, who compiles, what is kept.
#include "convt/engine.h"

#include <catch2/catch_test_macros.hpp>

#include <barrier>
#include <cstdlib>
#include <set>
#include <thread>

#include "runtime/object/format.h"
#include "runtime/object/hash.h"
#include "tests/cache/scratch.h"
#include "tests/support/fake_compiler.h"

namespace {

using namespace convt;
using namespace convt::test;

struct Host {
    std::shared_ptr<FakeCompiler> compiler;
    std::unique_ptr<Engine> engine;
};

Host start(const std::string& folder, const FakeOptions& options = {}, std::uint64_t memory_limit = 64U << 20U) {
    Host host;
    host.compiler = std::make_shared<FakeCompiler>(options);
    EngineOptions engine_options;
    engine_options.compiler = host.compiler;
    engine_options.cache_dir = folder;
    engine_options.memory_limit_bytes = memory_limit;
    Result<std::unique_ptr<Engine>> engine = Engine::create(engine_options);
    INFO(engine.status().message());
    REQUIRE(engine.ok());
    host.engine = std::move(engine).value();
    return host;
}

std::string entry_path(const std::string& folder, const Problem& problem, const std::string& fingerprint = "fake 1") {
    return folder + "/" + cache_key(problem, Target::host(), fingerprint) + ".convt";
}

}  // namespace

TEST_CASE("a kernel comes from the compiler, then from memory, then for another engine from disk") {
    const ScratchFolder scratch;
    const Host first = start(scratch / "cache");
    const auto compiled = first.engine->kernel(fake_problem(5));
    INFO(compiled.status().message());
    REQUIRE(compiled.ok());
    CHECK(first.engine->kernel(fake_problem(5)).value() == compiled.value());
    CHECK(first.compiler->compiles == 1);
    CHECK(first.engine->stats().memory_hits == 1);
    CHECK(first.engine->stats().disk_hits == 0);
    CHECK(first.engine->stats().compiles == 1);
    CHECK(first.engine->stats().kernels == 1);
    CHECK(first.engine->stats().memory_bytes == compiled.value()->code_bytes());

    const Host second = start(scratch / "cache");
    REQUIRE(second.engine->kernel(fake_problem(5)).ok());
    CHECK(second.compiler->compiles == 0);
    CHECK(second.engine->stats().disk_hits == 1);
    REQUIRE(second.engine->kernel(fake_problem(6)).ok());
    CHECK(second.compiler->compiles == 1);
}

TEST_CASE("a kernel from the cache computes, also when its engine is gone") {
    const ScratchFolder scratch;
    std::shared_ptr<const Kernel> kernel = start(scratch / "cache").engine->kernel(fake_problem(4)).value();
    kernel = start(scratch / "cache").engine->kernel(fake_problem(4)).value();
    const float x[4] = {1, 2, 3, 4};
    const float w[1] = {3};
    float y[4] = {};
    const Problem& problem = kernel->problem();
    const Status status = kernel->run(TensorView::dense(x, ElementType::f32, problem.input_shape()),
                                      TensorView::dense(w, ElementType::f32, problem.weight_shape()), TensorView(),
                                      TensorView::dense(y, ElementType::f32, problem.output_shape()));
    INFO(status.message());
    REQUIRE(status.ok());
    CHECK(y[0] == 3);
    CHECK(y[3] == 12);
}

TEST_CASE("everything that changes the bytes enters the key") {
    const Problem problem = fake_problem(5);
    const Target host = Target::host();
    const Target other = Target::parse(host.text() == "x86-64-v2" ? "x86-64-v3" : "x86-64-v2").value();
    const std::string key = cache_key(problem, host, "a");
    CHECK(key.size() == 48);
    CHECK(key.find_first_not_of("0123456789abcdef") == std::string::npos);
    CHECK(key == cache_key(Problem::parse(problem.text()).value(), host, "a"));
    CHECK(std::set<std::string>{key, cache_key(fake_problem(6), host, "a"), cache_key(problem, other, "a"),
                                cache_key(problem, host, "b"), cache_key(problem, host, "")}
              .size() == 5);
    CHECK(key.substr(0, 16) == cache_key(problem, host, "b").substr(0, 16));
    CHECK(key.substr(0, 16) != cache_key(problem, other, "a").substr(0, 16));

    const ScratchFolder scratch;
    REQUIRE(start(scratch / "cache").engine->kernel(problem).ok());
    const Host updated = start(scratch / "cache", {.fingerprint = "fake 2"});
    REQUIRE(updated.engine->kernel(problem).ok());
    CHECK(updated.compiler->compiles == 1);
    CHECK(std::filesystem::exists(entry_path(scratch / "cache", problem)));
    CHECK(std::filesystem::exists(entry_path(scratch / "cache", problem, "fake 2")));
}

TEST_CASE("an entry with any byte changed is a miss and heals") {
    const ScratchFolder scratch;
    const std::string folder = scratch / "cache";
    const Problem problem = fake_problem(5);
    REQUIRE(start(folder).engine->kernel(problem).ok());
    const std::string path = entry_path(folder, problem);
    const std::vector<std::byte> whole = read_bytes(path);
    const Host host = start(folder, {}, 0);  // nothing is kept in memory
    int healed = 0;
    for (std::size_t i = 0; i < whole.size(); ++i) {
        std::vector<std::byte> changed = whole;
        changed[i] ^= std::byte{0x10};
        write_bytes(path, changed);
        REQUIRE(host.engine->kernel(problem).ok());
        INFO("byte " << i);
        REQUIRE(host.compiler->compiles == ++healed);
        REQUIRE(read_bytes(path) == whole);
    }
    CHECK(host.engine->stats().disk_hits == 0);
}

TEST_CASE("an entry cut at any length is a miss and heals") {
    const ScratchFolder scratch;
    const std::string folder = scratch / "cache";
    const Problem problem = fake_problem(5);
    REQUIRE(start(folder).engine->kernel(problem).ok());
    const std::string path = entry_path(folder, problem);
    const std::vector<std::byte> whole = read_bytes(path);
    const Host host = start(folder, {}, 0);
    int healed = 0;
    for (std::size_t size = 0; size < whole.size(); ++size) {
        std::filesystem::resize_file(path, size);
        INFO(size << " bytes");
        REQUIRE(host.engine->kernel(problem).ok());
        REQUIRE(host.compiler->compiles == ++healed);
        REQUIRE(read_bytes(path) == whole);
    }
}

TEST_CASE("whole entries that do not belong or do not link are misses and heal") {
    const ScratchFolder scratch;
    const std::string folder = scratch / "cache";
    const Problem problem = fake_problem(5);
    const Host host = start(folder, {}, 0);
    REQUIRE(host.engine->kernel(problem).ok());
    const std::string path = entry_path(folder, problem);
    const std::vector<std::byte> whole = read_bytes(path);

    std::vector<std::byte> other_version = whole;
    other_version[8] = std::byte{object_format_version + 1};
    other_version.erase(other_version.end() - sizeof(Hash128), other_version.end());
    const Hash128 hash = hash_bytes(other_version);
    other_version.insert(other_version.end(), hash.begin(), hash.end());
    const std::vector<std::vector<std::byte>> strangers = {
        fake_object(fake_problem(6), Target::host()).serialize(),
        fake_object(problem, Target::host(), {.links = false}).serialize(),
        other_version,
    };
    int healed = 1;
    for (const std::vector<std::byte>& bytes : strangers) {
        write_bytes(path, bytes);
        REQUIRE(host.engine->kernel(problem).ok());
        CHECK(host.compiler->compiles == ++healed);
        CHECK(read_bytes(path) == whole);
    }
}

TEST_CASE("entries of two format versions live side by side") {
    const ScratchFolder scratch;
    const std::string folder = scratch / "cache";
    const Problem problem = fake_problem(5);
    const Host host = start(folder, {}, 0);
    REQUIRE(host.engine->kernel(problem).ok());
    std::vector<std::byte> bytes = read_bytes(entry_path(folder, problem));
    bytes[8] = std::byte{object_format_version + 1};
    const std::string other = folder + "/" + std::string(48, '0') + ".convt";
    write_bytes(other, bytes);
    REQUIRE(host.engine->kernel(problem).ok());
    REQUIRE(host.engine->kernel(fake_problem(6)).ok());  // stores, hence cleans up
    CHECK(host.compiler->compiles == 2);
    CHECK(read_bytes(other) == bytes);
}

TEST_CASE("an unadmitted kernel is admitted before its first use, and the entry says so from then on") {
    const ScratchFolder scratch;
    const std::string folder = scratch / "cache";
    const Problem problem = fake_problem(5);
    const std::string path = entry_path(folder, problem);
    const auto admitted_on_disk = [&] { return Object::deserialize(read_bytes(path)).value().info.admitted; };

    const Host host = start(folder, {.admitted = false});
    const auto kernel = host.engine->kernel(problem);
    INFO(kernel.status().message());
    REQUIRE(kernel.ok());
    CHECK(kernel.value()->info().admitted);
    CHECK(admitted_on_disk());

    write_bytes(path, fake_object(problem, Target::host(), {.admitted = false}).serialize());
    const Host second = start(folder);
    REQUIRE(second.engine->kernel(problem).ok());
    CHECK(second.compiler->compiles == 0);
    CHECK(admitted_on_disk());
}

TEST_CASE("a kernel that fails its admission is neither given nor kept") {
    const ScratchFolder scratch;
    const std::string folder = scratch / "cache";
    const Problem problem = fake_problem(5);
    const std::string path = entry_path(folder, problem);
    const FakeOptions wrong{.admitted = false, .wrong = true};
    const Host host = start(folder, wrong);
    CHECK(host.engine->kernel(problem).status().code() == Code::wrong_result);
    CHECK_FALSE(std::filesystem::exists(path));
    CHECK(host.engine->stats().kernels == 0);
    write_bytes(path, fake_object(problem, Target::host(), wrong).serialize());
    CHECK(host.engine->kernel(problem).status().code() == Code::wrong_result);
    CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("what this CPU cannot execute is kept, unadmitted, for one that can") {
    const ScratchFolder scratch;
    const std::string folder = scratch / "cache";
    const Problem problem = fake_problem(5);
    std::uint64_t lacking = 0;
    for (const FeatureInfo& feature : cpu_features())
        lacking |= feature.bit & ~host_features();
    if (lacking == 0) SKIP("this CPU has every feature of the table");
    const Host host = start(folder, {.admitted = false, .features = lacking});
    for (int i = 0; i < 2; ++i)
        CHECK(host.engine->kernel(problem).status().code() == Code::missing_feature);
    CHECK(host.compiler->compiles == 1);  // the second time from disk
    CHECK_FALSE(Object::deserialize(read_bytes(entry_path(folder, problem))).value().info.admitted);
}

TEST_CASE("errors are given to all who wait, and not remembered") {
    const ScratchFolder scratch;
    FakeOptions options{.milliseconds = 20};
    options.error = Status(Code::compile_failed, "no registers left");
    const Host host = start(scratch / "cache", options);
    std::atomic<int> failed{0};
    std::barrier together(8);
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i)
        threads.emplace_back([&] {
            together.arrive_and_wait();
            const Status status = host.engine->kernel(fake_problem(5)).status();
            failed += status.code() == Code::compile_failed && status.message() == "no registers left";
        });
    for (std::thread& thread : threads)
        thread.join();
    CHECK(failed == 8);
    const int before = host.compiler->compiles;
    host.compiler->options.error = Status();
    CHECK(host.engine->kernel(fake_problem(5)).ok());
    CHECK(host.compiler->compiles == before + 1);
}

TEST_CASE("without a compiler, what is on disk for the problem will do, and a miss says so") {
    const ScratchFolder scratch;
    const std::string folder = scratch / "cache";
    const Problem problem = fake_problem(5);
    REQUIRE(start(folder, {.fingerprint = "old"}).engine->kernel(problem).ok());
    REQUIRE(start(folder, {.fingerprint = "new"}).engine->kernel(problem).ok());
    write_bytes(entry_path(folder, problem, "newest, but damaged"), std::vector<std::byte>(100));
    std::filesystem::last_write_time(entry_path(folder, problem, "old"), std::filesystem::file_time_type::min());
    EngineOptions options;
    options.cache_dir = folder;
    const std::unique_ptr<Engine> engine = Engine::create(options).value();
    const auto kernel = engine->kernel(problem);
    REQUIRE(kernel.ok());
    CHECK(kernel.value()->info().compiler == "new");
    CHECK(engine->stats().disk_hits == 1);
    CHECK(engine->kernel(fake_problem(6)).status().code() == Code::unsupported);
    options.cache_dir.clear();
    CHECK(Engine::create(options).value()->kernel(problem).status().code() == Code::unsupported);
}

TEST_CASE("an invalid problem and a compiler that gives another kernel are refused") {
    class Confused final : public Compiler {
      public:
        Result<std::string> fingerprint(const Problem&, const Target&) override { return std::string(); }
        Result<Object> compile(const Problem&, const Target& target) override {
            return fake_object(fake_problem(99), target);
        }
    };
    EngineOptions options;
    options.compiler = std::make_shared<Confused>();
    options.cache_dir.clear();
    const std::unique_ptr<Engine> engine = Engine::create(options).value();
    CHECK(engine->kernel(fake_problem(5)).status().code() == Code::internal);
    CHECK(engine->kernel(fake_problem(0)).status().code() == Code::invalid_problem);
}

TEST_CASE("memory holds what its limit allows; kernels in use stay alive") {
    const ScratchFolder scratch;
    const Host probe = start("");
    const std::size_t size = probe.engine->kernel(fake_problem(5)).value()->code_bytes();
    REQUIRE(size > 0);
    const Host host = start(scratch / "cache", {}, 2 * size);
    std::vector<std::shared_ptr<const Kernel>> held;
    for (std::int64_t extent = 1; extent <= 3; ++extent)
        held.push_back(host.engine->kernel(fake_problem(extent)).value());
    CHECK(host.engine->stats().kernels == 2);
    CHECK(host.engine->stats().memory_bytes == 2 * size);
    CHECK(held[0]->problem() == fake_problem(1));
    REQUIRE(host.engine->kernel(fake_problem(1)).ok());
    CHECK(host.engine->stats().disk_hits == 1);
    CHECK(host.compiler->compiles == 3);
}

TEST_CASE("the default folder follows the XDG rules") {
    const auto with = [](const char* cache, const char* home) {
        return in_child([&] {
            cache != nullptr ? setenv("XDG_CACHE_HOME", cache, 1) : unsetenv("XDG_CACHE_HOME");
            home != nullptr ? setenv("HOME", home, 1) : unsetenv("HOME");
            const std::string folder = default_cache_dir();
            if (folder == "/c/convt") return 1;
            if (folder == "/h/.cache/convt") return 2;
            return folder.empty() ? 3 : 4;
        });
    };
    CHECK(with("/c", "/h") == 1);
    CHECK(with("relative", "/h") == 2);
    CHECK(with("", "/h") == 2);
    CHECK(with(nullptr, "/h") == 2);
    CHECK(with(nullptr, "h") == 3);
    CHECK(with(nullptr, nullptr) == 3);
}

TEST_CASE("32 threads in 4 processes that ask for one cold key compile once") {
    constexpr int processes = 4;
    constexpr int threads = 8;
    const ScratchFolder scratch;
    const FakeOptions options{.log = scratch / "compiles", .milliseconds = 50};
    int start_line[2];
    REQUIRE(pipe(start_line) == 0);
    const auto work = [&] {
        close(start_line[1]);
        auto compiler = std::make_shared<FakeCompiler>(options);
        EngineOptions engine_options;
        engine_options.compiler = compiler;
        engine_options.cache_dir = scratch / "cache";
        const std::unique_ptr<Engine> engine = Engine::create(engine_options).value();
        char end = 0;
        if (read(start_line[0], &end, 1) != 0) return 1;  // the end of the pipe is the start of all
        std::barrier together(threads);
        std::atomic<int> done{0};
        std::vector<std::thread> pool;
        for (int i = 0; i < threads; ++i)
            pool.emplace_back([&] {
                together.arrive_and_wait();
                done += engine->kernel(fake_problem(5)).ok();
            });
        for (std::thread& thread : pool)
            thread.join();
        return done == threads ? 0 : 2;
    };
    std::vector<pid_t> children;
    for (int i = 0; i < processes; ++i)
        children.push_back(start_child(work));
    close(start_line[0]);
    close(start_line[1]);
    for (const pid_t child : children)
        CHECK(wait_for(child) == 0);
    CHECK(read_bytes(scratch / "compiles").size() == 1);
}
