// SPDX-License-Identifier: Apache-2.0
// What the command line asks for, checked: a name that can begin C functions, and targets this machine can link for.
#pragma once

#include "convt/status.h"
#include "convt/target.h"

#include <string>
#include <vector>

namespace convt::aot {

// `given`, or the stem of the problem file's path where it is empty. Code::invalid_argument.
Result<std::string> archive_name(const std::string& given, const std::string& problem_file);

// Targets from the best to the lowest, each once. Code::unknown_target, Code::unsupported for another architecture.
Result<std::vector<Target>> archive_targets(const std::vector<std::string>& texts);

}  // namespace convt::aot
