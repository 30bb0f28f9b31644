// SPDX-License-Identifier: Apache-2.0
// PNG through libpng's simplified interface, which needs no setjmp.
#include "tools/examples/upscale/picture.h"

#include <fmt/format.h>
#include <png.h>

#include <algorithm>
#include <cmath>

namespace upscale {
namespace {

using convt::Code;
using convt::Result;

constexpr std::uint64_t max_pixels = std::uint64_t{1} << 26U;  // 64 megapixels: 0.8 GB as floats

// Frees what libpng holds, however the function is left.
struct Image {
    png_image png{};
    Image() { png.version = PNG_IMAGE_VERSION; }
    ~Image() { png_image_free(&png); }
    Image(const Image&) = delete;
    Image& operator=(const Image&) = delete;
};

}  // namespace

Result<Picture> decode_png(std::string_view bytes) {
    Image image;
    if (png_image_begin_read_from_memory(&image.png, bytes.data(), bytes.size()) == 0) {
        return {Code::corrupt, fmt::format("not a PNG picture: {}", image.png.message)};
    }
    const std::uint64_t pixels = std::uint64_t{image.png.width} * image.png.height;
    if (pixels > max_pixels) {
        return {Code::unsupported, fmt::format("picture of {} x {} pixels: at most {} in all", image.png.width,
                                               image.png.height, max_pixels)};
    }
    image.png.format = PNG_FORMAT_RGB;
    std::vector<png_byte> rgb(PNG_IMAGE_SIZE(image.png));
    const png_color background{0, 0, 0};
    if (png_image_finish_read(&image.png, &background, rgb.data(), 0, nullptr) == 0) {
        return {Code::corrupt, fmt::format("not a whole PNG picture: {}", image.png.message)};
    }
    Picture picture;
    picture.width = image.png.width;
    picture.height = image.png.height;
    picture.planes.resize(3 * pixels);
    for (std::size_t i = 0; i < pixels; ++i) {
        for (std::size_t channel = 0; channel < 3; ++channel) {
            picture.planes[channel * pixels + i] = static_cast<float>(rgb[3 * i + channel]) / 255.0F;
        }
    }
    return picture;
}

Result<std::string> encode_png(const Picture& picture) {
    const auto pixels = static_cast<std::size_t>(picture.width * picture.height);
    std::vector<png_byte> rgb(3 * pixels);
    for (std::size_t i = 0; i < pixels; ++i) {
        for (std::size_t channel = 0; channel < 3; ++channel) {
            const float value = std::clamp(picture.planes[channel * pixels + i], 0.0F, 1.0F);
            rgb[3 * i + channel] = static_cast<png_byte>(std::lround(value * 255.0F));
        }
    }
    Image image;
    image.png.width = static_cast<png_uint_32>(picture.width);
    image.png.height = static_cast<png_uint_32>(picture.height);
    image.png.format = PNG_FORMAT_RGB;
    png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image.png);
    std::string bytes(size, '\0');
    if (png_image_write_to_memory(&image.png, bytes.data(), &size, 0, rgb.data(), 0, nullptr) == 0) {
        return {Code::internal, fmt::format("libpng cannot write a picture of {} x {} pixels: {}", picture.width,
                                            picture.height, image.png.message)};
    }
    bytes.resize(size);
    return bytes;
}

}  // namespace upscale
