// SPDX-License-Identifier: Apache-2.0
// What convt-aot refuses, with which exit code and which words.
#include "tools/aot/request.h"
#include "tests/aot/archive.h"

#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <string_view>

namespace convt::test {

namespace {

struct Refused {
    const char* problems;  // the file's text
    const char* file;      // its name
    const char* targets;
    const char* name;
    int code;
    const char* words;  // part of the message
};

constexpr const char* good = "a\tconvt1d_f32_ci1_co1_i4_k2\n";

}  // namespace

TEST_CASE("what cannot be made is refused before anything is written") {
    const Refused rows[] = {
        {"a\tconvt1d_f32_ci1_co1_i4_k0\n", "p.tsv", "host", "", 2, "p.tsv"},
        {"a b\tconvt1d_f32_ci1_co1_i4_k2\n", "p.tsv", "host", "", 2, "a b"},
        {"a\tconvt1d_f32_ci1_co1_i4_k2\na\tconvt1d_f32_ci1_co1_i5_k2\n", "p.tsv", "host", "", 2, "a"},
        {"# nothing\n", "p.tsv", "host", "", 2, "holds none"},
        {good, "my-net.tsv", "host", "", 2, "`my-net` cannot begin C functions"},
        {good, "p.tsv", "host", "9lives", 2, "`9lives` cannot begin C functions"},
        {good, "p.tsv", "host", "a\"b", 2, "cannot begin C functions"},
        {good, "p.tsv", "x86-64-v9", "", 2, "x86-64-v9"},
        {good, "p.tsv", "x86-64-v3+magic", "", 2, "magic"},
    };
    for (const Refused& row : rows) {
        const TemporaryFolder folder;
        const std::string file = folder.path() + "/" + row.file;
        const std::string out = folder.path() + "/out";
        put_file(file, row.problems);
        std::vector<std::string> arguments = {"--problems", file, "--targets", row.targets, "--out", out};
        if (row.name[0] != '\0') arguments.insert(arguments.end(), {"--name", row.name});
        const Ran ran = run_aot(arguments);
        INFO(row.problems << row.file << " " << row.targets << " " << row.name << ": " << ran.err);
        CHECK(ran.code == row.code);
        CHECK(ran.err.find(row.words) != std::string::npos);
        CHECK_FALSE(std::filesystem::exists(out));
    }
}

TEST_CASE("targets are ordered from best to lowest, each once") {
    const auto targets =
        aot::archive_targets({"x86-64-v2", "x86-64-v4", "x86-64-v3", "x86-64-v4", "x86-64-v3+avx512f"});
    REQUIRE(targets.ok());
    std::vector<std::string> texts;
    for (const Target& target : targets.value())
        texts.push_back(target.text());
    CHECK(texts == std::vector<std::string>{"x86-64-v4", "x86-64-v3+avx512f", "x86-64-v3", "x86-64-v2"});
    const auto gpus = aot::archive_targets({"cuda-sm75", "cuda-sm86", "cuda-sm80"});
    REQUIRE(gpus.ok());
    CHECK(gpus.value().front().text() == "cuda-sm86");
    for (const TargetInfo& row : convt::targets())
        if (std::string_view(row.arch) != host_arch() && row.capability == 0)
            CHECK(aot::archive_targets({row.name}).status().code() == Code::unsupported);
}

TEST_CASE("usage, files and machines have exit codes of their own") {
    const TemporaryFolder folder;
    const std::string file = folder.path() + "/p.tsv";
    put_file(file, good);
    CHECK(run_aot({"--problems", file}).code == 2);
    CHECK(run_aot({"--problems", file, "--out", folder.path(), "--what"}).code == 2);
    CHECK(run_aot({"--problems", folder.path() + "/none.tsv", "--out", folder.path()}).code == 4);
    CHECK(run_aot({"--problems", file, "--targets", "x86-64-v2", "--out", file + "/under"}).code == 4);
    CHECK(run_aot({"--help"}).code == 0);
}

TEST_CASE("a machine without a C compiler is told what is missing") {
    const TemporaryFolder folder;
    const std::string file = folder.path() + "/p.tsv";
    put_file(file, good);
    ::setenv("CC", "no-such-compiler", 1);
    const Ran ran = run_aot({"--problems", file, "--targets", "x86-64-v2", "--out", folder.path()});
    ::unsetenv("CC");
    CHECK(ran.code == 3);
    CHECK(ran.err.find("no-such-compiler cannot be run") != std::string::npos);
}

}  // namespace convt::test
