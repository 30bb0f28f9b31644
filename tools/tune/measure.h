// SPDX-License-Identifier: Apache-2.0
// The process that measures one object: `convt-tune measure OBJECT CPU AT_LEAST_MS CAP_US`, not for people. Prints the
// median time of a warm call on one thread, in microseconds.
#pragma once

#include "tools/common/cli.h"

namespace convt::tune {

int measure(const cli::Arguments& arguments, std::ostream& out, std::ostream& err);

}  // namespace convt::tune
