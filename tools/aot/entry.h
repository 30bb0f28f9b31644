// SPDX-License-Identifier: Apache-2.0
// The entry points of an archive: one table, from which the header's declarations, the source's definitions and the
// list of exported symbols all come.
#pragma once

#include "convt/problem.h"

#include <string>
#include <vector>

namespace convt::aot {

struct Entry {
    std::string symbol;
    std::string declaration;  // without the semicolon
    std::string body;         // C; for a problem's entry an expression with {} in place of the problem's number
    std::string comment;
};

// How the batch and the input extents of a problem are called where they are parameters.
std::vector<std::string> size_names(const Problem& problem);

// No ending below is another ending with more in front of it and a `_` between, so that no two problem names can give
// one symbol.
std::vector<Entry> problem_entries(const std::string& archive, const NamedProblem& named, bool for_gpus);
std::vector<Entry> archive_entries(const std::string& archive, bool for_gpus);

}  // namespace convt::aot
