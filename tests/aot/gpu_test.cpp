// SPDX-License-Identifier: Apache-2.0
// Archives for GPUs: programs in C that link them and no CUDA, on a machine without a driver and on one with the
// stand-in.
#include "tests/aot/archive.h"
#include "tools/aot/request.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <dlfcn.h>

namespace convt::test {

namespace {

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;

NamedProblem gate_problem() {
    return named("p", "convt2d_f32_ci16_co32_i8x8_k4x4_s2x2_p1x1_bias");
}

std::string make_program(const Archive& archive, const std::string& source) {
    const std::string program = archive.folder() + "/" + source;
    const Ran made =
        run_program({"cc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-I" + archive.folder(), "-o", program,
                     std::string(CONVT_AOT_PROGRAMS) + "/" + source + ".c", archive.library(), "-pthread"});
    INFO(made.err);
    REQUIRE(made.code == 0);
    return program;
}

Ran run_with_device(const std::string& program, const std::string& devices = "1") {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    SKIP("the stand-in has a sanitizer here, which must come first in a program: these have none");
#endif
    return run_program({"env", "LD_LIBRARY_PATH=" CONVT_PTX_FOLDER, "CONVT_PTX_DEVICES=" + devices, program});
}

}  // namespace

TEST_CASE("an archive for GPUs needs nothing but a driver, says so where there is none, and runs where there is one") {
    const Archive archive("gate", {gate_problem()}, "cuda-sm75,cuda-sm86,cuda-sm80");
    CHECK_THAT(get_file(archive.header()), ContainsSubstring("cuda-sm86, cuda-sm80, cuda-sm75"));
    const std::string program = make_program(archive, "gate");
    CHECK(run_program({"ldd", program}).out.find("cuda") == std::string::npos);

    // The stand-in is a device of capability 8.0.
    const Ran ran = run_with_device(program);
    INFO(ran.err);
    CHECK(ran.out == "cuda-sm80: right\n");
    CHECK(ran.code == 0);

    const Ran none = run_with_device(program, "0");
    CHECK(none.code == 3);
    CHECK(none.out == "no target\n");
    CHECK_THAT(none.err, StartsWith("gate: no CUDA device: the driver finds none"));

    void* const driver = ::dlopen("libcuda.so.1", RTLD_NOW);
    if (driver != nullptr) SKIP("this machine has a CUDA driver");
    const Ran alone = run_program({program});
    CHECK(alone.code == 3);
    CHECK_THAT(alone.err, StartsWith("gate: no CUDA device: there is no driver"));
}

TEST_CASE("an archive whose targets are above the device says what would do") {
    const Archive archive("gate", {gate_problem()}, "cuda-sm86");
    const Ran ran = run_with_device(make_program(archive, "gate"));
    CHECK(ran.code == 3);
    CHECK_THAT(ran.err, StartsWith("gate: the CUDA device has compute capability 8.0, the kernel needs 8.6"));
}

TEST_CASE("an archive runs on device memory, in a context and stream of the program's own") {
    const Archive archive("gate", {gate_problem()}, "cuda-sm80");
    const Ran ran = run_with_device(make_program(archive, "device"));
    INFO(ran.err);
    CHECK(ran.out == "same\n");
    CHECK(ran.code == 0);
}

TEST_CASE("an archive is for CPUs or for GPUs") {
    const Status status = aot::archive_targets({"cuda-sm80", "x86-64-v2"}).status();
    CHECK(status.code() == Code::invalid_argument);
    CHECK_THAT(status.message(), ContainsSubstring("an archive is for CPUs or for GPUs"));
}

}  // namespace convt::test
