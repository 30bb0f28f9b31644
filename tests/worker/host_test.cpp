// SPDX-License-Identifier: Apache-2.0
// What the host may do while a worker runs, and what it must not notice of it.
#include "compiler/worker/process.h"
#include "tests/worker/fake_worker.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <fcntl.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <iterator>
#include <thread>
#include <vector>

namespace convt::test {

namespace {

using Catch::Matchers::ContainsSubstring;

auto open_descriptors() {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
}

bool no_children() {
    return ::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD;
}

class Handler {
  public:
    Handler(int number, void (*handler)(int)) : number_(number) {
        struct sigaction action = {};
        action.sa_handler = handler;
        ::sigaction(number, &action, &before_);
    }
    ~Handler() { ::sigaction(number_, &before_, nullptr); }
    Handler(const Handler&) = delete;
    Handler& operator=(const Handler&) = delete;

  private:
    int number_;
    struct sigaction before_ = {};
};

TEST_CASE("no descriptor and no zombie stays, whatever happens") {
    const auto before = open_descriptors();
    for (const char* script : {"cat $object", "kill -SEGV $$", "exit 1", "echo x", "sleep 1000", "cat /dev/zero"}) {
        CAPTURE(script);
        FakeWorker worker(script);
        worker.options.time_limit_ms = 500;
        (void)worker.compile();
        worker.options.path += ".not";
        (void)worker.compile();
        CHECK(open_descriptors() == before);
        CHECK(no_children());
    }
}

TEST_CASE("the worker gets three descriptors, default signals and its own group") {
    constexpr int leaky = 57;  // without O_CLOEXEC, as careless hosts have them
    REQUIRE(::dup2(STDERR_FILENO, leaky) == leaky);
    const Handler ignored(SIGPIPE, SIG_IGN);
    sigset_t blocked;
    sigset_t before;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
    const FakeWorker worker(
        "[ -e /proc/$$/fd/57 ] && echo leaked > $folder/leaked; readlink /proc/$$/fd/0 > $folder/in\n"
        "cut -d' ' -f5 /proc/$$/stat > $folder/group; echo $$ > $folder/self; cat $object");
    const auto object = worker.compile();
    const auto status = process::run({"/bin/cat", "/proc/self/status"}, {});  // a shell would clear its mask
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    ::close(leaky);
    REQUIRE(object.status().message() == "");
    CHECK(worker.text_of("leaked") == "");
    CHECK(worker.text_of("in") == "/dev/null\n");
    REQUIRE(status.ok());
    CHECK_THAT(status.value().output, ContainsSubstring("SigBlk:\t0000000000000000"));
    CHECK_THAT(status.value().output, ContainsSubstring("SigIgn:\t0000000180000000"));  // 32 and 33 are glibc's own
    CHECK(worker.text_of("group") == worker.text_of("self"));
}

TEST_CASE("a host without standard descriptors") {
    const FakeWorker worker("cat $object; echo done >&2");
    int saved[3];
    for (int fd = 0; fd < 3; ++fd) {
        saved[fd] = ::fcntl(fd, F_DUPFD_CLOEXEC, 10);
        ::close(fd);
    }
    const auto object = worker.compile();
    for (int fd = 0; fd < 3; ++fd) {
        const bool taken = ::fcntl(fd, F_GETFD) >= 0;
        if (saved[fd] >= 0) ::dup2(saved[fd], fd);
        if (saved[fd] >= 0) ::close(saved[fd]);
        CHECK_FALSE(taken);
    }
    CHECK(object.status().message() == "");
}

TEST_CASE("a host that is interrupted all the time") {
    const Handler handler(SIGALRM, [](int) {});
    const itimerval often = {{0, 1000}, {0, 1000}};
    const itimerval never = {};
    const FakeWorker worker("head -c 50 $object; sleep 0.1; tail -c +51 $object");
    ::setitimer(ITIMER_REAL, &often, nullptr);
    const auto object = worker.compile();
    ::setitimer(ITIMER_REAL, &never, nullptr);
    CHECK(object.status().message() == "");
}

TEST_CASE("a host that lets the system reap its children") {
    const Handler handler(SIGCHLD, SIG_IGN);
    CHECK(FakeWorker("cat $object").compile().status().message() == "");
    CHECK(FakeWorker("exit 1").compile().status().code() == Code::compile_failed);
}

TEST_CASE("many threads run workers at once") {
    const FakeWorker worker("cat $object");
    const auto compiler = worker_compiler(worker.options);
    std::atomic<int> good{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 16; ++i)
        threads.emplace_back([&] {
            for (int run = 0; run < 10; ++run)
                good += compiler->compile(FakeWorker::problem(), Target::host()).ok() ? 1 : 0;
        });
    for (std::thread& thread : threads)
        thread.join();
    CHECK(good == 160);
    CHECK(no_children());
}

}  // namespace

}  // namespace convt::test
