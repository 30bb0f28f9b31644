// SPDX-License-Identifier: Apache-2.0
#include "tools/common/npy.h"
#include "tests/tools/harness.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <numeric>

using namespace convt;
using namespace convt::cli;
using Catch::Matchers::ContainsSubstring;
using convt::test::bytes_of;
using convt::test::npy_bytes;

namespace {

// 0, 1, 2, ... as f32.
std::string counted(int n) {
    std::vector<float> values(static_cast<std::size_t>(n));
    std::iota(values.begin(), values.end(), 0.0F);
    return bytes_of(values);
}

std::string text_of(const Array& array) {
    return std::string(reinterpret_cast<const char*>(array.data.data()), array.data.size());
}

const std::string header_2x3 = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n";

}  // namespace

TEST_CASE("npy: what is written reads back, for every type and rank") {
    for (const ElementTypeInfo& type : element_types()) {
        for (const std::vector<std::int64_t>& shape :
             {std::vector<std::int64_t>{}, {7}, {2, 3}, {1, 2, 3, 4, 5}, {3, 0, 2}}) {
            const auto elements = std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
            std::vector<std::byte> data(static_cast<std::size_t>(elements * type.bytes()));
            for (std::size_t i = 0; i < data.size(); ++i)
                data[i] = static_cast<std::byte>(i * 37);
            const std::string file = format_npy(type.type, shape, data);
            CAPTURE(type.name, shape_text(shape));
            CHECK((file.size() - data.size()) % 64 == 0);  // NumPy maps the data where they are
            const auto array = parse_npy(file);
            REQUIRE(array.ok());
            CHECK(array.value().type == type.type);
            CHECK(array.value().shape == shape);
            CHECK(array.value().data == data);
        }
    }
}

TEST_CASE("npy: versions 1.0 to 3.0, and Python's ways to write a dictionary") {
    for (const int version : {1, 2, 3}) {
        for (const std::string& header :
             {header_2x3, std::string("{\"shape\":(2,3),\"fortran_order\":False,\"descr\":\"<f4\"}"),
              std::string("  { 'fortran_order' : False , 'shape' : ( 2 , 3 , ) , 'descr' : '<f4' }  \n")}) {
            CAPTURE(version, header);
            const auto array = parse_npy(npy_bytes(version, header, counted(6)));
            REQUIRE(array.ok());
            CHECK(array.value().shape == std::vector<std::int64_t>{2, 3});
            CHECK(text_of(array.value()) == counted(6));
        }
    }
}

TEST_CASE("npy: Fortran order becomes C order") {
    const std::string header = "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }\n";
    const auto array = parse_npy(npy_bytes(1, header, bytes_of<float>({0, 3, 1, 4, 2, 5})));
    REQUIRE(array.ok());
    CHECK(text_of(array.value()) == counted(6));
    // (2, 2, 2): element (i, j, k) lies at i + 2 j + 4 k
    const std::string cube = "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2, 2), }\n";
    const auto three = parse_npy(npy_bytes(1, cube, bytes_of<float>({0, 4, 2, 6, 1, 5, 3, 7})));
    REQUIRE(three.ok());
    CHECK(text_of(three.value()) == counted(8));
}

TEST_CASE("npy: what is found is named when it is refused") {
    const auto refuse = [](const std::string& descr) {
        const std::string quoted = descr.starts_with('[') ? descr : "'" + descr + "'";
        return parse_npy(
                   npy_bytes(1, "{'descr': " + quoted + ", 'fortran_order': False, 'shape': (1,), }\n", "12345678"))
            .status();
    };
    for (const std::string& descr : std::vector<std::string>{">f4", ">c16", "<i8", "<u4", ">f2", "=f4", "<U3", "|O",
                                                             "[('a', '<f4')]", "", "<f40"}) {
        CAPTURE(descr);
        CHECK(refuse(descr).code() == Code::unsupported);
        CHECK_THAT(refuse(descr).message(), ContainsSubstring("'" + descr + "'"));
    }
    CHECK_THAT(refuse(">f4").message(), ContainsSubstring("big-endian"));
    for (const auto& [major, text] : {std::pair(0, "0.0"), std::pair(4, "4.0")}) {
        const Status status = parse_npy(npy_bytes(major, header_2x3, counted(6))).status();
        CHECK(status.code() == Code::unsupported);
        CHECK_THAT(status.message(), ContainsSubstring(text));
    }
}

TEST_CASE("npy: every truncation and every surplus is refused") {
    for (const int version : {1, 2}) {
        const std::string whole = npy_bytes(version, header_2x3, counted(6));
        REQUIRE(parse_npy(whole).ok());
        for (std::size_t n = 0; n < whole.size(); ++n) {
            CAPTURE(version, n);
            CHECK(parse_npy(whole.substr(0, n)).status().code() == Code::corrupt);
        }
        CHECK(parse_npy(whole + '\0').status().code() == Code::corrupt);
    }
}

TEST_CASE("npy: hostile headers are refused") {
    const std::vector<std::string> headers = {
        "", "{", "{}", "{'descr': '<f4', 'fortran_order': False}", "{'descr': '<f4', 'shape': (2, 3)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), 'x': 1}",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (2, 3)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (6)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-2, -3)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)} import os",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, , 3)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': [2, 3]}",
        "{'descr': '<f4' 'fortran_order': False, 'shape': (2, 3)}", "{'descr': '<f4",
        // products beyond 64 bits, and one that comes back to the size of the data when it wraps
        "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 3)}",
        "{'descr': '<f4', 'fortran_order': True, 'shape': (4611686018427387910,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (" + std::string(300, '1') + ",)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (6," +
            [] {
                std::string ones;
                for (int i = 0; i < 40; ++i)
                    ones += "1,";
                return ones;
            }() +
            ")}"};
    for (const std::string& header : headers) {
        CAPTURE(header);
        CHECK(parse_npy(npy_bytes(1, header, counted(6))).status().code() == Code::corrupt);
    }
    // A header that says it is four gigabytes long.
    CHECK(parse_npy(std::string("\x93NUMPY\x02\x00\xFF\xFF\xFF\xFF{}", 14)).status().code() == Code::corrupt);
}
