// SPDX-License-Identifier: Apache-2.0
// Writes Halide's stand-alone run time for the machine that builds as a relocatable object. A build step: the object is
// linked into convt_runtime, so that a host needs no Halide to load kernels that were compiled without a run time.
#include "schedules/cpu/halide.h"

#include <cstdio>
#include <exception>

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: convt_make_halide_runtime OBJECT\n");
        return 2;
    }
    try {
        const Halide::Target host = Halide::get_host_target();
        // No feature bits: it must run on every CPU of the architecture.
        Halide::compile_standalone_runtime(argv[1], Halide::Target(Halide::Target::Linux, host.arch, host.bits));
    } catch (const std::exception& error) {
        std::fprintf(stderr, "convt_make_halide_runtime: %s\n", error.what());
        return 4;
    }
    return 0;
}
