// SPDX-License-Identifier: Apache-2.0
#include "tools/examples/upscale/tiles.h"

#include <algorithm>

namespace upscale {
namespace {

// Writes the part of the network's output that lies in the picture; (y, x) as for cut_tile.
void paste_tile(const std::vector<float>& tile, const Network& network, std::int64_t y, std::int64_t x,
                Picture& picture) {
    const std::int64_t tile_height = network.last().axes[0].output();
    const std::int64_t tile_width = network.last().axes[1].output();
    const std::int64_t rows = std::min(tile_height, picture.height - y * network.scale());
    const std::int64_t columns = std::min(tile_width, picture.width - x * network.scale());
    for (std::int64_t channel = 0; channel < 3; ++channel) {
        for (std::int64_t row = 0; row < rows; ++row) {
            const float* from = &tile[static_cast<std::size_t>((channel * tile_height + row) * tile_width)];
            std::copy(from, from + columns, &picture.at(channel, y * network.scale() + row, x * network.scale()));
        }
    }
}

}  // namespace

void cut_tile(const Picture& picture, const Network& network, std::int64_t y, std::int64_t x,
              std::vector<float>& tile) {
    const std::int64_t height = network.first().axes[0].input;
    const std::int64_t width = network.first().axes[1].input;
    tile.resize(static_cast<std::size_t>(3 * height * width));
    std::size_t at = 0;
    for (std::int64_t channel = 0; channel < 3; ++channel) {
        for (std::int64_t row = 0; row < height; ++row) {
            const std::int64_t from_y = std::clamp(y - network.border() + row, std::int64_t{0}, picture.height - 1);
            for (std::int64_t column = 0; column < width; ++column) {
                const std::int64_t from_x =
                    std::clamp(x - network.border() + column, std::int64_t{0}, picture.width - 1);
                tile[at++] = picture.at(channel, from_y, from_x);
            }
        }
    }
}

convt::Result<Picture> upscale_picture(const Picture& picture, Network& network, const convt::CallOptions& options,
                                       std::vector<double>& microseconds,
                                       const std::function<void(std::int64_t, std::int64_t)>& done) {
    Picture large;
    large.width = picture.width * network.scale();
    large.height = picture.height * network.scale();
    large.planes.resize(static_cast<std::size_t>(3 * large.width * large.height));
    const std::int64_t inside_height = network.last().axes[0].output() / network.scale();
    const std::int64_t inside_width = network.last().axes[1].output() / network.scale();
    const std::int64_t rows = (picture.height + inside_height - 1) / inside_height;
    const std::int64_t columns = (picture.width + inside_width - 1) / inside_width;
    std::vector<float> tile;
    std::vector<float> output;
    for (std::int64_t i = 0; i < rows * columns; ++i) {
        const std::int64_t y = i / columns * inside_height;
        const std::int64_t x = i % columns * inside_width;
        cut_tile(picture, network, y, x, tile);
        if (convt::Status status = network.run(tile, output, microseconds, options); !status.ok()) return status;
        paste_tile(output, network, y, x, large);
        done(i + 1, rows * columns);
    }
    return large;
}

}  // namespace upscale
