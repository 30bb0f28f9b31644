// SPDX-License-Identifier: Apache-2.0
// Writes Halide's stand-alone run time for the machine that builds as a relocatable object. A build step: the object is
// linked into convt_runtime, so that a host needs no Halide to load kernels that were compiled without a run time.
#include "schedules/cpu/halide.h"

#include <cstdio>
#include <cstring>
#include <exception>

int main(int argc, char** argv) {
    const bool cuda = argc == 3 && std::strcmp(argv[2], "cuda") == 0;
    if (argc != 2 && !cuda) {
        std::fprintf(stderr, "usage: convt_make_halide_runtime OBJECT [cuda]\n");
        return 2;
    }
    try {
        const Halide::Target host = Halide::get_host_target();
        // No feature bits: it must run on every CPU of the architecture. With `cuda`, kernels for GPUs are served too.
        Halide::Target target(Halide::Target::Linux, host.arch, host.bits);
        if (cuda) target.set_feature(Halide::Target::CUDA);
        Halide::compile_standalone_runtime(argv[1], target);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "convt_make_halide_runtime: %s\n", error.what());
        return 4;
    }
    return 0;
}
