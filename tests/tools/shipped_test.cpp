// SPDX-License-Identifier: Apache-2.0
// Tables shipped with convt: those of schedules/tuned are read whole and found from the build tree, and a tree laid out
// as an installed one finds those in its own share/convt/tuned, wherever it lies.
#include "convt/halide_compiler.h"
#include "tests/tools/harness.h"

#include "compiler/worker/process.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <algorithm>
#include <filesystem>

using namespace convt;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

TEST_CASE("shipped tables: every row of every one is found from the build tree") {
    const test::Workplace folder;  // the user's own tables are elsewhere
    const fs::path shipped = fs::path(CONVT_TEST_BIN).parent_path() / "share/convt/tuned";
    REQUIRE(fs::exists(shipped / "README.md"));  // the folder of the source
    for (const auto& file : fs::directory_iterator(shipped)) {
        if (file.path().extension() != ".tsv") continue;
        CAPTURE(file.path());
        const auto target = Target::parse(file.path().stem().string());
        REQUIRE(target.status().message() == "");
        const auto table = TunedTable::load(file.path().string());
        REQUIRE(table.status().message() == "");
        CHECK(table.value().text().size() == fs::file_size(file.path()));  // as convt-tune writes it
        for (const TunedRow& row : table.value().rows()) {
            CAPTURE(row.problem);
            const auto found =
                find_tuned(Problem::parse(row.problem).value(), target.value(), {folder / "none", false});
            REQUIRE(found.ok());
            const bool counts = row.machine == Machine::host() || !row.keeps_default();
            CHECK((std::find(found.value().begin(), found.value().end(), row) != found.value().end()) == counts);
        }
    }
}

TEST_CASE("shipped tables: a tree that was put anywhere uses its own") {
    const test::Workplace folder;
    const Problem problem = Problem::parse("convt1d_f32_ci3_co5_i7_k3_s2").value();
    TunedRow row;
    row.problem = problem.text();
    row.strategy = "general";
    row.schedule = default_schedule("general", problem, Target::host());
    row.median_us = 1;
    row.default_us = 2;
    row.date = "2026-01-31";
    row.cpu = "far away";  // and unknown: still the nearest there is
    TunedTable table;
    table.put(row);
    fs::create_directories(folder / "tree/bin");
    fs::create_directories(folder / "tree/share/convt/tuned");
    fs::copy_file(CONVT_TEST_BIN "/convt-explain", folder / "tree/bin/convt-explain");
    REQUIRE(table.save(tuned_path(folder / "tree/share/convt/tuned", Target::host())).ok());
    const auto explain = [&] {
        const auto outcome = process::run({folder / "tree/bin/convt-explain", problem.text()}, {});
        REQUIRE(outcome.ok());
        INFO(outcome.value().errors);
        REQUIRE(outcome.value().value == 0);
        return outcome.value().output;
    };
    const std::string tuned = explain();
    CHECK_THAT(tuned, ContainsSubstring("(tuned)"));
    CHECK_THAT(tuned, ContainsSubstring("nearest machine known, far away"));
    fs::remove_all(folder / "tree/share");
    CHECK_THAT(explain(), ContainsSubstring("(default)"));
}
