// SPDX-License-Identifier: Apache-2.0
// What archives are: the same bytes every time, nothing exported but the entry points, a header for C and C++.
#include "tests/aot/archive.h"

#include "convt/tuned.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>

namespace convt::test {

namespace {

const char* const targets_wanted = "x86-64-v2,x86-64-v3";

std::vector<NamedProblem> two_problems() {
    return {named("a", "convt2d_f32_ci4_co8_i5x5_k4x4_s2x2_p1x1_bias_relu"),
            named("A", "convt1d_c128_ci2_co3_i9_k3_s2")};
}

// Global symbols that nm lists.
std::set<std::string> symbols(const std::string& library, const std::string& which) {
    const Ran ran = run_program({"nm", "--extern-only", which, "--format=just-symbols", library});
    REQUIRE(ran.code == 0);
    std::set<std::string> names;
    std::istringstream lines(ran.out);
    for (std::string line; std::getline(lines, line);)
        if (!line.empty() && line.back() != ':') names.insert(line);
    return names;
}

// Sets a variable for its life.
class Environment {
  public:
    Environment(const char* name, const std::string& value) : name_(name) { ::setenv(name, value.c_str(), 1); }
    ~Environment() { ::unsetenv(name_); }
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;

  private:
    const char* name_;
};

}  // namespace

TEST_CASE("the same problems give the same bytes in any folder") {
    const Archive first("same", two_problems(), targets_wanted);
    const TemporaryFolder elsewhere;
    const Environment temporary("TMPDIR", elsewhere.path());
    const Archive second("same", two_problems(), targets_wanted);
    CHECK(first.folder() != second.folder());
    CHECK(get_file(first.library()) == get_file(second.library()));
    CHECK(get_file(first.header()) == get_file(second.header()));
    CHECK(get_file(first.library()).find(first.folder()) == std::string::npos);
}

TEST_CASE("an archive exports its entry points alone and needs the C library alone") {
    const Archive archive("net", two_problems(), targets_wanted);
    CHECK(symbols(archive.library(), "--defined-only") != std::set<std::string>());  // nm reads it at all
    const std::set<std::string> expected = {"net_A_pack",     "net_A_run",       "net_A_run_unpacked",
                                            "net_a_pack",     "net_a_run",       "net_a_run_unpacked",
                                            "net_last_error", "net_set_threads", "net_target"};
    CHECK(symbols(archive.library(), "--defined-only") == expected);
    for (const std::string& name : symbols(archive.library(), "--undefined-only")) {
        INFO(name);
        CHECK(name.rfind("halide", 0) == std::string::npos);
        CHECK(name.rfind("convt", 0) == std::string::npos);
        CHECK(name.rfind("_Z", 0) == std::string::npos);
        CHECK(name.rfind("__cxa", 0) == std::string::npos);
        for (const char* kept_away : {"abort", "exit", "dlopen", "getenv", "fopen64", "write"})
            CHECK(name != kept_away);
    }
}

TEST_CASE("schedules come from the table given") {
    const NamedProblem problem = two_problems().front();
    const Target target = Target::parse("x86-64-v3").value();
    const TemporaryFolder folder;
    put_problems(folder.path() + "/tuned.tsv", {problem});
    TunedRow row;
    row.problem = problem.problem.text();
    row.strategy = "general";
    row.schedule = default_schedule("general", problem.problem, target);
    row.date = "2026-01-31";
    row.versions = "a test";
    row.cpu = "any";
    TunedTable table;
    table.put(row);
    const std::string db = folder.path() + "/db";
    std::filesystem::create_directory(db);
    REQUIRE(table.save(tuned_path(db, target)).ok());
    const auto listed = [&](std::vector<std::string> more) {
        more.insert(more.end(),
                    {"--problems", folder.path() + "/tuned.tsv", "--targets", "x86-64-v3", "--out", folder.path()});
        const Ran ran = run_aot(more);
        INFO(ran.err);
        REQUIRE(ran.code == 0);
        return ran.out;
    };
    CHECK_THAT(listed({"--db", db}), Catch::Matchers::StartsWith("a x86-64-v3: general (tuned)"));
    CHECK_THAT(get_file(folder.path() + "/tuned.h"),
               Catch::Matchers::ContainsSubstring("strategy general, tuned schedule"));
    CHECK_THAT(listed({"--db", db, "--untuned"}), Catch::Matchers::ContainsSubstring("(default)"));
}

TEST_CASE("the header compiles as C99 and as C++") {
    const Archive archive("head", two_problems(), "x86-64-v2");
    for (const std::string language : {"c99", "c11", "c++11", "c++20"}) {
        const bool cxx = language.find("++") != std::string::npos;
        const Ran ran = run_program({"cc", "-x", cxx ? "c++" : "c", "-std=" + language, "-Wall", "-Wextra", "-pedantic",
                                     "-Werror", "-fsyntax-only", archive.header()});
        INFO(language << ": " << ran.err);
        CHECK(ran.code == 0);
    }
    const std::string text = get_file(archive.header());
    CHECK(text.find("x     float[1][4][5][5]  (N, C, H, W)") != std::string::npos);
    CHECK(text.find("w     double[2][3][3][2]") != std::string::npos);
}

TEST_CASE("two archives live in one C program") {
    const Archive up("up", {named("first", "convt1d_f32_ci1_co1_i3_k2_s2")}, targets_wanted);
    const Archive down("down", {named("first", "convt1d_f32_ci1_co1_i3_k2")}, targets_wanted);
    const std::string program = up.folder() + "/program";
    const Ran made =
        run_program({"cc", "-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror", "-Wl,--fatal-warnings",
                     "-I" + up.folder(), "-I" + down.folder(), "-o", program,
                     std::string(CONVT_AOT_PROGRAMS) + "/two.c", up.library(), down.library(), "-pthread"});
    INFO(made.err);
    REQUIRE(made.code == 0);
    const Ran ran = run_program({program});
    INFO(ran.err);
    CHECK(ran.code == 0);
    CHECK(ran.out == "10 1 20 2 30 3\n10 21 32 3\n");
}

}  // namespace convt::test
