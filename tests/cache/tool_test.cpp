// SPDX-License-Identifier: Apache-2.0
// convt-cache, called in this process.
#include "tools/cache/cache.h"

#include <catch2/catch_test_macros.hpp>

#include <nlohmann/json.hpp>
#include <sstream>

#include "runtime/cache/disk_cache.h"
#include "tests/cache/scratch.h"
#include "tests/support/fake_compiler.h"

namespace {

using namespace convt;
using namespace convt::test;

struct Run {
    int code;
    std::string out;
    std::string err;
};

Run run(const cli::Arguments& arguments) {
    std::ostringstream out;
    std::ostringstream err;
    const int code = cli::cache_tool(arguments, out, err);
    return {code, out.str(), err.str()};
}

const std::string key_a(48, 'a');
const std::string key_b(48, 'b');

void fill(const std::string& folder) {
    const DiskCache cache = DiskCache::open(folder, 1U << 20U, true).value();
    REQUIRE(cache.store(key_a, fake_object(fake_problem(5), Target::host())).ok());
    REQUIRE(cache.store(key_b, fake_object(fake_problem(6), Target::host(), {.admitted = false})).ok());
    std::filesystem::last_write_time(folder + "/" + key_a + ".convt", std::filesystem::file_time_type::min());
}

}  // namespace

TEST_CASE("convt-cache counts, lists and clears") {
    const ScratchFolder scratch;
    const std::string folder = scratch / "cache";
    fill(folder);
    const auto stat = nlohmann::json::parse(run({"stat", "--json", "--dir", folder}).out);
    CHECK(stat["dir"] == folder);
    CHECK(stat["entries"] == 2);
    CHECK(stat["bytes"] > 1000);
    CHECK(run({"stat", "--dir", folder}).out.find("2 entries") != std::string::npos);

    const auto list = nlohmann::json::parse(run({"--json", "--dir", folder, "ls"}).out);
    REQUIRE(list["entries"].size() == 2);
    CHECK(list["entries"][0]["key"] == key_b);  // the last used first
    CHECK(list["entries"][0]["state"] == "whole");
    CHECK(list["entries"][0]["admitted"] == false);
    CHECK(list["entries"][0]["problem"] == fake_problem(6).text());
    CHECK(list["entries"][1]["strategy"] == "fake");
    CHECK(run({"ls", "--dir", folder}).out.find(fake_problem(5).text()) != std::string::npos);
    CHECK(run({"verify", "--dir", folder}).code == 0);

    write_bytes(folder + "/1-1.tmp", {});  // of a writer that is gone
    const Run cleared = run({"clear", "--json", "--dir", folder});
    CHECK(cleared.code == 0);
    CHECK(nlohmann::json::parse(cleared.out)["removed"] == 2);
    CHECK(names_in(folder).empty());
}

TEST_CASE("convt-cache verify ends with 1 and names what is damaged, not what is of another version") {
    const ScratchFolder scratch;
    const std::string folder = scratch / "cache";
    fill(folder);
    std::vector<std::byte> bytes = read_bytes(folder + "/" + key_a + ".convt");
    bytes[8] = std::byte{9};
    write_bytes(folder + "/" + key_a + ".convt", bytes);
    CHECK(run({"verify", "--dir", folder}).code == 0);
    CHECK(run({"ls", "--dir", folder}).out.find("other version") != std::string::npos);

    std::filesystem::resize_file(folder + "/" + key_b + ".convt", 700);
    const Run verified = run({"verify", "--json", "--dir", folder});
    CHECK(verified.code == 1);
    const auto report = nlohmann::json::parse(verified.out);
    CHECK(report["whole"] == 0);
    CHECK(report["other_version"] == 1);
    REQUIRE(report["damaged"].size() == 1);
    CHECK(report["damaged"][0]["key"] == key_b);
    CHECK(verified.err.find("damaged entries: 1") != std::string::npos);
    CHECK(run({"ls", "--dir", folder}).out.find("damaged") != std::string::npos);
    CHECK(run({"verify", "--dir", folder}).out.find("checksum") != std::string::npos);
}

TEST_CASE("convt-cache ends as the contract says") {
    const ScratchFolder scratch;
    CHECK(run({}).code == 2);
    CHECK(run({"stat", "ls", "--dir", scratch / ""}).code == 2);
    CHECK(run({"unknown"}).code == 2);
    CHECK(run({"--help"}).code == 0);
    CHECK(run({"--version"}).code == 0);
    for (const char* command : {"stat", "ls", "verify", "clear"}) {
        CHECK(run({command, "--json", "--dir", scratch / "none"}).code == 0);
        CHECK_FALSE(std::filesystem::exists(scratch / "none"));
    }
    write_bytes(scratch / "file", {});
    const Run refused = run({"ls", "--dir", scratch / "file"});
    CHECK(refused.code == 2);
    CHECK(refused.err.find(scratch / "file") != std::string::npos);
}
