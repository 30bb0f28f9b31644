// SPDX-License-Identifier: Apache-2.0
// Tuned tables: their text, their files, and which row is found.
#include "convt/tuned.h"
#include "schedules/gpu_device.h"
#include "tests/support/require_value.h"
#include "tests/support/temporary_folder.h"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <stdlib.h>

namespace convt::test {
namespace {

namespace fs = std::filesystem;

TunedRow row(const std::string& problem, const char* schedule = "tx=2,tc=8") {
    return {problem,
            "lanes",
            require_value(Schedule::parse(schedule)),
            1.5,
            1.25,
            0.1,
            3e-7,
            "2026-01-31",
            "convt 0.1.0",
            "A CPU",
            {32, 16, 32, 256, 8192, 4}};
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
    CHECK(text.find(first + "\tlanes\t\t1.5\t1.25\t0.1\t3e-07\t2026-01-31\tconvt 0.1.0\tA CPU\t"
                            "vector=32,registers=16,l1=32,l2=256,l3=8192,cores=4\n") != std::string::npos);

    TunedRow again = row(first, "tx=4");
    table.put(again);
    REQUIRE(table.rows().size() == 2);
    CHECK(table.find(first, {}).at(0).schedule.text() == "tx=4");
    CHECK(table.find("convt1d", {}).empty());
    again.cpu = "odd\tname\n";
    table.put(again);
    REQUIRE(table.rows().size() == 3);
    CHECK(table.rows()[1].cpu == "odd name ");
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
        return found.value().empty() ? "none" : found.value()[0].strategy;
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

TEST_CASE("machine: its text reads back, and this one has vectors, registers and cores") {
    const Machine machine{64, 32, 48, 1024, 32768, 2};
    CHECK(machine.text() == "vector=64,registers=32,l1=48,l2=1024,l3=32768,cores=2");
    CHECK(require_value(Machine::parse(machine.text())) == machine);
    const Machine& host = Machine::host();
    CHECK(require_value(Machine::parse(host.text())) == host);
    CHECK(host.vector_bytes == Target::host().info().vector_bytes);
    CHECK(host.cores >= 1);
    CHECK_FALSE(host_cpu_name().empty());
}

TEST_CASE("tuned table: rows of other machines live side by side, and the nearest by features comes first") {
    const Machine here{64, 32, 48, 1024, 32768, 2};
    const auto on = [](Machine machine, const char* cpu, const char* schedule, const char* date = "2026-01-31") {
        TunedRow one = row(first, schedule);
        one.machine = machine;
        one.cpu = cpu;
        one.date = date;
        return one;
    };
    TunedTable table;
    table.put(on({32, 16, 48, 1024, 32768, 2}, "ours by name", "tx=1"));
    table.put(on({64, 32, 48, 512, 32768, 2}, "half the cache", "tx=2"));
    table.put(on({64, 32, 48, 1024, 8192, 64}, "many cores", "tx=3"));
    table.put(on(here, "ours", "tx=4"));
    table.put(on(here, "a newer one like ours", "tx=5", "2026-02-01"));
    table.put(on({}, "nothing known", "tx=6"));
    const auto order = [&] {
        std::string text;
        for (const TunedRow& one : table.find(first, here))
            text += std::to_string(one.schedule.get("tx"));
        return text;
    };
    // Half the l2 counts 2; a quarter of the l3 and 32 times the cores 2.25; half of vectors and registers 12.
    CHECK(order() == "542316");
    table.put(on(here, "ours", "tx=7", "2026-03-01"));
    CHECK(order() == "752316");
    CHECK(require_value(TunedTable::parse(table.text())).rows() == table.rows());
}

TEST_CASE("tuned table: merging does not depend on the order, and the newer, then the faster row stays") {
    std::vector<TunedTable> tables(3);
    TunedRow one = row(first, "tx=1");
    one.date = "2026-02-01";
    tables[0].put(one);
    one.schedule = require_value(Schedule::parse("tx=2"));
    one.median_us = 1.0;
    tables[1].put(one);
    one.date = "2026-01-01";
    one.median_us = 0.5;
    tables[2].put(one);
    tables[2].put(row(second));
    one.cpu = "Another";
    tables[0].put(one);
    std::vector<std::size_t> order = {0, 1, 2};
    std::string expected;
    do {
        TunedTable merged;
        for (const std::size_t i : order)
            merged.merge(tables[i]);
        merged.merge(tables[order[0]]);
        CHECK(merged.rows().size() == 3);
        CHECK(merged.rows()[0].median_us == 1.0);
        CHECK(merged.rows()[1].cpu == "Another");
        if (expected.empty()) expected = merged.text();
        CHECK(merged.text() == expected);
    } while (std::next_permutation(order.begin(), order.end()));
}

TEST_CASE("find_tuned: this machine's own row comes before an equal one's, whatever the dates") {
    const TemporaryFolder folder;
    const Problem problem = require_value(Problem::parse(first));
    const Target target = require_value(Target::parse("x86-64-v3"));
    TunedTable table;
    TunedRow one = row(first);
    one.machine = Machine::host();
    one.date = "2026-12-31";
    one.strategy = "theirs";
    table.put(one);
    one.cpu = host_cpu_name();
    one.date = "2026-01-01";
    one.strategy = "ours";
    table.put(one);
    REQUIRE(table.save(tuned_path(folder.path(), target)).ok());
    const auto found = find_tuned(problem, target, {folder.path(), false});
    REQUIRE(found.ok());
    CHECK(found.value().at(0).strategy == "ours");
    CHECK(found.value().at(1).strategy == "theirs");
}

TEST_CASE("find_tuned: a default that stayed on another machine says nothing here") {
    const TemporaryFolder folder;
    const Problem problem = require_value(Problem::parse(first));
    const Target target = require_value(Target::parse("x86-64-v3"));
    const auto strategies = [&](Machine machine, double default_us) {
        TunedRow one = row(first);
        one.machine = machine;
        one.strategy = "theirs";
        one.default_us = default_us;
        TunedTable table;
        table.put(one);
        REQUIRE(table.save(tuned_path(folder.path(), target)).ok());
        const auto found = require_value(find_tuned(problem, target, {folder.path(), false}));
        return std::count_if(found.begin(), found.end(), [](const TunedRow& r) { return r.strategy == "theirs"; });
    };
    Machine other = Machine::host();
    other.l2_kib += 1;
    const double median = row(first).median_us;
    CHECK(strategies(other, median) == 0);
    CHECK(strategies(other, 2 * median) == 1);
    CHECK(strategies(Machine::host(), median) == 1);
}

TEST_CASE("find_tuned: what was measured comes before what was modelled, and no CPU takes a modelled row") {
    const TemporaryFolder folder;
    const Problem problem = require_value(Problem::parse(first));
    const Target gpu = require_value(Target::parse("cuda-sm80"));
    const Target cpu = require_value(Target::parse("x86-64-v3"));
    const GpuDevice& device = reference_device(gpu);
    TunedRow modelled = row(first);
    modelled.machine = device.machine();
    modelled.cpu = device.model;
    modelled.date = "2026-12-31";
    modelled.strategy = "modelled";
    modelled.modelled = true;
    TunedTable table;
    table.put(modelled);
    for (const Target& target : {gpu, cpu})
        REQUIRE(table.save(tuned_path(folder.path(), target)).ok());
    CHECK(require_value(TunedTable::parse(table.text())).rows() == table.rows());
    CHECK(find_tuned(problem, gpu, {folder.path(), false}).value().at(0).strategy == "modelled");
    CHECK(find_tuned(problem, cpu, {folder.path(), false}).value().empty());

    TunedRow measured = modelled;  // on another device, which the table of devices does not know
    measured.modelled = false;
    measured.cpu = "a GPU";
    measured.machine.cores = 7;
    measured.strategy = "measured";
    table.put(measured);
    TunedRow other = modelled;
    other.cpu = "NVIDIA H100 80GB HBM3";
    other.machine.cores = 132;
    other.strategy = "modelled elsewhere";
    table.put(other);
    REQUIRE(table.save(tuned_path(folder.path(), gpu)).ok());
    const auto found = find_tuned(problem, gpu, {folder.path(), false});
    REQUIRE(found.ok());
    REQUIRE(found.value().size() == 3);
    CHECK(found.value()[0].strategy == "measured");
    CHECK(found.value()[1].strategy == "modelled");
    CHECK(found.value()[2].strategy == "modelled elsewhere");
    // Both stay side by side: measuring a device does not lose what was modelled for it.
    measured.cpu = device.model;
    measured.machine = device.machine();
    table.put(measured);
    CHECK(table.rows().size() == 4);
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
