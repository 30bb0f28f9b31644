// SPDX-License-Identifier: Apache-2.0
// Instruction-set gates, on a CPU that has AVX2 and no AVX-512: qemu's Haswell-v4 raises SIGILL on AVX-512 as a real
// one would.
#include "tests/aot/archive.h"

#include "convt/target.h"
#include "convt/worker.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

namespace convt::test {

namespace {

const std::vector<std::string> haswell = {"qemu-x86_64", "-cpu", "Haswell-v4"};

void need_qemu() {
    if (run_program({"qemu-x86_64", "--version"}).code != 0) SKIP("qemu-x86_64 (Debian: qemu-user) is not installed");
}

Ran run_on_haswell(std::vector<std::string> command) {
    command.insert(command.begin(), haswell.begin(), haswell.end());
    return run_program(command);
}

std::string make_program(const Archive& archive) {
    const std::string program = archive.folder() + "/program";
    const Ran made = run_program({"cc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-I" + archive.folder(), "-o",
                                  program, std::string(CONVT_AOT_PROGRAMS) + "/gate.c", archive.library(), "-pthread"});
    INFO(made.err);
    REQUIRE(made.code == 0);
    return program;
}

NamedProblem gate_problem() {
    return named("p", "convt2d_f32_ci16_co32_i8x8_k4x4_s2x2_p1x1_bias");
}

}  // namespace

TEST_CASE("an archive for v3 and v4 runs its v3 half where there is no AVX-512") {
    need_qemu();
    const Archive archive("gate", {gate_problem()}, "x86-64-v4,x86-64-v3");
    const Ran ran = run_on_haswell({make_program(archive)});
    INFO(ran.err);
    CHECK(ran.code == 0);
    CHECK(ran.out == "x86-64-v3: right\n");
}

TEST_CASE("a target that this machine cannot run is marked unadmitted and passed over") {
    std::string foreign;
    for (const FeatureInfo& row : cpu_features())
        if (std::string_view(row.arch) == host_arch() && (row.bit & host_features()) == 0)
            foreign = std::string(targets().front().name) + "+" + row.name;
    if (foreign.empty()) SKIP("this CPU has every feature of the table");
    const std::string lowest = targets().front().name;
    const Archive archive("gate", {gate_problem()}, foreign + "," + lowest);
    INFO(foreign);
    CHECK_THAT(archive.listing(), Catch::Matchers::ContainsSubstring("unadmitted: this machine cannot run it"));
    CHECK_THAT(get_file(archive.header()), Catch::Matchers::ContainsSubstring("UNADMITTED"));
    const Ran program = run_program({make_program(archive)});
    CHECK(program.out == lowest + ": right\n");
}

TEST_CASE("an archive for v4 alone names the missing feature") {
    need_qemu();
    const Archive archive("gate", {gate_problem()}, "x86-64-v4");
    const Ran ran = run_on_haswell({make_program(archive)});
    CHECK(ran.code == 3);
    CHECK(ran.out == "no target\n");
    // qemu itself warns of features it does not emulate, on lines before.
    CHECK_THAT(ran.err, Catch::Matchers::EndsWith(
                            "gate: this CPU lacks avx512f, which the archive's lowest target, x86-64-v4, needs\n"));
}

TEST_CASE("a run-time host refuses a v4 object by name and runs a v3 one") {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    SKIP("qemu-user has no room for a sanitizer's shadow memory");
#endif
    need_qemu();
    const TemporaryFolder folder;
    const auto compiler = worker_compiler();
    for (const std::string target : {"x86-64-v3", "x86-64-v4"}) {
        const auto object = compiler->compile(gate_problem().problem, Target::parse(target).value());
        INFO(object.status().message());
        REQUIRE(object.ok());
        const std::vector<std::byte> bytes = object.value().serialize();
        const std::string file = folder.path() + "/" + target;
        put_file(file, std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
        const Ran ran = run_on_haswell({CONVT_GATE_HOST, file});
        INFO(target << ": " << ran.out << ran.err);
        CHECK(ran.code == (target == "x86-64-v3" ? 0 : 3));
        if (target == "x86-64-v4") CHECK(ran.err.find("avx512f") != std::string::npos);
    }
}

}  // namespace convt::test
