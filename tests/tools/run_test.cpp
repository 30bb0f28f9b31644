// SPDX-License-Identifier: Apache-2.0
#include "tools/run/run.h"
#include "tests/tools/harness.h"
#include "tools/common/npy.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

using namespace convt;
using Catch::Matchers::ContainsSubstring;
using convt::test::bytes_of;
using convt::test::npy_bytes;

namespace {

std::string header(const std::string& descr, const std::string& shape, bool fortran = false) {
    return "{'descr': '" + descr + "', 'fortran_order': " + (fortran ? "True" : "False") + ", 'shape': " + shape +
           "}\n";
}

std::string f32(const std::string& shape, const std::vector<float>& values, bool fortran = false) {
    return npy_bytes(1, header("<f4", shape, fortran), bytes_of(values));
}

// x = (1, 2), w = (1, 10, 100), stride 2: 1, 10, 100 + 2, 20, 200.
struct Case {
    test::Workplace folder;
    std::string problem = "convt1d_f32_ci1_co1_i2_k3_s2";
    Case() {
        test::write_text(folder / "x", f32("(1, 1, 2)", {1, 2}));
        test::write_text(folder / "w", f32("(1, 1, 3)", {1, 10, 100}));
        test::write_text(folder / "b", f32("(1,)", {0.5F}));
    }
    test::Called run(const cli::Arguments& more = {}) const {
        cli::Arguments arguments = {problem, "--x", folder / "x", "--w", folder / "w", "--y", folder / "y"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return test::call(cli::run_tool, arguments);
    }
    // Refused with `code` and a message that has all of `parts`; nothing written.
    void refuse(int code, const std::vector<std::string>& parts, const cli::Arguments& more = {}) const {
        const test::Called called = run(more);
        CAPTURE(called.err);
        CHECK(called.exit_code == code);
        for (const std::string& part : parts)
            CHECK_THAT(called.err, ContainsSubstring(part));
        CHECK(test::read_text(folder / "y").empty());
    }
    void expect(const std::vector<std::int64_t>& shape, const std::vector<float>& values) const {
        const auto y = cli::read_npy(folder / "y");
        REQUIRE(y.ok());
        CHECK(y.value().type == ElementType::f32);
        CHECK(y.value().shape == shape);
        CHECK(std::string(reinterpret_cast<const char*>(y.value().data.data()), y.value().data.size()) ==
              bytes_of(values));
    }
};

}  // namespace

TEST_CASE("convt-run: a case done by hand, batched and unbatched") {
    Case c;
    const test::Called first = c.run();
    CAPTURE(first.err);
    REQUIRE(first.exit_code == 0);
    c.expect({1, 1, 5}, {1, 10, 102, 20, 200});

    test::write_text(c.folder / "x", f32("(1, 2)", {1, 2}));
    REQUIRE(c.run({"--threads", "1", "--untuned"}).exit_code == 0);
    c.expect({1, 5}, {1, 10, 102, 20, 200});
}

TEST_CASE("convt-run: bias, epilogue, Fortran order") {
    Case c;
    c.problem = "convt2d_f32_ci1_co1_i2x2_k1x1_s1x2_bias_leaky0.5";
    // x = (1 -3; 2 4), element (i, j) at i + 2 j
    test::write_text(c.folder / "x", f32("(1, 1, 2, 2)", {1, 2, -3, 4}, true));
    test::write_text(c.folder / "w", f32("(1, 1, 1, 1)", {2}));
    const test::Called called = c.run({"--bias", c.folder / "b"});
    CAPTURE(called.err);
    REQUIRE(called.exit_code == 0);
    c.expect({1, 1, 2, 3}, {2.5F, 0.5F, -2.75F, 4.5F, 0.5F, 8.5F});
}

TEST_CASE("convt-run: operands of the epilogue, in any order of the options") {
    Case c;
    c.problem = "convt2d_f32_ci1_co1_i2x2_k1x1_s1x2_scale_add_clamp-5:5";
    test::write_text(c.folder / "x", f32("(1, 1, 2, 2)", {1, -3, 2, 4}));
    test::write_text(c.folder / "w", f32("(1, 1, 1, 1)", {2}));
    test::write_text(c.folder / "s", f32("(1,)", {-1}));
    test::write_text(c.folder / "r", f32("(1, 1, 2, 3)", {1, 2, 3, 4, 5, 6}));
    const std::string scale = "scale=" + std::string(c.folder / "s"), add = "add=" + std::string(c.folder / "r");
    c.refuse(2, {"--operand add=FILE", "missing"}, {"--operand", scale});
    c.refuse(2, {"--operand", "3 given, must be 2: scale, add"},
             {"--operand", scale, "--operand", add, "--operand", add});
    c.refuse(2, {"--operand scale", "(1, 1, 2, 3)", "(1,)"},
             {"--operand", "scale=" + std::string(c.folder / "r"), "--operand", add});
    const test::Called called = c.run({"--operand", add, "--operand", scale});
    CAPTURE(called.err);
    REQUIRE(called.exit_code == 0);
    c.expect({1, 1, 2, 3}, {-1, 2, 5, 0, 5, -2});
}

TEST_CASE("convt-run: what does not fit is refused by name, and nothing is written") {
    Case c;
    c.refuse(2, {"--operand", "1 given, must be 0"}, {"--operand", "add=f.npy"});
    c.refuse(2, {"--bias"}, {"--bias", c.folder / "b"});
    c.refuse(2, {"no-such-target"}, {"--target", "no-such-target"});
    test::write_text(c.folder / "x", f32("(1, 1, 3)", {1, 2, 3}));
    c.refuse(2, {"--x", "(1, 1, 3)", "(1, 1, 2)", "(1, 2)"});
    test::write_text(c.folder / "x", npy_bytes(1, header("<f8", "(1, 1, 2)"), bytes_of<double>({1, 2})));
    c.refuse(2, {"--x", "f64", "f32"});
    test::write_text(c.folder / "x", npy_bytes(1, header(">f4", "(1, 1, 2)"), "12345678"));
    c.refuse(3, {"--x", "big-endian", ">f4"});
    test::write_text(c.folder / "x", f32("(1, 1, 2)", {1}));
    c.refuse(4, {"--x", c.folder / "x"});
    test::write_text(c.folder / "x", f32("(1, 1, 2)", {1, 2}));
    test::write_text(c.folder / "w", f32("(3,)", {1, 10, 100}));
    c.refuse(2, {"--w", "(3,)", "(1, 1, 3)"});

    Case biased;
    biased.problem += "_bias";
    biased.refuse(2, {"--bias", "missing"});
    Case batch;
    batch.problem = "convt1d_f32_n2_ci1_co1_i2_k3_s2";
    test::write_text(batch.folder / "x", f32("(1, 2)", {1, 2}));
    batch.refuse(2, {"--x", "(2, 1, 2)"});
    Case missing;
    missing.refuse(2, {"another"}, {"another"});
    std::filesystem::remove(missing.folder / "x");
    missing.refuse(4, {missing.folder / "x", "No such file"});
}

TEST_CASE("convt-run: an open problem takes its sizes from the input") {
    const struct {
        const char* shape;
        std::vector<float> x;
        std::vector<std::int64_t> output;
        std::vector<float> y;
    } rows[] = {{"(1, 1, 2)", {1, 2}, {1, 1, 5}, {1, 10, 102, 20, 200}},
                {"(2, 1, 1)", {1, 2}, {2, 1, 3}, {1, 10, 100, 2, 20, 200}},
                {"(1, 3)", {1, 0, 3}, {1, 7}, {1, 10, 100, 0, 3, 30, 300}}};
    Case c;
    c.problem = "convt1d_f32_n?_ci1_co1_i?_k3_s2";
    for (const auto& [shape, x, output, y] : rows) {
        test::write_text(c.folder / "x", f32(shape, x));
        const test::Called called = c.run();
        CAPTURE(called.err);
        REQUIRE(called.exit_code == 0);
        c.expect(output, y);
    }
    Case wrong;
    wrong.problem = c.problem;
    test::write_text(wrong.folder / "x", f32("(2, 2, 1)", {1, 2, 3, 4}));
    wrong.refuse(2, {"--x", "(2, 2, 1)", "(2, 1, 1)"});
    test::write_text(wrong.folder / "x", f32("(2,)", {1, 2}));
    wrong.refuse(2, {"--x", "1 dimensions"});
    wrong.problem = "convt1d_f32_ci1_co1_i4..64_k3_s2";
    test::write_text(wrong.folder / "x", f32("(1, 1, 3)", {1, 2, 3}));
    wrong.refuse(2, {"--x", "input[W] = 3", "at least 4"});
}

TEST_CASE("convt-run: an output that cannot be written ends with 4") {
    const Case c;
    const test::Called called = test::call(
        cli::run_tool, {c.problem, "--x", c.folder / "x", "--w", c.folder / "w", "--y", c.folder / "no/such/folder"});
    CHECK(called.exit_code == 4);
    CHECK_THAT(called.err, ContainsSubstring("no/such/folder"));
}
