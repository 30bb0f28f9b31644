// SPDX-License-Identifier: Apache-2.0
// What goes into an archive, as a value: its name, the targets from best to lowest, and for every problem one compiled
// object a target. Made from a request by `compile_kernels`, printed as C by `source_text` and `header_text`, turned
// into files by `build_archive`.
#pragma once

#include "convt/object.h"
#include "convt/problem.h"
#include "convt/target.h"

#include <string>
#include <vector>

namespace convt::aot {

struct ProblemKernels {
    NamedProblem named;
    std::vector<Object> objects;  // one a target, in the archive's order
};

struct ArchiveSpec {
    std::string name;
    std::vector<Target> targets;  // best first; all for CPUs or all for GPUs
    std::vector<ProblemKernels> problems;
    bool for_gpus() const { return targets.front().is_gpu(); }
};

// Name of an object's entry point inside the archive; `what` is "run" or "pack".
std::string kernel_symbol(std::size_t problem, std::size_t target, const std::string& what);
// Everything the archive exports.
std::vector<std::string> entry_points(const ArchiveSpec& spec);

std::string source_text(const ArchiveSpec& spec);
std::string header_text(const ArchiveSpec& spec);

}  // namespace convt::aot
