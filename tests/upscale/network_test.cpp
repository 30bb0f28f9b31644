// SPDX-License-Identifier: Apache-2.0
// The network the program runs is the one the model describes: its problems against ncnn's definition of the layers,
// and a whole picture, tiled, through real kernels.
#include "tests/support/oracle.h"
#include "tests/support/random.h"
#include "tests/upscale/small_model.h"
#include "tools/examples/upscale/tiles.h"

#include "convt/worker.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>

#include <cstring>

namespace convt::test {
namespace {

using upscale::Picture;

template <typename T>
std::vector<std::byte> bytes_of_values(const std::vector<T>& values) {
    std::vector<std::byte> bytes(values.size() * sizeof(T));
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return bytes;
}

upscale::Model small_model() {
    auto model = upscale::parse_model(small_graph, small_weights());
    REQUIRE(model.ok());
    return std::move(model).value();
}

Picture random_picture(std::int64_t width, std::int64_t height) {
    Random random(11);
    Picture picture{width, height, {}};
    for (std::int64_t i = 0; i < 3 * width * height; ++i) {
        picture.planes.push_back(static_cast<float>(random.between(0, 255)) / 255.0F);
    }
    return picture;
}

TEST_CASE("every layer's problem computes what ncnn's layer does", "[upscale]") {
    const upscale::Model model = small_model();
    for (const upscale::Layer& layer : model.layers) {
        CAPTURE(layer.name);
        std::int64_t height = 9;
        std::int64_t width = 7;
        const Problem problem = upscale::layer_problem(layer, height, width);
        REQUIRE(problem.validate().ok());
        CAPTURE(problem.text());
        Random random(3);
        std::vector<float> x;
        for (std::int64_t i = 0; i < layer.in_channels * height * width; ++i) {
            x.push_back(static_cast<float>(random.between(-512, 511)) / 512.0F);
        }
        const Reference reference =
            oracle(problem,
                   {bytes_of_values(x), bytes_of_values(upscale::problem_weights(layer)), bytes_of_values(layer.bias)});
        upscale::Model one;
        one.layers = {layer};
        const std::vector<double> slow = run_slowly(one, {x.begin(), x.end()}, height, width);
        REQUIRE(height == problem.axes[0].output());
        REQUIRE(width == problem.axes[1].output());
        for (std::size_t i = 0; i < slow.size(); ++i) {
            CHECK_THAT(static_cast<double>(reference.values[i]), Catch::Matchers::WithinAbs(slow[i], 1e-12));
        }
    }
}

TEST_CASE("a picture in tiles is what the network makes of the whole", "[upscale]") {
    const upscale::Model model = small_model();
    EngineOptions options;
    options.compiler = worker_compiler();
    options.cache_dir = "";
    auto engine = Engine::create(options);
    REQUIRE(engine.ok());
    auto network = upscale::Network::create(model, *engine.value());
    INFO(network.status().message());
    REQUIRE(network.ok());
    CHECK(network.value().scale() == 2);
    CHECK(network.value().border() == 3);

    // Neither extent is a multiple of a tile's inside, 10 x 10.
    const Picture picture = random_picture(23, 17);
    std::vector<double> microseconds;
    std::int64_t tiles = 0;
    const auto large = upscale::upscale_picture(picture, network.value(), {}, microseconds,
                                                [&](std::int64_t, std::int64_t all) { tiles = all; });
    INFO(large.status().message());
    REQUIRE(large.ok());
    CHECK(tiles == 6);
    REQUIRE(large.value().width == 46);
    REQUIRE(large.value().height == 34);

    std::vector<double> whole;
    const std::int64_t border = network.value().border();
    std::int64_t height = picture.height + 2 * border;
    std::int64_t width = picture.width + 2 * border;
    for (std::int64_t channel = 0; channel < 3; ++channel) {
        for (std::int64_t y = 0; y < height; ++y) {
            for (std::int64_t x = 0; x < width; ++x) {
                whole.push_back(
                    static_cast<double>(picture.at(channel, std::clamp(y - border, std::int64_t{0}, picture.height - 1),
                                                   std::clamp(x - border, std::int64_t{0}, picture.width - 1))));
            }
        }
    }
    const std::vector<double> wanted = run_slowly(model, std::move(whole), height, width);
    REQUIRE(wanted.size() == large.value().planes.size());
    // Three layers of at most 54 products of factors below 8: rounding stays under 3 * 54 * 8 * 2^-24.
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        CAPTURE(i);
        REQUIRE_THAT(static_cast<double>(large.value().planes[i]), Catch::Matchers::WithinAbs(wanted[i], 1e-4));
    }
}

TEST_CASE("a PNG that was written is read back", "[upscale]") {
    const Picture picture = random_picture(5, 3);
    const auto bytes = upscale::encode_png(picture);
    REQUIRE(bytes.ok());
    const auto again = upscale::decode_png(bytes.value());
    REQUIRE(again.ok());
    CHECK(again.value().width == 5);
    CHECK(again.value().height == 3);
    CHECK(again.value().planes == picture.planes);
    // The last 12 bytes are the end marker, which libpng does not insist on.
    for (std::size_t length = 0; length + 12 < bytes.value().size(); ++length) {
        CAPTURE(length);
        CHECK_FALSE(upscale::decode_png(bytes.value().substr(0, length)).ok());
    }
}

}  // namespace
}  // namespace convt::test
