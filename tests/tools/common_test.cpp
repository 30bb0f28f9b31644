// SPDX-License-Identifier: Apache-2.0
#include "tests/tools/harness.h"
#include "tools/common/cost.h"
#include "tools/common/files.h"
#include "tools/common/interrupt.h"
#include "tools/common/progress.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <new>
#include <set>
#include <sstream>

using namespace convt;
using namespace convt::cli;
using Catch::Matchers::ContainsSubstring;

namespace {

// A tool with every shared option, whose body ends as told.
Status body_status;
bool throws_bad_alloc = false;

int sample_tool(const Arguments& arguments, std::ostream& out, std::ostream& err) {
    Tool tool("convt-sample", "A sample.");
    Problem problem;
    std::vector<NamedProblem> problems;
    Target target;
    TunedOptions tuned;
    int threads = 0;
    tool.add_problem(problem);
    tool.add_problem_file(problems);
    tool.add_schedules(tuned);
    tool.add_threads(threads);
    tool.add_target(target);
    return tool.run(arguments, out, err, [&] {
        if (throws_bad_alloc) throw std::bad_alloc();
        out << problem.text() << ' ' << problems.size() << ' ' << target.text() << ' ' << tuned.db_dir << ' '
            << tuned.untuned << ' ' << threads;
        return body_status;
    });
}

struct Sample {
    test::Workplace folder;
    std::string file = folder / "problems.tsv";
    Sample() {
        test::write_text(file, "# comment\na\tconvt1d_f32_ci1_co1_i4_k2\tnote\nb\tconvt1d_f64_ci1_co1_i4_k2\n");
    }
    test::Called operator()(Arguments arguments) const {
        arguments.insert(arguments.begin(), {"convt1d_f32_ci1_co1_i4_k2", "--problems", file});
        return test::call(sample_tool, arguments);
    }
};

int exit_code_of(pid_t child) {
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

TEST_CASE("cli: shared options reach the tool") {
    const Sample sample;
    const auto plain = sample({});
    CHECK(plain.exit_code == 0);
    CHECK(plain.out == "convt1d_f32_ci1_co1_i4_k2 2 " + Target::host().text() + "  0 0");
    CHECK(plain.err.empty());
    const auto given = sample({"--db", "there", "--untuned", "--threads", "3", "--target", "x86-64-v2"});
    CHECK(given.out == "convt1d_f32_ci1_co1_i4_k2 2 x86-64-v2 there 1 3");
}

TEST_CASE("cli: --help and --version") {
    const auto help = test::call(sample_tool, {"--help"});
    CHECK(help.exit_code == 0);
    for (const char* option : {"PROBLEM", "--problems", "--db", "--untuned", "--threads", "--target", "--version"}) {
        CHECK_THAT(help.out, ContainsSubstring(option));
    }
    const auto version_text = test::call(sample_tool, {"--version"});
    CHECK(version_text.exit_code == 0);
    CHECK(version_text.out == "convt-sample 0.1.0\n");
}

TEST_CASE("cli: bad usage ends with 2 and says what is wrong") {
    const Sample sample;
    for (const Arguments& arguments : std::vector<Arguments>{{"--no-such-option"},
                                                             {"surplus"},
                                                             {"--threads", "0"},
                                                             {"--threads", "many"},
                                                             {"--target"},
                                                             {"--target", "no-such-target"},
                                                             {"--untuned=maybe"}}) {
        const auto called = sample(arguments);
        CAPTURE(arguments.back(), called.err);
        CHECK(called.exit_code == 2);
        CHECK(called.err.starts_with("convt-sample: "));
        CHECK(called.out.empty());
    }
    CHECK(test::call(sample_tool, {}).exit_code == 2);
    const auto problem = test::call(sample_tool, {"convt9d", "--problems", sample.file});
    CHECK(problem.exit_code == 2);
    CHECK_THAT(problem.err, ContainsSubstring("convt9d"));
    test::write_text(sample.file, "a\tconvt1d_f32_ci1_co1_i4_k2\na\tconvt1d_f32_ci1_co1_i4_k2\n");
    const auto twice = sample({});
    CHECK(twice.exit_code == 2);
    CHECK_THAT(twice.err, ContainsSubstring(sample.file + ": "));
    CHECK(test::call(sample_tool, {"convt1d_f32_ci1_co1_i4_k2", "--problems", "/no/such/file"}).exit_code == 4);
}

TEST_CASE("cli: the body's status becomes exit code and message") {
    const Sample sample;
    for (const auto& [code, expected] :
         {std::pair(Code::wrong_result, 1), std::pair(Code::invalid_argument, 2), std::pair(Code::unsupported, 3),
          std::pair(Code::missing_feature, 3), std::pair(Code::io_error, 4), std::pair(Code::interrupted, 130)}) {
        body_status = Status(code, "because");
        const auto called = sample({});
        CHECK(called.exit_code == expected);
        CHECK(called.err == "convt-sample: because\n");
    }
    body_status = {};
    throws_bad_alloc = true;
    CHECK(sample({}).exit_code == 3);
    throws_bad_alloc = false;
}

TEST_CASE("cli: files are written whole or not at all") {
    const test::Workplace folder;
    const std::string path = folder / "out";
    REQUIRE(write_file(path, "first").ok());
    REQUIRE(write_file(path, "second").ok());
    CHECK(test::read_text(path) == "second");
    CHECK(read_file(path).value() == "second");
    CHECK(folder.names() == std::vector<std::string>{"out"});
    struct stat facts = {};
    REQUIRE(::stat(path.c_str(), &facts) == 0);
    const mode_t mask = ::umask(0);
    ::umask(mask);
    CHECK((facts.st_mode & 0777U) == (0666U & ~mask));

    CHECK(write_file(folder / "no/such/folder", "x").code() == Code::io_error);
    CHECK(write_file(folder / "", "x").code() == Code::io_error);  // a folder
    CHECK(write_file("/dev/null", "x").ok());
    const Status full = write_file("/dev/full", "x");
    CHECK(full.code() == Code::io_error);
    CHECK_THAT(full.message(), ContainsSubstring("/dev/full: ") && ContainsSubstring("No space"));
    CHECK(read_file(folder / "missing").status().code() == Code::io_error);
    CHECK(read_file(folder / "").status().code() == Code::io_error);
    CHECK(folder.names() == std::vector<std::string>{"out"});
}

TEST_CASE("cli: a full disk leaves the old file and nothing else") {
    const test::Workplace folder;
    const std::string path = folder / "out";
    REQUIRE(write_file(path, "old").ok());
    const pid_t child = ::fork();
    if (child == 0) {
        const rlimit limit = {1000, 1000};
        ::signal(SIGXFSZ, SIG_IGN);
        ::setrlimit(RLIMIT_FSIZE, &limit);
        ::_exit(write_file(path, std::string(100'000, 'x')).code() == Code::io_error ? 0 : 1);
    }
    CHECK(exit_code_of(child) == 0);
    CHECK(test::read_text(path) == "old");
    CHECK(folder.names() == std::vector<std::string>{"out"});
}

TEST_CASE("cli: an interrupt ends with 130 and leaves no half file") {
    const test::Workplace folder;
    const std::string path = folder / "half";
    test::write_text(path, "ha");
    const pid_t child = ::fork();
    if (child == 0) {
        exit_on_interrupt();
        const TemporaryFile half(path);
        ::raise(SIGINT);
        ::_exit(0);
    }
    CHECK(exit_code_of(child) == 130);
    CHECK(folder.names().empty());
}

TEST_CASE("cli: a polled interrupt is noticed, a second one ends") {
    const pid_t child = ::fork();
    if (child == 0) {
        const PollInterrupts poll;
        if (interrupted()) ::_exit(1);
        ::raise(SIGINT);
        if (!interrupted() || !interrupt_flag()) ::_exit(2);
        ::raise(SIGINT);
        ::_exit(3);
    }
    CHECK(exit_code_of(child) == 130);
}

TEST_CASE("progress: a bar on a terminal") {
    double now = 100.0;
    std::ostringstream out;
    {
        Progress progress(out, true, 60, [&now] { return now; });
        progress.update(0.0, "start");
        CHECK(out.str() == "\r\x1b[K[....................]   0 %  start");
        out.str("");
        progress.update(0.1, "too soon");
        CHECK(out.str().empty());
        now += 5.0;
        progress.update(0.5, "half");
        CHECK(out.str() == "\r\x1b[K[##########..........]  50 %, 5 s left  half");
        out.str("");
        now += 5.0;
        progress.update(0.5, std::string(200, 'x'), 125.0);
        CHECK(out.str().size() == 4 + 59);
        CHECK_THAT(out.str(), ContainsSubstring("2 min 05 s left"));
        out.str("");
    }
    CHECK(out.str() == "\r\x1b[K");
}

TEST_CASE("progress: a line now and then in a log") {
    double now = 0.0;
    std::ostringstream out;
    {
        Progress progress(out, false, 80, [&now] { return now; });
        for (int i = 0; i <= 100; ++i, now += 0.25)
            progress.update(i / 100.0, "step");
    }
    CHECK(out.str() == "  0 %  step\n 40 %, 15 s left  step\n 80 %, 5 s left  step\n");
}

TEST_CASE("cost: what lands inside the output, counted one by one") {
    std::int64_t axes = 0;
    for (std::int64_t input : {1, 2, 5})
        for (std::int64_t kernel : {1, 2, 4})
            for (std::int64_t stride : {1, 2, 5})
                for (std::int64_t dilation : {1, 2, 3})
                    for (std::int64_t low : {0, 1, 4})
                        for (std::int64_t high : {0, 2}) {
                            const Axis axis{input, kernel, stride, low, high, stride - 1, dilation};
                            if (axis.output() < 1) continue;
                            ++axes;
                            std::set<std::int64_t> inputs;
                            std::set<std::int64_t> taps;
                            std::int64_t pairs = 0;
                            for (std::int64_t i = 0; i < input; ++i)
                                for (std::int64_t k = 0; k < kernel; ++k) {
                                    const std::int64_t o = stride * i + dilation * k - low;
                                    if (o < 0 || o >= axis.output()) continue;
                                    ++pairs;
                                    inputs.insert(i);
                                    taps.insert(k);
                                }
                            const cli::Reach reach = cli::reach_of(axis);
                            CAPTURE(input, kernel, stride, dilation, low, high);
                            CHECK(reach.pairs == pairs);
                            CHECK(reach.inputs == static_cast<std::int64_t>(inputs.size()));
                            CHECK(reach.taps == static_cast<std::int64_t>(taps.size()));
                        }
    CHECK(axes > 300);
}

TEST_CASE("cost: bytes and multiply-adds of a problem") {
    const Cost cost = cost_of(Problem::parse("convt2d_c64_n2_ci4_co6_i3x5_k2x2_s2x2_g2_bias").value());
    CHECK(cost.input_bytes == 2 * 4 * 3 * 5 * 8);
    CHECK(cost.weight_bytes == 4 * 3 * 2 * 2 * 8);
    CHECK(cost.bias_bytes == 6 * 8);
    CHECK(cost.output_bytes == 2 * 6 * 6 * 10 * 8);
    CHECK(cost.touched_bytes == cost.input_bytes + cost.weight_bytes + cost.bias_bytes);
    CHECK(cost.inside_multiply_adds == 4.0 * 2 * 4 * 3 * (3 * 2) * (5 * 2));  // four real ones each
    // One input, of whose 16 taps padding leaves the middle four.
    CHECK(cost_of(Problem::parse("convt2d_f32_ci3_co5_i1_k4_s2_p1").value()).touched_bytes == (3 + 3 * 5 * 4) * 4);
}
