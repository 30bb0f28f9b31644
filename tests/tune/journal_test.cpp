// SPDX-License-Identifier: Apache-2.0
#include "tools/tune/journal.h"

#include "tests/support/temporary_folder.h"

#include <catch2/catch_test_macros.hpp>

#include <unistd.h>

#include <fstream>
#include <sstream>

namespace convt::test {

namespace {

using tune::Journal;
using tune::Trial;

const tune::JournalKey key{"compiler 1", "cpu\twith a tab"};

std::unique_ptr<Journal> open(const TemporaryFolder& folder, const tune::JournalKey& with = key) {
    auto journal = Journal::open(folder.path() + "/db", "v3", with);
    REQUIRE(journal.status().message() == "");
    return std::move(journal).value();
}

std::string file_of(const TemporaryFolder& folder) {
    return folder.path() + "/db/v3.trials";
}

std::string contents(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

void overwrite(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
}

Trial good() {
    return {{"general", Schedule::parse("tx=1,tc=2").value()}, Code::ok, 12.5, 1.25, ""};
}

Trial bad() {
    return {{"general", Schedule::parse("tx=4,tc=2").value()}, Code::compile_failed, 0.0, 2.5, "two\nlines\tand a tab"};
}

TEST_CASE("what is written is read again") {
    const TemporaryFolder folder;
    {
        const auto journal = open(folder);
        REQUIRE(journal->add("p", good()).ok());
        REQUIRE(journal->add("p", bad()).ok());
        REQUIRE(journal->add("q", good()).ok());
        REQUIRE(journal->finish("q", 60.0).ok());
        CHECK(journal->trials("p").size() == 2);
        CHECK(journal->finished_budget("q") == 60.0);
    }
    const auto journal = open(folder);
    CHECK(journal->dropped() == 0);
    const auto trials = journal->trials("p");
    REQUIRE(trials.size() == 2);
    CHECK(trials[0].candidate == good().candidate);
    CHECK(trials[0].us == 12.5);
    CHECK(trials[0].spent_s == 1.25);
    CHECK(trials[1].code == Code::compile_failed);
    CHECK(trials[1].message == "two lines and a tab");
    CHECK(journal->trials("q").size() == 1);
    CHECK(journal->finished_budget("p") == 0.0);
    CHECK(journal->finished_budget("q") == 60.0);
}

TEST_CASE("trials of another compiler or machine do not count and do not go") {
    const TemporaryFolder folder;
    REQUIRE(open(folder)->add("p", good()).ok());
    for (const tune::JournalKey& other :
         {tune::JournalKey{"compiler 2", key.cpu}, tune::JournalKey{key.compiler, "x"}}) {
        const auto journal = open(folder, other);
        CHECK(journal->trials("p").empty());
        CHECK(journal->dropped() == 0);
    }
    CHECK(open(folder)->trials("p").size() == 1);
}

TEST_CASE("one tuner at a time") {
    const TemporaryFolder folder;
    {
        const auto journal = open(folder);
        const Status status = Journal::open(folder.path() + "/db", "v4", key).status();
        CHECK(status.code() == Code::io_error);
        CHECK(status.message().find("another convt-tune") != std::string::npos);
    }
    CHECK(Journal::open(folder.path() + "/db", "v4", key).ok());
}

TEST_CASE("a line changed in any byte or cut anywhere is passed over, the others stay") {
    const TemporaryFolder folder;
    const std::string path = file_of(folder);
    REQUIRE(open(folder)->add("p", good()).ok());
    const std::string line = contents(path);
    for (std::size_t i = 0; i < line.size(); ++i) {
        CAPTURE(i);
        std::string changed = line;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        overwrite(path, line + changed + line);
        CHECK(open(folder)->trials("p").size() >= 1);
        CHECK(open(folder)->trials("p").size() <= 2);
        if (i + 1 == line.size()) continue;  // without its newline a line is still whole
        overwrite(path, line + line.substr(0, i));
        {
            const auto journal = open(folder);
            CHECK(journal->trials("p").size() == 1);
            CHECK(journal->dropped() == (i == 0 ? 0 : 1));
            REQUIRE(journal->add("p", bad()).ok());  // on a line of its own
        }
        CHECK(open(folder)->trials("p").size() == 2);
    }
}

TEST_CASE("lines with a good checksum and nonsense inside are passed over") {
    // FNV-1a of the text, as the journal has it.
    const auto checked = [](const std::string& body) {
        std::uint64_t hash = 0xcbf29ce484222325U;
        for (const char c : body)
            hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
        char text[17];
        std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
        return std::string(text) + "\t" + body + "\n";
    };
    const std::string head = "trial1\tcompiler 1\tcpu with a tab\tp\tgeneral\t";
    const TemporaryFolder folder;
    open(folder);
    overwrite(file_of(folder), checked(head + "tx=1\tok\t5\t1\t"));
    CHECK(open(folder)->trials("p").size() == 1);
    for (const char* tail : {"tx=\tok\t5\t1\t", "tx=1\tnever\t5\t1\t", "tx=1\tok\t0\t1\t", "tx=1\tok\t-5\t1\t",
                             "tx=1\tok\tnan\t1\t", "tx=1\tok\tinf\t1\t", "tx=1\tok\t5\t1e999\t", "tx=1\tok\t5x\t1\t",
                             "tx=1\tcorrupt\t5\t1\t", "tx=1\tok\t5\t1", "tx=1\tok\t5\t1\ta\tb", ""}) {
        CAPTURE(tail);
        overwrite(file_of(folder), checked(head + tail));
        const auto journal = open(folder);
        CHECK(journal->trials("p").empty());
        CHECK(journal->dropped() == 1);
    }
}

TEST_CASE("a journal that cannot be kept is an error that names it") {
    const TemporaryFolder folder;
    CHECK(Journal::open("/proc/no/place", "v3", key).status().code() == Code::io_error);
    open(folder);
    ::unlink(file_of(folder).c_str());
    REQUIRE(::symlink("/dev/null", file_of(folder).c_str()) == 0);
    const Status status = Journal::open(folder.path() + "/db", "v3", key).status();
    CHECK(status.code() == Code::io_error);
    CHECK(status.message().find("v3.trials") != std::string::npos);
}

}  // namespace

}  // namespace convt::test
