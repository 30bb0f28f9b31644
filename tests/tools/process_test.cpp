// SPDX-License-Identifier: Apache-2.0
// What every tool owes its callers, held against the programs as they are built.
#include "tests/tools/harness.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

using namespace convt;
using Catch::Matchers::ContainsSubstring;

namespace {

const std::vector<std::string> tools = {"convt-aot",     "convt-bench", "convt-cache", "convt-cc",
                                        "convt-explain", "convt-run",   "convt-tune"};

}  // namespace

TEST_CASE("tools: --help, --version and bad usage") {
    for (const std::string& tool : tools) {
        CAPTURE(tool);
        const auto help = test::call(tool, {"--help"});
        CHECK(help.exit_code == 0);
        CHECK_THAT(help.out, ContainsSubstring("--version") && ContainsSubstring("Usage"));
        CHECK(help.err.empty());
        const auto version_text = test::call(tool, {"--version"});
        CHECK(version_text.exit_code == 0);
        CHECK(version_text.out == tool + " 0.1.0\n");
        const auto bad = test::call(tool, {"--no-such-option"});
        CHECK(bad.exit_code == 2);
        CHECK(bad.out.empty());
        CHECK_THAT(bad.err, ContainsSubstring(tool + ": "));
    }
}

TEST_CASE("tools: an error goes to standard error, with its exit code") {
    const auto called = test::call("convt-run", {"convt2d_f32_ci0_co1_i1_k1", "--x", "a", "--w", "b", "--y", "c"});
    CHECK(called.exit_code == 2);
    CHECK(called.out.empty());
    CHECK_THAT(called.err, ContainsSubstring("convt-run: ") && ContainsSubstring("in_channels = 0"));
}
