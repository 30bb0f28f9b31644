// SPDX-License-Identifier: Apache-2.0
// Tuned tables of several machines into one folder.
#pragma once

#include "convt/status.h"

#include <ostream>
#include <string>
#include <vector>

namespace convt::tune {

// Each of `paths` is a table named after its target, `<target>.tsv`, or a folder of such. Nothing is written unless all
// of them can be read.
Status merge_tables(const std::vector<std::string>& paths, const std::string& dir, std::ostream& out);

}  // namespace convt::tune
