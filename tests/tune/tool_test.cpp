// SPDX-License-Identifier: Apache-2.0
// convt-tune as people run it: one tiny problem, two seconds, real compiles and measurements.
#include "compiler/identity.h"
#include "compiler/worker/process.h"
#include "convt/object.h"
#include "convt/tuned.h"
#include "tests/support/temporary_folder.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace convt::test {

namespace {

using Catch::Matchers::ContainsSubstring;

constexpr const char* tiny = "convt2d_f32_ci4_co8_i8x8_k3x3_s2x2_p1x1";

std::string contents(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

class TuneRun {
  public:
    TuneRun() { std::ofstream(folder_.path() + "/problems.tsv") << "tiny\t" << tiny << "\n"; }

    std::string command(const std::string& more) const {
        return fmt::format("{}/convt-tune --problems {}/problems.tsv --db {} {}", CONVT_TEST_BIN, folder_.path(), db(),
                           more);
    }
    process::Outcome shell(const std::string& line) const {
        const auto outcome = process::run({"/bin/sh", "-c", line}, {});
        REQUIRE(outcome.status().message() == "");
        return outcome.value();
    }
    process::Outcome run(const std::string& more) const { return shell(command(more)); }

    std::string db() const { return folder_.path() + "/db"; }
    std::string table() const { return tuned_path(db(), Target::host()); }
    std::string journal() const { return db() + "/" + Target::host().text() + ".trials"; }
    std::string report() const { return folder_.path() + "/report"; }

  private:
    TemporaryFolder folder_;
};

TEST_CASE("a tiny problem is tuned in two seconds, and the next compile uses the row") {
    const TuneRun tune;
    const auto first = tune.run("--budget 2s --report " + tune.report());
    INFO(first.errors);
    REQUIRE(first.value == 0);
    CHECK_THAT(first.output, ContainsSubstring("tiny: "));
    const auto table = TunedTable::load(tune.table());
    REQUIRE(table.status().message() == "");
    const auto rows = table.value().find(tiny, Machine::host());
    REQUIRE(rows.size() == 1);
    const TunedRow* const row = &rows.front();
    CHECK(row->machine == Machine::host());
    CHECK(row->versions == identity_text);
    CHECK(row->median_us > 0.0);
    CHECK(row->low_us <= row->median_us);
    CHECK(row->median_us <= row->high_us);
    CHECK(row->default_us > 0.0);
    CHECK(row->cpu != "");
    CHECK_THAT(contents(tune.report() + "/trials.tsv"), ContainsSubstring(row->schedule.text()));
    CHECK_THAT(contents(tune.report() + "/summary.tsv"), ContainsSubstring(row->schedule.text()));
    CHECK_THAT(contents(tune.report() + "/report.html"), ContainsSubstring(row->schedule.text()));
    for (const char* plot : {"roofline.svg", "tiny-search.svg", "tiny-knobs.svg"})
        CHECK_THAT(contents(tune.report() + "/" + plot), ContainsSubstring("</svg>"));

    const auto object = tune.shell(fmt::format("{}/convt-cc {} --db {}", CONVT_TEST_BIN, tiny, tune.db()));
    const auto read = Object::deserialize(std::as_bytes(std::span(object.output.data(), object.output.size())));
    REQUIRE(read.status().message() == "");
    CHECK(read.value().info.schedule_source == "tuned");
    CHECK(read.value().info.strategy == row->strategy);
    CHECK(read.value().info.schedule == row->schedule.text());

    const std::string before = contents(tune.table()) + contents(tune.journal());
    const auto again = tune.run("--budget 2s");
    CHECK(again.value == 0);
    CHECK_THAT(again.output, ContainsSubstring("tuned before"));
    CHECK(contents(tune.table()) + contents(tune.journal()) == before);
}

TEST_CASE("SIGINT ends with 130 and keeps the trials; the next run goes on") {
    const TuneRun tune;
    const auto stopped = tune.shell(tune.command("--budget 1h --total 1h") + " & pid=$!; until [ -s " + tune.journal() +
                                    " ]; do sleep 0.05; done\n"
                                    "kill -INT $pid; wait $pid");
    INFO(stopped.errors);
    CHECK(stopped.value == 130);
    CHECK_FALSE(std::filesystem::exists(tune.table()));
    const std::string kept = contents(tune.journal());
    CHECK_THAT(kept, ContainsSubstring(tiny));
    const auto next = tune.run("--budget 1s");
    INFO(next.errors);
    CHECK(next.value == 0);
    CHECK(contents(tune.journal()).starts_with(kept));
    CHECK(std::filesystem::exists(tune.table()));
}

TEST_CASE("workers that crash, answer nonsense or run out of memory cost their candidates only") {
    const TuneRun tune;
    // One worker after the other ends in another way; every fourth one compiles.
    const std::string worker = tune.db() + "-worker";
    std::ofstream(worker)
        << "#!/bin/sh\necho >> " << worker << ".count\ncase $(($(wc -l < " << worker
        << ".count) % 4)) in 2) kill -SEGV $$ ;; 3) echo nonsense; exit 0 ;; 0) echo out of memory >&2; exit 1 ;; "
           "esac\nexec "
        << CONVT_TEST_BIN << "/convt-cc \"$@\"\n";
    std::filesystem::permissions(worker, std::filesystem::perms::owner_all);
    const auto outcome = tune.shell("CONVT_CC=" + worker + " " + tune.command("--budget 6s --report " + tune.report()));
    INFO(outcome.errors);
    CHECK(outcome.value == 0);
    CHECK(std::filesystem::exists(tune.table()));
    const std::string page = contents(tune.report() + "/report.html");
    for (const char* reason : {"SIGSEGV", "corrupt", "out_of_memory"})
        CHECK_THAT(page, ContainsSubstring(reason));
}

TEST_CASE("tables are merged by the tool, all or nothing") {
    const TuneRun tune;
    const auto write = [&](const std::string& path, const char* cpu, const char* date) {
        TunedRow row{tiny, "general", Schedule::parse("tx=1").value(), 2, 1, 3, 4, date, "v", cpu, {}};
        row.machine.cores = 1;
        TunedTable table;
        table.put(row);
        REQUIRE(table.save(path).ok());
    };
    const std::string one = tune.db() + "-1/x86-64-v3.tsv";
    const std::string two = tune.db() + "-2/x86-64-v3.tsv";
    write(one, "one", "2026-01-31");
    write(two, "two", "2026-02-01");
    const auto merge = [&](const std::string& tables) {
        return tune.shell(fmt::format("{}/convt-tune --db {} --merge {}", CONVT_TEST_BIN, tune.db(), tables));
    };
    const auto both = merge(one + " " + tune.db() + "-2");
    INFO(both.errors);
    CHECK(both.value == 0);
    CHECK_THAT(both.output, ContainsSubstring("2 rows, 2 read"));
    const std::string merged = contents(tune.db() + "/x86-64-v3.tsv");
    CHECK(TunedTable::parse(merged).value().rows().size() == 2);
    CHECK(merge(two).value == 0);
    CHECK(contents(tune.db() + "/x86-64-v3.tsv") == merged);
    write(tune.db() + "-3/x86-64-v3.tsv", "three", "2026-02-01");
    std::ofstream(tune.db() + "-3/x86-64-v4.tsv") << "nonsense\n";
    CHECK(merge(tune.db() + "-3").value == 2);
    CHECK(merge(tune.db() + "-4").value == 4);
    CHECK(contents(tune.db() + "/x86-64-v3.tsv") == merged);
    std::filesystem::copy(one, tune.db() + "-1/mine.tsv");
    const auto unnamed = merge(tune.db() + "-1/mine.tsv");
    CHECK(unnamed.value == exit_code(Code::unknown_target));
    CHECK_THAT(unnamed.errors, ContainsSubstring("mine"));
    CHECK(tune.run("--merge " + one).value == 2);  // not both
    CHECK(tune.shell(CONVT_TEST_BIN "/convt-tune").value == 2);
}

TEST_CASE("a table that cannot be read is left as it is") {
    const TuneRun tune;
    std::filesystem::create_directories(tune.db());
    for (const char* text : {"nonsense\n", "a\tb\tc\n"}) {
        std::ofstream(tune.table()) << text;
        const auto outcome = tune.run("--budget 1s");
        CHECK(outcome.value != 0);
        CHECK_THAT(outcome.errors, ContainsSubstring("1"));
        CHECK(contents(tune.table()) == text);
    }
}

TEST_CASE("a hostile journal costs its own lines only") {
    const TuneRun tune;
    std::filesystem::create_directories(tune.db());
    std::ofstream(tune.journal()) << std::string(100000, '\t') << "\n\n" << std::string("\0\xff\n", 3) << "half a li";
    const auto outcome = tune.run("--budget 1s");
    INFO(outcome.errors);
    CHECK(outcome.value == 0);
    CHECK_THAT(outcome.output, ContainsSubstring("3 unreadable lines"));
}

TEST_CASE("bad usage and places that cannot be written") {
    const TuneRun tune;
    CHECK(tune.run("--budget 5").value == 2);
    CHECK(tune.run("--total -1s").value == 2);
    CHECK(tune.run("--jobs 0").value == 2);
    CHECK(tune.run("--target x86-64-v9").value == exit_code(Code::unknown_target));
    CHECK(tune.run("--target aarch64").value == 3);
    CHECK(tune.shell("CONVT_CC=/no/such/worker " + tune.command("--budget 1s")).value == 4);
    CHECK_FALSE(std::filesystem::exists(tune.table()));
    std::filesystem::remove_all(tune.db());
    std::ofstream(tune.db()) << "a file where the folder should be";
    CHECK(tune.run("--budget 1s").value == 4);
}

}  // namespace

}  // namespace convt::test
