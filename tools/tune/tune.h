// SPDX-License-Identifier: Apache-2.0
// convt-tune: tunes the problems of a file one after the other and writes each verdict to the tuned table at once.
#pragma once

#include "tools/common/cli.h"

namespace convt::cli {

int tune(const Arguments& arguments, std::ostream& out, std::ostream& err);

}  // namespace convt::cli
