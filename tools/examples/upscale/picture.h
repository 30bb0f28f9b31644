// SPDX-License-Identifier: Apache-2.0
// Pictures as planes of floats, (3, height, width), 0 to 1, from and to the bytes of a PNG file.
#pragma once

#include "convt/status.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace upscale {

struct Picture {
    std::int64_t width = 0;
    std::int64_t height = 0;
    std::vector<float> planes;  // red, green, blue

    float& at(std::int64_t channel, std::int64_t y, std::int64_t x) {
        return planes[static_cast<std::size_t>((channel * height + y) * width + x)];
    }
    float at(std::int64_t channel, std::int64_t y, std::int64_t x) const {
        return planes[static_cast<std::size_t>((channel * height + y) * width + x)];
    }
};

// Any kind of PNG; grey becomes RGB, transparency is laid on black. Code::corrupt with libpng's reason.
convt::Result<Picture> decode_png(std::string_view bytes);
// 8 bits a channel, values rounded and clamped.
convt::Result<std::string> encode_png(const Picture& picture);

}  // namespace upscale
