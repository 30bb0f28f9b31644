// SPDX-License-Identifier: Apache-2.0
// Compiles every problem for every target, some at once.
#pragma once

#include "tools/aot/archive_spec.h"

#include <functional>
#include <string>
#include <vector>

namespace convt::aot {

// Called after each kernel, from any thread, one at a time; false ends the work with Code::interrupted.
using Report = std::function<bool(std::size_t done, std::size_t total, const std::string& kernel)>;

// Problems with the same text are compiled once. The first failure, in the order of the file, is the one returned; its
// message begins with problem and target.
Result<ArchiveSpec> compile_kernels(const std::string& name, const std::vector<NamedProblem>& problems,
                                    const std::vector<Target>& targets, Compiler& compiler, int jobs,
                                    const Report& report);

}  // namespace convt::aot
