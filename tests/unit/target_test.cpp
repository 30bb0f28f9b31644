// SPDX-License-Identifier: Apache-2.0
// The tables of features and targets, each row against its own claims, and what this CPU says of itself.
#include "convt/target.h"
#include "tests/support/require_value.h"

#include <catch2/catch_test_macros.hpp>

#include <bit>
#include <fstream>
#include <set>
#include <sstream>
#include <string_view>

namespace convt::test {
namespace {

std::string canonical(std::string_view text) {
    INFO(text);
    return require_value(Target::parse(text)).text();
}

}  // namespace

TEST_CASE("features: one bit a row, names unique, what a row brings along is whole") {
    std::uint64_t bits = 0;
    std::set<std::string_view> names;
    for (const FeatureInfo& row : cpu_features()) {
        INFO(row.name);
        CHECK(std::popcount(row.bit) == 1);
        CHECK((bits & row.bit) == 0);
        bits |= row.bit;
        CHECK(names.insert(row.name).second);
        const std::uint64_t whole = row.implies | row.bit;
        for (const FeatureInfo& other : cpu_features()) {
            if ((whole & other.bit) != 0) CHECK((other.implies & ~whole) == 0);
        }
    }
}

TEST_CASE("targets: every row is its own canonical text and holds what its features bring along") {
    for (const TargetInfo& row : targets()) {
        INFO(row.name);
        CHECK(canonical(row.name) == row.name);
        const Target target = require_value(Target::parse(row.name));
        CHECK(&target.info() == &row);
        CHECK(target.features() == row.features);
        CHECK(row.vector_bytes >= 16);
        CHECK(row.vector_registers >= 16);
        for (const FeatureInfo& feature : cpu_features()) {
            if ((row.features & feature.bit) != 0) CHECK((feature.implies & ~row.features) == 0);
        }
    }
}

TEST_CASE("targets: features are added in table order; those of the row, or that others bring along, are not printed") {
    CHECK(canonical("x86-64-v4+avx512_bf16") == "x86-64-v4+avx512_bf16");
    CHECK(canonical("x86-64-v4+avx512_bf16+avx512_vnni") == "x86-64-v4+avx512_vnni+avx512_bf16");
    CHECK(canonical("x86-64-v3+avx2+fma") == "x86-64-v3");
    CHECK(canonical("x86-64-v2+fma") == "x86-64-v2+fma");
    CHECK(canonical("x86-64-v4+amx_int8") == "x86-64-v4+amx_int8");
    for (const FeatureInfo& feature : cpu_features()) {
        for (const TargetInfo& row : targets()) {
            const std::string text = std::string(row.name) + "+" + feature.name;
            if (std::string_view(row.arch) != feature.arch) continue;
            const Target target = require_value(Target::parse(text));
            INFO(text << " is " << target.text());
            CHECK(require_value(Target::parse(target.text())) == target);
            CHECK((target.features() & feature.bit) != 0);
        }
    }
}

TEST_CASE("targets: host is the highest row this CPU has, and never appears in the text") {
    const Target host = Target::host();
    CHECK(require_value(Target::parse("host")) == host);
    CHECK(std::string_view(host.info().arch) == host_arch());
    CHECK((host.features() & ~host_features()) == 0);
    CHECK(host.text().find("host") == std::string::npos);
    for (const TargetInfo& row : targets()) {
        if (std::string_view(row.arch) != host_arch() || (row.features & ~host_features()) != 0) continue;
        INFO(row.name);
        CHECK(&row <= &host.info());
    }
}

TEST_CASE("features: what CPUID says agrees with the kernel") {
    // Linux hides what it does not save the state of, as XGETBV does. Names differ for these.
    std::ifstream file("/proc/cpuinfo");
    std::string line;
    while (std::getline(file, line) && !line.starts_with("flags")) {
    }
    if (!file) SKIP("no flags in /proc/cpuinfo");
    std::istringstream words(line);
    std::set<std::string> flags;
    for (std::string word; words >> word;)
        flags.insert(word);
    const auto linux_name = [](std::string_view name) -> std::string {
        if (name == "sse3") return "pni";
        if (name == "sse41") return "sse4_1";
        if (name == "sse42") return "sse4_2";
        if (name == "lahf") return "lahf_lm";
        if (name == "lzcnt") return "abm";
        return std::string(name);
    };
    for (const FeatureInfo& row : cpu_features()) {
        INFO(row.name);
        CHECK(((host_features() & row.bit) != 0) == flags.contains(linux_name(row.name)));
    }
}

TEST_CASE("missing features are named in table order") {
    const std::uint64_t v3 = require_value(Target::parse("x86-64-v3")).features();
    const std::uint64_t v4 = require_value(Target::parse("x86-64-v4")).features();
    CHECK(missing_features(v4, v3) ==
          std::vector<std::string>{"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"});
    CHECK(missing_features(v3, v4).empty());
}

}  // namespace convt::test
