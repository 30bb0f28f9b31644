// SPDX-License-Identifier: Apache-2.0
// Every worked example of the source documents through kernels compiled in this process, compiled by the worker, and
// read back from the cache on disk. (tests/aot sends them through an archive.)
#include "convt/engine.h"
#include "convt/worker.h"
#include "tests/support/cases.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/trial.h"

#include <catch2/catch_test_macros.hpp>

#include <set>

namespace convt::test {
namespace {

void check_seed(const SeedCase& seed, const Kernel& kernel) {
    for (const bool guard_after : {true, false}) {
        RunOptions options;
        options.unbatched = seed.unbatched;
        options.guard_after = guard_after;
        const Result<std::vector<std::byte>> y = run_guarded(kernel, seed.operands, options);
        INFO(seed.id << " " << y.status().message());
        REQUIRE(y.ok());
        CHECK(seed_mismatch(seed, y.value()).value_or("") == "");
    }
}

// All cases through one engine; the number of different problems among them.
std::size_t check_through(Engine& engine) {
    std::set<std::string> different;
    for (const SeedCase& seed : seed_cases()) {
        const Result<std::shared_ptr<const Kernel>> kernel = engine.kernel(seed.problem);
        INFO(seed.id << " " << kernel.status().message());
        REQUIRE(kernel.ok());
        CHECK(kernel.value()->info().admitted);
        check_seed(seed, *kernel.value());
        different.insert(seed.problem.text());
    }
    return different.size();
}

std::unique_ptr<Engine> engine_in(const std::string& folder) {
    EngineOptions options;
    options.compiler = worker_compiler();
    options.cache_dir = folder;
    Result<std::unique_ptr<Engine>> engine = Engine::create(std::move(options));
    INFO(engine.status().message());
    REQUIRE(engine.ok());
    return std::move(engine).value();
}

}  // namespace

TEST_CASE("worked examples: compiled here by every strategy") {
    for (const SeedCase& seed : seed_cases()) {
        std::size_t taken = 0;
        for (const std::string& strategy : strategy_names()) {
            if (!refusal(strategy, seed.problem, Target::host()).empty()) continue;
            ++taken;
            CompileOptions options;
            options.strategy = strategy;
            const Result<Object> object = compile_object(seed.problem, Target::host(), options);
            INFO(seed.id << " " << strategy << " " << object.status().message());
            REQUIRE(object.ok());
            CHECK(object.value().info.admitted);
            const Result<std::shared_ptr<const Kernel>> kernel = Kernel::load(object.value());
            REQUIRE(kernel.ok());
            check_seed(seed, *kernel.value());
        }
        CHECK(taken >= 1);
    }
}

TEST_CASE("worked examples: compiled by the worker then from memory then from disk") {
    const TemporaryFolder folder;
    const std::unique_ptr<Engine> first = engine_in(folder.path());
    const std::size_t different = check_through(*first);
    CHECK(first->stats().compiles == different);
    check_through(*first);
    CHECK(first->stats().compiles == different);

    const std::unique_ptr<Engine> second = engine_in(folder.path());
    check_through(*second);
    CHECK(second->stats().compiles == 0);
    CHECK(second->stats().disk_hits == different);
}

}  // namespace convt::test
