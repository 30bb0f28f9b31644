// SPDX-License-Identifier: Apache-2.0
// convt-explain: what convt makes of a problem, and why.
#pragma once

#include "tools/common/cli.h"

namespace convt::cli {

int explain_tool(const Arguments& arguments, std::ostream& out, std::ostream& err);

}  // namespace convt::cli
