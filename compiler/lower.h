// SPDX-License-Identifier: Apache-2.0
// From a plan to the bytes of an object, through Halide.
#pragma once

#include "convt/halide_compiler.h"

namespace convt {

// One relocatable object with <symbol>_run_argv and <symbol>_pack_argv. Throws nothing: Halide's errors become
// Code::compile_failed.
Result<Object> lower(const Problem& problem, const Target& target, const Plan& plan, const CompileOptions& options);

}  // namespace convt
