// SPDX-License-Identifier: Apache-2.0
// Every way a worker can end, and the status that says so.
#include "compiler/worker/process.h"
#include "compiler/worker/protocol.h"
#include "tests/worker/fake_worker.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <fmt/format.h>

#include <fstream>
#include <thread>

namespace convt::test {

namespace {

using Catch::Matchers::ContainsSubstring;

// Is the process gone, or a zombie that its new parent has not come to yet?
bool gone(const std::string& pid) {
    std::ifstream file("/proc/" + pid + "/stat");
    std::string number;
    std::string name;
    std::string state;
    return !(file >> number >> name >> state) || state == "Z" || state == "X";
}

bool soon_gone(const std::string& pid) {
    for (int i = 0; i < 2000 && !gone(pid); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return gone(pid);
}

std::string first_line(const std::string& text) {
    return text.substr(0, text.find('\n'));
}

TEST_CASE("a good answer arrives whole, with noise on standard error and in pieces") {
    const char* const script = GENERATE("cat $object", "head -c 100 $object; sleep 0.05; tail -c +101 $object",
                                        "echo warning >&2; cat $object", "head -c 3000000 /dev/zero >&2; cat $object",
                                        "sleep 1000 & cat $object", "exec 2>&-; cat $object");
    CAPTURE(script);
    const FakeWorker worker(script);
    const auto object = worker.compile();
    REQUIRE(object.status().message() == "");
    CHECK(object.value().serialize() == FakeWorker::object().serialize());
}

TEST_CASE("an end that the worker does not announce") {
    struct Row {
        const char* script;
        Code code;
        const char* words;
    };
    const Row row = GENERATE(values<Row>({
        {"kill -SEGV $$", Code::compile_failed, "SIGSEGV"},
        {"kill -PIPE $$", Code::compile_failed, "SIGPIPE"},
        {"cat $object; kill -ABRT $$", Code::compile_failed, "SIGABRT"},
        {"kill -KILL $$", Code::out_of_memory, "SIGKILL"},
        {"kill -XCPU $$", Code::timed_out, "CPU time"},
        {"echo 'LLVM ERROR: out of memory' >&2; kill -ABRT $$", Code::out_of_memory, "SIGABRT"},
        {"echo \"what():  std::bad_alloc\" >&2; exit 1", Code::out_of_memory, "bad_alloc"},
        {"echo 'something odd' >&2; exit 3", Code::compile_failed, "something odd"},
        {"exit 7", Code::compile_failed, "exited with 7; it wrote no message"},
        {"cat $object; exit 1", Code::compile_failed, "exited with 1"},
        {"exit 0", Code::corrupt, ""},
        {"echo hello", Code::corrupt, ""},
        {"head -c 200 $object", Code::corrupt, ""},
        {"cat $object; echo more", Code::corrupt, ""},
        {"cat /dev/zero", Code::corrupt, "more than"},
    }));
    CAPTURE(row.script);
    FakeWorker worker(row.script);
    worker.options.strategy = "width_lanes";
    worker.options.schedule = "tx=3,tc=7";
    const auto object = worker.compile();
    INFO(object.status().message());
    CHECK(object.status().code() == row.code);
    CHECK_THAT(object.status().message(), ContainsSubstring(row.words));
    CHECK_THAT(object.status().message(), ContainsSubstring(FakeWorker::problem().text()));
    CHECK_THAT(object.status().message(), ContainsSubstring("strategy width_lanes, schedule tx=3,tc=7"));
}

TEST_CASE("code and message of a failure arrive as they were sent") {
    const std::string message = GENERATE(as<std::string>{}, "schedule tx=9: too many registers",
                                         "two\nlines: with a colon\n\nand more", "", "convt-cc: corrupt: quoted");
    for (int i = 1; i <= static_cast<int>(Code::internal); ++i) {
        const Status sent(static_cast<Code>(i), message);
        CAPTURE(code_name(sent.code()));
        const std::string line = "convt-cc: " + protocol::encode_failure(sent).message() + "\n";
        const FakeWorker worker(
            fmt::format("echo 'Warning: noise' >&2; cat $object >&2; exit {}", exit_code(sent.code())));
        worker.answer(line);
        const auto object = worker.compile();
        CHECK(object.status().code() == sent.code());
        CHECK(object.status().message() == message);
    }
}

TEST_CASE("a message whose exit code is another's is not believed") {
    const FakeWorker worker("echo 'convt-cc: wrong_result: at (0, 1)' >&2; exit 3");
    const auto object = worker.compile();
    CHECK(object.status().code() == Code::compile_failed);
    CHECK_THAT(object.status().message(), ContainsSubstring("at (0, 1)"));
}

TEST_CASE("a worker that hangs is ended with all it started") {
    const char* const script = GENERATE("sleep 1000 & echo $! > $folder/pid; wait",
                                        "sleep 1000 & echo $! > $folder/pid; exec >&- 2>&-; sleep 1000",
                                        "trap '' TERM INT; sleep 1000 & echo $! > $folder/pid; cat $object; wait");
    CAPTURE(script);
    FakeWorker worker(script);
    worker.options.time_limit_ms = 300;
    const auto object = worker.compile();
    CHECK(object.status().code() == Code::timed_out);
    CHECK_THAT(object.status().message(), ContainsSubstring("300 ms"));
    const std::string pid = first_line(worker.text_of("pid"));
    REQUIRE(pid != "");
    CHECK(soon_gone(pid));
}

TEST_CASE("a caller that cancels ends its workers") {
    const std::atomic<bool> cancel{true};
    FakeWorker worker("sleep 1000");
    worker.options.cancel = &cancel;
    CHECK(worker.compile().status().code() == Code::interrupted);
}

TEST_CASE("what a good worker leaves behind is ended too") {
    const FakeWorker worker("sleep 1000 & echo $! > $folder/pid; cat $object");
    REQUIRE(worker.compile().ok());
    CHECK(soon_gone(first_line(worker.text_of("pid"))));
}

TEST_CASE("an object that answers another question") {
    FakeWorker worker("cat $object");
    Object object = FakeWorker::object();
    SECTION("another problem") {
        object.info.problem = "convt1d_f32_ci1_co1_i6_k1";
        worker.answer(object);
        CHECK(worker.compile().status().code() == Code::corrupt);
    }
    SECTION("another target") {
        object.info.target = "x86-64-v2+fma";
        worker.answer(object);
        CHECK(worker.compile().status().code() == Code::corrupt);
    }
    SECTION("another build") {
        object.info.compiler = "convt 0.0.9";
        worker.answer(object);
        const Status status = worker.compile().status();
        CHECK(status.code() == Code::unsupported);
        CHECK_THAT(status.message(), ContainsSubstring("convt 0.0.9"));
    }
}

TEST_CASE("no worker where one should be") {
    FakeWorker worker("cat $object");
    SECTION("no file") {
        worker.options.path += ".not";
    }
    SECTION("not executable") {
        worker.options.path = worker.path("object");
    }
    SECTION("not a program") {
        std::ofstream(worker.options.path) << "#!/no/such/shell\n";
    }
    const Status status = worker.compile().status();
    CHECK(status.code() == Code::io_error);
    CHECK_THAT(status.message(), ContainsSubstring(worker.options.path));
}

TEST_CASE("the environment names the worker") {
    const FakeWorker worker("cat $object");
    REQUIRE(::setenv("CONVT_CC", worker.options.path.c_str(), 1) == 0);
    FakeWorker other("cat $object");
    other.options.path.clear();
    const auto object = other.compile();
    ::unsetenv("CONVT_CC");
    CHECK(object.status().message() == "");
}

}  // namespace

}  // namespace convt::test
