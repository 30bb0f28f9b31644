// SPDX-License-Identifier: Apache-2.0
// The report of a made-up run: complete, well-formed, self-contained; and the pieces it is drawn from.
#include "tools/tune/report.h"

#include "convt/machine.h"
#include "tests/support/temporary_folder.h"
#include "tests/tune/fake_bench.h"
#include "tools/tune/knobs.h"
#include "tools/tune/plots.h"
#include "tools/tune/svg.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace convt::test {

namespace {

using Catch::Matchers::ContainsSubstring;
using tune::ProblemReport;
using tune::RunReport;
using tune::Trial;

// Trials whose time follows a, not b; every tenth fails, with a message that has to be escaped.
std::vector<Trial> made_up_trials() {
    std::vector<Trial> trials;
    for (int i = 0; i < 60; ++i) {
        Trial trial;
        trial.candidate = {i % 5 == 0 ? "other" : "lanes", schedule_of({{"a", 1 + i % 3}, {"b", 1 + i % 4}})};
        trial.spent_s = 0.3 * i;
        trial.us = 100.0 + 50.0 * (i % 3) + 0.1 * (i % 7);
        if (i % 10 == 9) {
            trial.code = Code::compile_failed;
            trial.us = 0.0;
            trial.message = "<script>\"&\"\x01</script>";
        }
        trials.push_back(trial);
    }
    return trials;
}

RunReport made_up_run() {
    RunReport run{"x86-64-v4", "A & CPU", Machine::host().text(), "2026-01-31", "v 1", 60.0, {}};
    ProblemReport good;
    good.name = "good";
    good.problem = "convt1d_f32_ci1_co1_i1_k1";
    good.incumbent = {"lanes", schedule_of({{"a", 1}, {"b", 1}})};
    good.roofline = {1e6, 1e5, 100.0, 2.5};
    good.trials = made_up_trials();
    good.verdict = tune::Verdict{good.incumbent, true, {100.0, 99.0, 101.0}, 150.0, {0.667, 0.65, 0.68}, 6, 60, false};
    run.problems.push_back(good);
    good.name = "untouched";
    good.verdict->tuned = false;
    good.verdict->default_us = 0.0;
    run.problems.push_back(good);
    run.problems.push_back({"broken", good.problem, good.incumbent, good.roofline, {}, {}, "no candidate works <b>"});
    run.problems.push_back({"stopped", good.problem, good.incumbent, good.roofline, {}, {}, {}});
    return run;
}

// Every element that is opened is closed, in the right order. Returns what is wrong.
std::string ill_formed(const std::string& text) {
    std::vector<std::string> open;
    for (std::size_t at = text.find('<'); at != std::string::npos; at = text.find('<', at + 1)) {
        const std::size_t end = text.find('>', at);
        if (end == std::string::npos) return "a tag without end";
        const std::string tag = text.substr(at + 1, end - at - 1);
        const std::string name = tag.substr(0, tag.find_first_of(" /", 1));
        if (tag[0] == '!' || name == "meta" || name == "br" || tag.back() == '/') continue;
        if (tag[0] != '/') {
            open.push_back(name);
        } else if (open.empty() || "/" + open.back() != name) {
            return "<" + tag + "> closes " + (open.empty() ? "nothing" : open.back());
        } else {
            open.pop_back();
        }
    }
    return open.empty() ? "" : open.back() + " stays open";
}

TEST_CASE("the page is well-formed, has everything and needs nothing") {
    const RunReport run = made_up_run();
    const std::string page = tune::report_page(run);
    CHECK(ill_formed(page) == "");
    for (const char* outside : {"src=", "href=", "url(", "@import", "<script", "<link"})
        CHECK(page.find(outside) == std::string::npos);
    // The name space of SVG is a name; nothing is fetched from it.
    std::string without = page;
    const std::string name_space = "xmlns=\"http://www.w3.org/2000/svg\"";
    for (std::size_t at = without.find(name_space); at != std::string::npos; at = without.find(name_space))
        without.erase(at, name_space.size());
    CHECK(without.find("//") == std::string::npos);
    for (const char* part : {"A &amp; CPU", "0.667 [0.650, 0.680]", "10 %", "&lt;script&gt;&quot;&amp;&quot; ",
                             "compile_failed", "no candidate works &lt;b&gt;", "interrupted", "fails"})
        CHECK_THAT(page, ContainsSubstring(part));
    for (const std::string& svg : {tune::search_curve(run.problems[0]), tune::knob_plot(run.problems[0]),
                                   tune::search_curve(run.problems[2]), tune::roofline_plot(run)}) {
        CHECK(ill_formed(svg) == "");
        CHECK(svg.find("nan") == std::string::npos);
        CHECK(svg.find("inf") == std::string::npos);
        CHECK_THAT(page, ContainsSubstring(svg));
    }
    CHECK(ill_formed(tune::roofline_plot({})) == "");
    CHECK(ill_formed("<a><b></a></b>") != "");
}

TEST_CASE("the roofs stay inside the axes, where every problem lies far right of the ridge too") {
    const std::string svg = tune::roofline_plot(made_up_run());
    int roofs = 0;
    for (std::size_t at = svg.find("<path d=\"M"); at != std::string::npos;
         at = svg.find("<path d=\"M", at + 1), ++roofs) {
        const double x = std::stod(svg.substr(at + 10));
        CHECK(x >= tune::Plot().left);
        CHECK(x < tune::Plot().right);
    }
    CHECK(roofs == 2);
}

TEST_CASE("the search curve never rises and ends at the best") {
    const std::string svg = tune::search_curve(made_up_run().problems[0]);
    const std::size_t start = svg.find("<path d=\"M") + 10;
    std::string data = svg.substr(start, svg.find('"', start) - start);
    std::replace(data.begin(), data.end(), 'L', ' ');
    std::istringstream path(data);
    double last_x = -1.0;
    double last_y = -1.0;
    int points = 0;
    for (double x = 0.0, y = 0.0; path >> x >> y; ++points) {
        CHECK(x >= last_x);
        CHECK(y >= last_y);  // downwards is faster
        last_x = x;
        last_y = y;
    }
    CHECK(points > 5);
}

TEST_CASE("a knob that decides the time explains it, one that does not explains nothing") {
    const auto shares = tune::knob_shares(made_up_trials(), "lanes");
    REQUIRE(shares.size() == 2);
    CHECK(shares[0].knob == "a");
    CHECK(shares[0].values == 3);
    CHECK(shares[0].share > 0.99);
    CHECK(shares[1].knob == "b");
    CHECK(shares[1].share < 0.1);
    CHECK(tune::strategy_share(made_up_trials()).share < 0.1);
    CHECK(tune::strategy_share({}).share == 0.0);
    CHECK(tune::knob_shares({}, "lanes").empty());
}

TEST_CASE("scales: ends, ticks and what has no extent") {
    const tune::Scale linear(0.0, 60.0, 100.0, 700.0, false);
    CHECK(linear(0.0) == 100.0);
    CHECK(linear(30.0) == 400.0);
    CHECK(linear.ticks() == std::vector<double>{0, 10, 20, 30, 40, 50, 60});
    const tune::Scale logarithmic(1.0, 1000.0, 300.0, 0.0, true);
    CHECK_THAT(logarithmic(10.0), Catch::Matchers::WithinAbs(200.0, 1e-9));
    CHECK(logarithmic.ticks().size() == 10);
    CHECK(tune::Scale(90.0, 110.0, 0.0, 1.0, true).ticks().size() >= 2);
    CHECK_FALSE(tune::Scale(5.0, 5.0, 0.0, 1.0, false).ticks().empty());
    CHECK_FALSE(tune::Scale(0.0, 0.0, 0.0, 1.0, true).ticks().empty());
}

TEST_CASE("files: tables, page and plots, and PNGs where a converter is") {
    const TemporaryFolder folder;
    const std::string converter = folder.path() + "/rsvg-convert";
    std::ofstream(converter) << "#!/bin/sh\n[ \"$1\" = --output ] && cp \"$3\" \"$2\"\n";
    std::filesystem::permissions(converter, std::filesystem::perms::owner_all);
    const std::string path = ::getenv("PATH");
    std::ostringstream with, without, failing;
    ::setenv("PATH", (folder.path() + ":" + path).c_str(), 1);
    CHECK(tune::write_report(made_up_run(), folder.path() + "/a/b", with).ok());
    std::ofstream(converter) << "#!/bin/sh\nexit 1\n";
    CHECK(tune::write_report(made_up_run(), folder.path() + "/c", failing).code() == Code::io_error);
    ::setenv("PATH", folder.path().c_str(), 1);
    std::filesystem::remove(converter);
    CHECK(tune::write_report(made_up_run(), folder.path() + "/d", without).ok());
    ::setenv("PATH", path.c_str(), 1);
    for (const char* name : {"report.html", "trials.tsv", "summary.tsv", "roofline.svg", "roofline.png",
                             "good-search.svg", "good-knobs.png"})
        CHECK(std::filesystem::file_size(folder.path() + "/a/b/" + name) > 0);
    CHECK(with.str().find("rsvg-convert") == std::string::npos);
    CHECK_THAT(without.str(), ContainsSubstring("no rsvg-convert"));
    CHECK_FALSE(std::filesystem::exists(folder.path() + "/d/roofline.png"));
    std::ofstream(folder.path() + "/file") << "x";
    CHECK(tune::write_report(made_up_run(), folder.path() + "/file/below", without).code() == Code::io_error);
}

}  // namespace

}  // namespace convt::test
