// SPDX-License-Identifier: Apache-2.0
// Reading model files: what is right is read to the bit, what is wrong is named.
#include "tests/upscale/small_model.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

namespace convt::test {
namespace {

using Catch::Matchers::ContainsSubstring;
using upscale::parse_model;

// `text` with the first `from` replaced.
std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

TEST_CASE("a model's layers, weights and biases are read", "[upscale]") {
    const auto model = parse_model(small_graph, small_weights());
    INFO(model.status().message());
    REQUIRE(model.ok());
    REQUIRE(model.value().layers.size() == 3);
    const upscale::Layer& first = model.value().layers[0];
    CHECK(first.name == "conv1");
    CHECK(first.in_channels == 3);
    CHECK(first.out_channels == 5);
    CHECK(first.leaky);
    CHECK(first.slope == 0.1F);
    CHECK(first.weights.size() == 135);
    const upscale::Layer& last = model.value().layers[2];
    CHECK(last.kind == upscale::Layer::Kind::deconvolution);
    CHECK(last.stride == 2);
    CHECK(last.padding == 3);
    CHECK_FALSE(last.leaky);
}

TEST_CASE("half floats become the same floats", "[upscale]") {
    const std::string graph = "7767517\n2 2\nInput data 0 1 in 0=4 1=4 2=1\nConvolution c 1 1 in out 0=1 1=3 5=1 6=9\n";
    struct Row {
        std::uint16_t half;
        float value;
    };
    // IEEE 754 binary16: zeros, ones, the largest, the smallest normal, the largest and smallest subnormal, a third.
    const Row rows[] = {
        {0x0000, 0.0F},     {0x8000, -0.0F},           {0x3C00, 1.0F},      {0xBC00, -1.0F},      {0x7BFF, 65504.0F},
        {0x0400, 0x1p-14F}, {0x03FF, 1023 * 0x1p-24F}, {0x8001, -0x1p-24F}, {0x3555, 0x1.554p-2F}};
    std::string bytes("\x47\x6B\x30\x01", 4);
    for (const Row& row : rows)
        bytes.append(reinterpret_cast<const char*>(&row.half), 2);
    bytes.append(2 + 4, '\0');
    const auto model = parse_model(graph, bytes);
    INFO(model.status().message());
    REQUIRE(model.ok());
    for (std::size_t i = 0; i < std::size(rows); ++i)
        CHECK(model.value().layers[0].weights[i] == rows[i].value);
}

TEST_CASE("a graph outside what is built is refused by line and rule", "[upscale]") {
    struct Row {
        const char* from;
        const char* to;
        const char* message;
    };
    const Row rows[] = {
        {"7767517", "7767518", "line 1: must be 7767517"},
        {"4 4", "four", "line 2"},
        {"4 4", "5 4", "announces 5 layers, 4 follow"},
        {"4 4", "4000000000 4", "2 to 64"},
        {"Input ", "Split ", "must be of type Input"},
        {"0=16", "0=0", "parameter 0 is 0, must be 1 to 4096"},
        {"Convolution   conv1", "Pooling   conv1", "\"Pooling\" is not built"},
        {"1 1 a b", "2 1 a b", "at most one input"},
        {"1 1 a b", "1 1 in b", "line 5, layer \"conv2\": must read what the layer before it writes"},
        {"0=5", "0=99999", "parameter 0 is 99999, must be 1 to 4096"},
        {"0=5", "0=five", "is \"five\", not an integer"},
        {"0=5", "0=99999999999999999999", "not an integer"},
        {"0=5", "0:5", "is not a parameter"},
        {"1=3 ", "1=9223372036854775807 ", "must be 1 to 16"},
        {"1=3 ", "1=3 1=3 ", "parameter 1 is given twice"},
        {"5=1", "3=2 5=1", "parameter 3 is 2, must be 1 to 1"},
        {"5=1", "4=1 5=1", "parameter 4 is 1, must be 0 to 0"},
        {"5=1", "2=2 5=1", "parameter 2 is 2"},
        {"5=1", "5=0", "parameter 5 is 0, must be 1 to 1"},
        {"5=1", "11=5 5=1", "parameter 11 is not built"},
        {"6=135", "6=136", "parameter 6 is 136, must be 135 to 135"},
        {"9=2", "9=1", "activation 1 is not built"},
        {"9=2", "9=3", "parameter 9 is 3"},
        {"-23310=1,0.100000", "", "slope"},
        {"-23310=1,0.100000", "-23310=2,0.1", "slope"},
        {"-23310=1,0.100000", "-23310=1,inf", "slope"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.from, row.to);
        const auto model = parse_model(replaced(small_graph, row.from, row.to), small_weights());
        REQUIRE_FALSE(model.ok());
        CHECK(model.status().code() == Code::unsupported);
        CHECK_THAT(model.status().message(), ContainsSubstring(row.message));
    }
}

TEST_CASE("weights that are not the graph's are refused", "[upscale]") {
    const std::string weights = small_weights();
    for (std::size_t length = 0; length < weights.size(); ++length) {
        const auto model = parse_model(small_graph, std::string_view(weights).substr(0, length));
        CAPTURE(length);
        REQUIRE_FALSE(model.ok());
        CHECK(model.status().code() == Code::corrupt);
    }
    CHECK_THAT(parse_model(small_graph, weights + "1234").status().message(), ContainsSubstring("4 bytes are left"));
    std::string tagged = weights;
    tagged[0] = 0;
    CHECK_THAT(parse_model(small_graph, tagged).status().message(), ContainsSubstring("\"conv1\": tag is 0x01306b00"));
    std::string infinite = weights;
    infinite[4] = 0;
    infinite[5] = 0x7C;
    CHECK_THAT(parse_model(small_graph, infinite).status().message(), ContainsSubstring("not finite"));
}

TEST_CASE("a graph cut short is refused, and no changed byte makes trouble", "[upscale]") {
    const std::string weights = small_weights();
    // Only the last line's end may be missing.
    for (std::size_t at = 0; at + 1 < small_graph.size(); ++at) {
        CAPTURE(at);
        CHECK_FALSE(parse_model(small_graph.substr(0, at), weights).ok());
        for (const char other : {'\0', ' ', '9', '-', '\n'}) {
            std::string graph = small_graph;
            graph[at] = other;
            (void)parse_model(graph, weights);
        }
    }
}

}  // namespace
}  // namespace convt::test
