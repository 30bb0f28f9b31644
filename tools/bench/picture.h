// SPDX-License-Identifier: Apache-2.0
// The ratios of a report as a picture: tools/bench/draw.py in the peers' environment, which has matplotlib.
#pragma once

#include "convt/status.h"

#include <string>

namespace convt::cli {

// Writes `picture` as SVG and as PNG, whatever ending it names.
Status draw_picture(const std::string& json, const std::string& picture);

}  // namespace convt::cli
