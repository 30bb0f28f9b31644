// SPDX-License-Identifier: Apache-2.0
// The program: a PNG goes in, a PNG twice the size comes out, with a line a layer.
#pragma once

#include "tools/common/cli.h"

namespace upscale {

int upscale(const convt::cli::Arguments& arguments, std::ostream& out, std::ostream& err);

}  // namespace upscale
