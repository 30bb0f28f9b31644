// SPDX-License-Identifier: Apache-2.0
// A picture cut into tiles with the borders that a network consumes, and put together again.
#pragma once

#include "tools/examples/upscale/network.h"
#include "tools/examples/upscale/picture.h"

#include <functional>

namespace upscale {

// The tile whose inside begins at (y, x) of `picture`. Beyond the picture its outermost pixels go on, so that its edges
// look like everything else.
void cut_tile(const Picture& picture, const Network& network, std::int64_t y, std::int64_t x, std::vector<float>& tile);

// Runs the network over all tiles. `microseconds`: one sum a stage. `done` is told how many tiles of how many are.
convt::Result<Picture> upscale_picture(const Picture& picture, Network& network, const convt::CallOptions& options,
                                       std::vector<double>& microseconds,
                                       const std::function<void(std::int64_t, std::int64_t)>& done);

}  // namespace upscale
