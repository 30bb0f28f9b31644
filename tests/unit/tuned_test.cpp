// SPDX-License-Identifier: Apache-2.0
// Tuned tables: their text, their files, and which row is found.
#include "convt/tuned.h"
#include "tests/support/require_value.h"
#include "tests/support/temporary_folder.h"

#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <fstream>

#include <stdlib.h>

namespace convt::test {
namespace {

namespace fs = std::filesystem;

TunedRow row(const std::string& problem, const char* schedule = "tx=2,tc=8") {
    return {problem,       "lanes", require_value(Schedule::parse(schedule)), 1.5, 1.25, 0.1, 3e-7, "2026-01-31",
            "convt 0.1.0", "A CPU"};
}

const std::string first = "convt1d_f32_ci1_co1_i1_k1";
const std::string second = "convt1d_f32_ci1_co1_i2_k1";

}  // namespace

TEST_CASE("tuned table: text reads back, sorted, and a row put again replaces the old one") {
    TunedTable table;
    table.put(row(second));
    table.put(row(first, ""));
    const std::string text = table.text();
    CHECK(require_value(TunedTable::parse(text)).rows() == table.rows());
    CHECK(require_value(TunedTable::parse(text)).text() == text);
    CHECK(table.rows()[0].problem == first);
    CHECK(text.find(first + "\tlanes\t\t1.5\t1.25\t0.1\t3e-07\t2026-01-31\tconvt 0.1.0\tA CPU\n") != std::string::npos);

    TunedRow again = row(first, "tx=4");
    again.cpu = "odd\tname\n";
    table.put(again);
    REQUIRE(table.rows().size() == 2);
    CHECK(table.find(first)->schedule.text() == "tx=4");
    CHECK(table.find(first)->cpu == "odd name ");
    CHECK(table.find("convt1d") == nullptr);
    CHECK(require_value(TunedTable::parse(table.text())).rows() == table.rows());
}

TEST_CASE("tuned table: a missing file is empty, a saved one whole, and nothing else is left in the folder") {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/deep/er/x86-64-v3.tsv";
    CHECK(require_value(TunedTable::load(path)).rows().empty());
    TunedTable table;
    table.put(row(first));
    REQUIRE(table.save(path).ok());
    table.put(row(second));
    REQUIRE(table.save(path).ok());
    CHECK(require_value(TunedTable::load(path)).rows() == table.rows());
    CHECK(std::distance(fs::directory_iterator(folder.path() + "/deep/er"), fs::directory_iterator()) == 1);
}

TEST_CASE("tuned table: what cannot be read or written is named") {
    const TemporaryFolder folder;
    fs::create_directory(folder.path() + "/is_a_folder");
    const auto as_table = TunedTable::load(folder.path() + "/is_a_folder");
    CHECK(as_table.status().code() == Code::io_error);
    CHECK(as_table.status().message().find("is_a_folder") != std::string::npos);
    std::ofstream(folder.path() + "/file") << "x";
    const Status under_file = TunedTable().save(folder.path() + "/file/table.tsv");
    CHECK(under_file.code() == Code::io_error);
    const Status over_folder = TunedTable().save(folder.path() + "/is_a_folder");
    CHECK(over_folder.code() == Code::io_error);
    CHECK(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()) == 2);
}

TEST_CASE("find_tuned: the file is read again when it has changed, and not at all when untuned") {
    const TemporaryFolder folder;
    const Problem problem = require_value(Problem::parse(first));
    const Target target = require_value(Target::parse("x86-64-v3"));
    const TunedOptions options{folder.path(), false};
    const std::string path = tuned_path(folder.path(), target);
    CHECK(path == folder.path() + "/x86-64-v3.tsv");
    // The user's table decides over a shipped one, so a strategy that no shipped row has is enough to tell them apart.
    const auto found_strategy = [&](bool untuned) -> std::string {
        const auto found = find_tuned(problem, target, {options.db_dir, untuned});
        INFO(found.status().message());
        REQUIRE(found.ok());
        return found.value() ? found.value()->strategy : "none";
    };
    CHECK(found_strategy(false) != "written first");
    for (const char* strategy : {"written first", "written second"}) {
        TunedTable table;
        table.put(row(first));
        TunedRow mine = row(first);
        mine.strategy = strategy;
        table.put(mine);
        REQUIRE(table.save(path).ok());
        CHECK(found_strategy(false) == strategy);
        CHECK(found_strategy(true) == "none");
    }
    std::ofstream(path) << "broken\n";
    CHECK_FALSE(find_tuned(problem, target, options).ok());
    fs::remove(path);
    CHECK(found_strategy(false) != "written second");
}

TEST_CASE("default_db_dir: XDG_DATA_HOME, then HOME, relative ones ignored") {
    const char* home = ::getenv("HOME");
    const std::string saved_home = home == nullptr ? "" : home;
    ::setenv("XDG_DATA_HOME", "/data", 1);
    CHECK(default_db_dir() == "/data/convt/tuned");
    ::setenv("XDG_DATA_HOME", "data", 1);
    ::setenv("HOME", "/home/me", 1);
    CHECK(default_db_dir() == "/home/me/.local/share/convt/tuned");
    ::unsetenv("XDG_DATA_HOME");
    ::unsetenv("HOME");
    CHECK(default_db_dir().empty());
    if (home != nullptr) ::setenv("HOME", saved_home.c_str(), 1);
}

}  // namespace convt::test
