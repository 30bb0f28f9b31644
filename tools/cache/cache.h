// SPDX-License-Identifier: Apache-2.0
// convt-cache: what the cache on disk holds, whether it is whole, and how to be rid of it.
#pragma once

#include "tools/common/cli.h"

namespace convt::cli {

int cache_tool(const Arguments& arguments, std::ostream& out, std::ostream& err);

}  // namespace convt::cli
