// SPDX-License-Identifier: Apache-2.0
// convt-run: one problem on tensors in .npy files.
#pragma once

#include "tools/common/cli.h"

namespace convt::cli {

int run_tool(const Arguments& arguments, std::ostream& out, std::ostream& err);

}  // namespace convt::cli
