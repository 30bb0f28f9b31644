// SPDX-License-Identifier: Apache-2.0
// The same pipelines in another language on another machine: compiled by Halide for OpenCL and run by PoCL on the CPU,
// against the oracle. What is wrong in the schedules shows here too, what is wrong in the PTX does not.
// CONVT_POCL_PROBLEMS (default 60) says how many problems, CONVT_SEED which.
#include "runtime/problem/epilogue.h"
#include "tests/cuda/gpu_trial.h"
#include "tests/support/temporary_folder.h"

#include <catch2/catch_test_macros.hpp>

#include <dlfcn.h>
#include <stdlib.h>

#include <iostream>

namespace convt::test {
namespace {

// Behind those that are executed from PTX, so that no problem comes twice.
constexpr std::uint64_t first_problem = 100'000;

// Halide 21 writes constants of OpenCL code as f32, f64's too: functions that are made of f64 ones are left to the PTX.
Trial without_f64_functions(Trial trial) {
    if (element_type_info(trial.problem.types().sum).scalar_bytes == 8)
        std::erase_if(trial.problem.epilogue,
                      [](const EpilogueOp& op) { return !find_epilogue_row(op.kind)->rounds_once; });
    return trial;
}

}  // namespace

TEST_CASE("random problems on PoCL agree with the oracle", "[release]") {
    // PoCL keeps what it compiles in a folder of the user's otherwise.
    const TemporaryFolder cache;
    REQUIRE(setenv("POCL_CACHE_DIR", cache.path().c_str(), 1) == 0);
    REQUIRE(setenv("HL_OCL_PLATFORM_NAME", "Portable", 1) == 0);
    // Halide asks for libOpenCL.so, which comes with the development package alone; what is loaded it finds by name.
    const char* const name = "libOpenCL.so.1";
    INFO(name << ": tools/build installs it with pocl-opencl-icd");
    REQUIRE(dlopen(name, RTLD_NOW | RTLD_GLOBAL) != nullptr);
    const std::uint64_t count = environment_number("CONVT_POCL_PROBLEMS", 60);
    std::cout << "CONVT_SEED=" << run_seed() << ", " << count << " problems on PoCL\n";
    for (std::uint64_t i = 0; i < count; ++i) {
        const Trial trial = without_f64_functions(random_gpu_trial(first_problem + i));
        const Status status = check_on(GpuApi::opencl, trial);
        if (!status.ok()) std::cout << status.message() << std::endl;
        INFO(trial.text());
        CHECK(status.ok());
    }
}

}  // namespace convt::test
