// SPDX-License-Identifier: Apache-2.0
// convt-cc itself, and the fingerprint that stands for it.
#include "compiler/identity.h"
#include "compiler/worker/process.h"
#include "convt/worker.h"
#include "tests/support/temporary_folder.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <fmt/format.h>

#include <fstream>
#include <sstream>

namespace convt::test {

namespace {

using Catch::Matchers::ContainsSubstring;

Problem tiny() {
    return Problem::parse("convt2d_f32_ci2_co3_i4_k3_s2_p1").value();
}

WorkerOptions untuned() {
    WorkerOptions options;
    options.path = CONVT_TEST_BIN "/convt-cc";
    options.tuned.untuned = true;
    return options;
}

Result<Object> compile(const WorkerOptions& options) {
    return worker_compiler(options)->compile(tiny(), Target::host());
}

std::string contents(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

TEST_CASE("a tiny problem compiles, admitted, to the same code every time") {
    const auto first = compile(untuned());
    const auto second = compile(untuned());
    REQUIRE(first.status().message() == "");
    REQUIRE(second.status().message() == "");
    CHECK(first.value().code == second.value().code);
    CHECK(first.value().info.admitted);
    CHECK(first.value().info.compiler == identity_text);
    CHECK(first.value().info.schedule_source == "default");
}

TEST_CASE("without admission the object says so") {
    WorkerOptions options = untuned();
    options.admit = false;
    const auto object = compile(options);
    REQUIRE(object.status().message() == "");
    CHECK_FALSE(object.value().info.admitted);
}

TEST_CASE("the compiler's own refusal arrives") {
    WorkerOptions options = untuned();
    options.strategy = "nothing_like_it";
    const Status status = compile(options).status();
    CHECK(status.code() == Code::invalid_argument);
    CHECK_THAT(status.message(), ContainsSubstring("nothing_like_it"));
    CHECK_THAT(status.message(), !ContainsSubstring("convt-cc"));
}

TEST_CASE("a limit on memory ends in out_of_memory") {
    if (!process::limits_memory) SKIP("a sanitizer reserves more than any limit");
    WorkerOptions options = untuned();
    options.memory_limit_bytes = 256U << 20U;
    CHECK(compile(options).status().message() == "");
    const Problem large = Problem::parse("convt1d_f32_ci64_co64_i1000000_k2").value();  // tensors of 256 MB
    const Status status = worker_compiler(options)->compile(large, Target::host()).status();
    INFO(status.message());
    CHECK(status.code() == Code::out_of_memory);
    options.memory_limit_bytes -= 1;
    CHECK(compile(options).status().code() == Code::invalid_argument);
}

TEST_CASE("the fingerprint changes with the schedule chosen and names the compiler") {
    const TemporaryFolder folder;
    WorkerOptions options = untuned();
    const auto print = [&] { return worker_compiler(options)->fingerprint(tiny(), Target::host()).value(); };
    const std::string without = print();
    CHECK_THAT(without, ContainsSubstring(identity_text));
    options.tuned = {folder.path(), false};
    TunedTable table;
    table.put({tiny().text(), "general", Schedule::parse("tx=1").value(), 1, 1, 1, 2, "2026-01-31", "v", "cpu"});
    REQUIRE(table.save(tuned_path(folder.path(), Target::host())).ok());
    const std::string tuned = print();
    CHECK(tuned != without);
    options.schedule = "tx=2";
    const std::string given = print();
    CHECK(given != tuned);
    options.strategy = "general";
    CHECK(print() != given);
}

TEST_CASE("convt-cc writes a file whole or not at all, and admits it later") {
    const TemporaryFolder folder;
    const std::string tool = CONVT_TEST_BIN "/convt-cc";
    const std::string file = folder.path() + "/object";
    const auto exit_of = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), tool);
        const auto outcome = process::run(arguments, {});
        REQUIRE(outcome.ok());
        CAPTURE(outcome.value().errors);
        REQUIRE(outcome.value().end == process::End::exited);
        return outcome.value().value;
    };
    const auto read = [&] {
        const std::string bytes = contents(file);
        return Object::deserialize(std::as_bytes(std::span(bytes.data(), bytes.size())));
    };
    REQUIRE(exit_of({tiny().text(), "--no-admit", "--out", file}) == 0);
    CHECK_FALSE(read().value().info.admitted);
    REQUIRE(exit_of({"--admit", file}) == 0);
    CHECK(read().value().info.admitted);
    CHECK(exit_of({"convt2d_nonsense", "--out", file}) == 2);
    CHECK(read().ok());
    CHECK(exit_of({tiny().text(), "--out", folder.path() + "/no/such/place"}) == 4);
    CHECK(exit_of({tiny().text(), "--target", "x86-64-v9"}) == exit_code(Code::unknown_target));
    CHECK(exit_of({}) == 2);
    std::ofstream(file) << "no object";
    CHECK(exit_of({"--admit", file}) == exit_code(Code::corrupt));
    CHECK(contents(file) == "no object");
}

}  // namespace

}  // namespace convt::test
