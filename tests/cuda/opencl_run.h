// SPDX-License-Identifier: Apache-2.0
// A strategy's pipeline for GPUs, compiled by Halide in this process for OpenCL and run on what libOpenCL.so.1 offers.
// Halide.h stays in opencl_run.cpp.
#pragma once

#include "convt/object.h"
#include "convt/schedule.h"
#include "convt/target.h"
#include "tests/support/oracle.h"

#include <functional>
#include <string>
#include <vector>

namespace convt::test {

struct OpenclRun {
    std::vector<std::byte> output;  // dense in its layout
    TransformFacts transform;
};
// `operands` gives the data once it is known how the kernel transforms. Throws std::runtime_error with what Halide
// says.
OpenclRun run_on_opencl(const Problem& problem, const Target& target, const std::string& strategy,
                        const Schedule& schedule, std::int64_t gap,
                        const std::function<Operands(const TransformFacts&)>& operands);

}  // namespace convt::test
