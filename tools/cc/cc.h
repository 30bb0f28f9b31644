// SPDX-License-Identifier: Apache-2.0
// convt-cc, the compile worker: one problem in, one serialised object out. What its failures look like is decided in
// compiler/worker/protocol.h.
#pragma once

#include "tools/common/cli.h"

namespace convt::cli {

int cc(const Arguments& arguments, std::ostream& out, std::ostream& err);

}  // namespace convt::cli
