// SPDX-License-Identifier: Apache-2.0
// convt-aot: problems in, a static library and a C header out.
#pragma once

#include "tools/common/cli.h"

namespace convt::aot {

int aot_main(const cli::Arguments& arguments, std::ostream& out, std::ostream& err);

}  // namespace convt::aot
