// SPDX-License-Identifier: Apache-2.0
// Everything about peers that needs none installed: what is said to them and what is made of their answers.
#include "convt/tuned.h"
#include "tests/tools/harness.h"
#include "tools/bench/bench.h"
#include "tools/bench/comparison.h"
#include "tools/bench/conversation.h"
#include "tools/bench/journal.h"

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <stdlib.h>
#include <nlohmann/json.hpp>
#include <sstream>

using namespace convt;
using Catch::Matchers::ContainsSubstring;
using Json = nlohmann::ordered_json;

namespace {

// $CONVT_PEERS while it lives.
class Environment {
  public:
    explicit Environment(const std::string& folder) { ::setenv("CONVT_PEERS", folder.c_str(), 1); }
    ~Environment() { ::unsetenv("CONVT_PEERS"); }
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;
};

const std::vector<cli::Peer> peers = {{"torch", "2", cli::PeerLayout::first},
                                      {"blocked", "3", cli::PeerLayout::any},
                                      {"last", "1", cli::PeerLayout::last}};

cli::CaseReport report(const std::string& name, const std::string& problem, double torch, double blocked) {
    cli::CaseReport made;
    made.name = name;
    made.problem = Problem::parse(problem).value();
    made.median_us = 10.0;
    made.roofline_us = 5.0;
    made.peers["torch"] = {torch, ""};
    made.peers["blocked"] = {blocked, ""};
    made.peers["last"] = {std::nullopt, "not its kind"};
    return made;
}

std::unique_ptr<cli::Conversation> talk(const std::string& script, const std::string& log) {
    auto started = cli::Conversation::start({"/bin/sh", "-c", script}, log);
    REQUIRE(started.ok());
    return std::move(started).value();
}

const std::atomic<bool> never{false};

}  // namespace

TEST_CASE("peers: ratios against the best, the best of the same layout, and torch") {
    const auto first = cli::compare(report("a", "convt1d_f32_ci1_co1_i4_k2", 30.0, 20.0), peers);
    REQUIRE((first.any && first.same && first.torch));
    CHECK(first.any->value == Catch::Approx(2.0));
    CHECK(first.any->peer == "blocked");
    CHECK(first.same->value == Catch::Approx(3.0));
    CHECK(first.same->peer == "torch");
    CHECK(first.torch->value == Catch::Approx(3.0));

    cli::CaseReport last = report("a", "convt1d_f32_ci1_co1_i4_k2_nhwc", 30.0, 20.0);
    CHECK_FALSE(cli::compare(last, peers).same);
    last.peers["last"] = {5.0, ""};
    CHECK(cli::compare(last, peers).same->value == Catch::Approx(0.5));
    CHECK(cli::compare(last, peers).any->peer == "last");
    last.problem = Problem::parse("convt1d_f32_ci1_co1_i4_k2_nchw2nhwc").value();
    CHECK_FALSE(cli::compare(last, peers).same);

    const auto none = cli::compare(cli::CaseReport(), peers);
    CHECK_FALSE((none.any || none.same || none.torch));
}

TEST_CASE("peers: means and losses leave probes out, the table does not") {
    cli::MachineReport machine;
    machine.peers = peers;
    std::ostringstream out;
    cli::print_comparison(
        out, machine,
        {report("a", "convt1d_f32_ci1_co1_i4_k2", 40.0, 80.0), report("b", "convt1d_f32_ci1_co1_i4_k2", 10.0, 9.0),
         report("probe_c", "convt1d_f32_ci1_co1_i4_k2", 1.0, 1.0)});
    CHECK_THAT(out.str(), ContainsSubstring("probe_c"));
    CHECK_THAT(out.str(), ContainsSubstring("any layout:      geometric mean 1.90, lost 1 of 2"));  // (4 * 0.9)^(1/2)
    CHECK_THAT(out.str(), ContainsSubstring("same layout: geometric mean 2.00, lost 0 of 2"));
    CHECK_THAT(out.str(), ContainsSubstring("no time of last: not its kind: a, b, probe_c"));
}

TEST_CASE("peers: the default schedules have a column of their own and are no rival") {
    cli::MachineReport machine;
    machine.peers = peers;
    machine.peers.push_back({cli::untuned_peer, "1", cli::PeerLayout::own});
    const auto with = [](cli::CaseReport made, double untuned) {
        made.peers[cli::untuned_peer] = {untuned, ""};
        return made;
    };
    const cli::CaseReport half = with(report("a", "convt1d_f32_ci1_co1_i4_k2", 40.0, 80.0), 20.0);
    const cli::Comparison compared = cli::compare(half, machine.peers);
    CHECK(compared.any->peer == "torch");  // though the default schedule is faster
    CHECK(compared.same->peer == "torch");
    CHECK(compared.default_share.value() == Catch::Approx(0.5));
    CHECK_FALSE(cli::compare(report("a", "convt1d_f32_ci1_co1_i4_k2", 40.0, 80.0), peers).default_share);

    std::ostringstream out;
    cli::print_comparison(out, machine,
                          {half, with(report("b", "convt1d_f32_ci1_co1_i4_k2", 40.0, 80.0), 12.5),
                           with(report("probe_c", "convt1d_f32_ci1_co1_i4_k2", 40.0, 80.0), 100.0)});
    CHECK_THAT(out.str(), ContainsSubstring("convt_untuned own"));
    CHECK_THAT(out.str(), ContainsSubstring("50.0 %\n") && ContainsSubstring("80.0 %\n"));
    CHECK_THAT(out.str(), ContainsSubstring("any layout:      geometric mean 4.00, lost 0 of 2"));
    CHECK_THAT(out.str(),
               ContainsSubstring("against tuned: geometric mean 63.2 %, worst 50.0 %"));  // (0.5 * 0.8)^(1/2)
}

TEST_CASE("peers: the JSON has a time or null for each that was asked for") {
    cli::MachineReport machine;
    machine.peers = peers;
    const Json json = Json::parse(cli::report_json(machine, {report("a", "convt1d_f32_ci1_co1_i4_k2", 40.0, 80.0)}));
    CHECK(json["cases"][0]["peers"].dump() == R"({"torch":40.0,"blocked":80.0,"last":null})");
    CHECK(json["machine"]["peers"]["torch"].dump() == R"({"version":"2","layout":"first","missing":{}})");
    CHECK(json["machine"]["peers"]["last"]["missing"]["a"] == "not its kind");
}

TEST_CASE("peers: an answer is a time or a reason") {
    CHECK(cli::PeerMeasurement::parse(R"({"median_us": 1.5})").value().median_us == 1.5);
    CHECK(cli::PeerMeasurement::parse(R"({"missing": "why"})").value().missing == "why");
    for (const char* text : {"", "[]", "{}", R"({"median_us": 0})", R"({"median_us": "1"})", R"({"missing": ""})"})
        CHECK_FALSE(cli::PeerMeasurement::parse(text).ok());
    const cli::PeerMeasurement reason{0.0, "bytes \xff\n and \"quotes\""};
    CHECK_THAT(cli::PeerMeasurement::parse(reason.text()).value().missing, ContainsSubstring("and \"quotes\""));
}

TEST_CASE("peers: a conversation, and how it can end") {
    const test::Workplace folder;
    const auto echo = talk("while read line; do echo \"<$line>\"; done", folder / "log");
    CHECK(echo->ask("one", 10'000, never).value() == "<one>");
    CHECK(echo->ask("two", 10'000, never).value() == "<two>");

    const auto crash = talk("read line; echo half a line; echo last words >&2; exit 7", folder / "log");
    CHECK(crash->ask("one", 10'000, never).value() == "half a line");
    const auto ended = crash->ask("two", 10'000, never);
    CHECK(ended.status().code() == Code::internal);
    CHECK(ended.status().message() == "ended with status 7: last words");
    CHECK(crash->ask("three", 10'000, never).status().code() == Code::internal);

    const auto killed = talk("kill -9 $$", folder / "log");
    CHECK(killed->listen(10'000, never).status().message() == "ended by signal 9");
    CHECK(talk("sleep 60", folder / "log")->ask("one", 100, never).status().code() == Code::timed_out);
    const std::atomic<bool> cancelled{true};
    CHECK(talk("sleep 60", folder / "log")->ask("one", 60'000, cancelled).status().code() == Code::interrupted);
    CHECK(cli::Conversation::start({"/no/such/program"}, folder / "log").status().code() == Code::io_error);
}

TEST_CASE("peers: a journal remembers what a run of the same kind noted") {
    const test::Workplace folder;
    const std::string path = folder / "journal";
    {
        auto journal = cli::Journal::open(path, "head", true);  // none there: as without --resume
        REQUIRE(journal.ok());
        REQUIRE(journal.value().note("a key", "some \"text\"\n").ok());
        CHECK(journal.value().find("a key") == "some \"text\"\n");
    }
    test::write_text(path, test::read_text(path) + "[\"half\", \"a li");  // a run that was killed
    {
        auto resumed = cli::Journal::open(path, "head", true);
        REQUIRE(resumed.ok());
        CHECK(resumed.value().find("a key") == "some \"text\"\n");
        CHECK_FALSE(resumed.value().find("half"));
        REQUIRE(resumed.value().note("next", "one").ok());
    }
    const auto other = cli::Journal::open(path, "another head", true);
    CHECK(other.status().code() == Code::invalid_argument);
    CHECK_THAT(other.status().message(), ContainsSubstring("another run"));
    CHECK(cli::Journal::open(path, "head", true).value().find("next") == "one");
    const auto anew = cli::Journal::open(path, "head", false);
    CHECK_FALSE(anew.value().find("next"));
    anew.value().remove();
    CHECK_FALSE(std::filesystem::exists(path));
    CHECK(cli::Journal::open(folder / "no/such/folder", "head", false).status().code() == Code::io_error);
}

TEST_CASE("convt-bench: without the environment of the peers") {
    const test::Workplace folder;
    const Environment environment(folder / "nothing");
    test::write_text(folder / "p", "a\tconvt1d_f32_ci1_co1_i4_k2\n");
    const auto called =
        test::call(cli::bench_tool, {"--problems", folder / "p", "--json", folder / "out", "--peers", "torch,onednn"});
    CHECK(called.exit_code == 3);
    CHECK_THAT(called.err, ContainsSubstring("nothing/bin/python") && ContainsSubstring("tools/setup-peers"));
    CHECK_FALSE(std::filesystem::exists(folder / "out"));
}

TEST_CASE("convt-bench: peers that answer, refuse, err, crash and are not there") {
    const test::Workplace folder;
    const Environment environment(folder / "environment");
    std::filesystem::create_directories(folder / "environment/bin");
    std::filesystem::create_symlink(CONVT_TEST_FAKE_PYTHON, folder / "environment/bin/python");
    test::write_text(folder / "p", "a\tconvt1d_f32_ci1_co1_i40_k1\n");
    const std::vector<std::string> arguments = {"--problems", folder / "p", "--json", folder / "out", "--peers"};
    const auto with = [&arguments](const std::string& names) {
        auto all = arguments;
        all.push_back(names);
        return all;
    };

    const auto unknown = test::call("convt-bench", with("right,nobody"));
    CHECK(unknown.exit_code == 2);
    CHECK_THAT(unknown.err, ContainsSubstring("no \"nobody\"") && ContainsSubstring("refuses"));

    const auto called = test::call("convt-bench", with("slower,all"));
    CAPTURE(called.err);
    REQUIRE(called.exit_code == 0);
    const Json json = Json::parse(test::read_text(folder / "out"));
    CHECK(
        json["cases"][0]["peers"].dump() ==
        R"({"slower":2000000.0,"right":1000000.0,"wrong":null,"refuses":null,"crashes":null,"babbles":null,"absent":null})");
    CHECK(json["machine"]["processes"] >= 3);
    const auto reason = [&json](const char* peer) {
        return json["machine"]["peers"][peer]["missing"]["a"].get<std::string>();
    };
    CHECK_THAT(reason("wrong"), ContainsSubstring("wrong: output (n 0, c 0, 0)"));
    CHECK(reason("refuses") == "not its kind");
    CHECK(reason("crashes") == "ended by signal 6: the last words");
    CHECK_THAT(reason("babbles"), ContainsSubstring("what?"));
    CHECK_THAT(reason("absent"), ContainsSubstring("tools/setup-peers"));
    CHECK_THAT(called.err, ContainsSubstring("a: crashes: ended by signal 6"));
    CHECK_THAT(called.out, ContainsSubstring(" right ") && ContainsSubstring(" slower "));
    CHECK_FALSE(std::filesystem::exists(folder / "out.journal"));
}

TEST_CASE("convt-bench: default schedules beside those of a table, with no library installed") {
    const test::Workplace folder;
    const Environment environment(folder / "nothing");
    const std::string plain = "convt1d_f32_ci3_co8_i16_k4_s2_p1";
    const std::string tuned = "convt2d_f32_ci64_co64_i16x16_k4x4_s2x2_p1x1";
    test::write_text(folder / "p", "plain\t" + plain + "\ntuned\t" + tuned + "\n");
    TunedTable table;
    table.put(
        {tuned, "general", Schedule::parse("tx=1,tc=1,yb=1,par=0").value(), 1, 1, 1, 2, "2026-01-31", "", "", {}});
    REQUIRE(table.save(tuned_path(folder / "db", Target::host())).ok());
    const auto called = test::call("convt-bench", {"--problems", folder / "p", "--json", folder / "out", "--peers",
                                                   "convt_untuned", "--db", folder / "db"});
    CAPTURE(called.err);
    REQUIRE(called.exit_code == 0);
    CHECK_THAT(called.out, ContainsSubstring("default schedules against tuned: geometric mean"));
    const Json json = Json::parse(test::read_text(folder / "out"));
    CHECK(json["machine"]["peers"]["convt_untuned"]["layout"] == "own");
    CHECK(json["machine"]["peers"]["convt_untuned"]["missing"] == Json::object());
    const Json& cases = json["cases"];
    CHECK(cases[0]["schedule_source"] == "default");
    CHECK(cases[0]["peers"]["convt_untuned"] == cases[0]["median_us"]);  // one kernel, measured once
    CHECK(cases[1]["schedule_source"] == "tuned");
    CHECK(cases[1]["strategy"] == "general");
    CHECK(cases[1]["peers"]["convt_untuned"].get<double>() > 0.0);
    CHECK(cases[1]["peers"]["convt_untuned"] != cases[1]["median_us"]);
}

TEST_CASE("convt-bench: the real worker, with the one peer that the build's own Python has") {
    const std::string environment_folder = CONVT_TEST_ENVIRONMENT;
    if (!std::filesystem::exists(environment_folder + "/bin/python")) SKIP("no " + environment_folder);
    const test::Workplace folder;
    const Environment environment(environment_folder);
    test::write_text(folder / "p",
                     "a\tconvt1d_f32_ci4_co6_i5_k3_s2_p1:0_op1_d2_g2_bias_leaky0.5\n"
                     "b\tconvt3d_f64_n2_ci2_co3_i2x3x2_k2x1x3_s2x1x3_nhwc2nchw\n"
                     "c\tconvt2d_c64_ci2_co4_i3x4_k2_s3_op1_nchw2nhwc_bias\n");
    const auto called =
        test::call("convt-bench", {"--problems", folder / "p", "--json", folder / "out", "--peers", "numpy,torch"});
    CAPTURE(called.err);
    REQUIRE(called.exit_code == 0);
    const Json json = Json::parse(test::read_text(folder / "out"));
    for (const Json& c : json["cases"]) {
        CAPTURE(c["name"].get<std::string>());
        CHECK(c["peers"]["numpy"].is_number());
        CHECK(c["peers"]["torch"].is_null());
    }
}
