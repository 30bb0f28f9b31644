// SPDX-License-Identifier: Apache-2.0
// convt-bench: how fast the kernels of a problem file are, how far from the machine's limits, and how exact.
#pragma once

#include "tools/common/cli.h"

namespace convt::cli {

int bench_tool(const Arguments& arguments, std::ostream& out, std::ostream& err);

}  // namespace convt::cli
