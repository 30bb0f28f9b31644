// SPDX-License-Identifier: Apache-2.0
// Folders that are read-only, full, or cannot be made: the kernel is given all the same, only not kept.
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <catch2/catch_test_macros.hpp>

#include <csignal>

#include "convt/engine.h"
#include "tests/cache/scratch.h"
#include "tests/support/fake_compiler.h"

namespace {

using namespace convt;
using namespace convt::test;

// Of a new engine: 0 where the kernel is given and the cache says that it could not keep it, 1 where it was kept, 2
// where it came from disk, 3 where there is no kernel.
int ask(const std::string& folder) {
    EngineOptions options;
    options.compiler = std::make_shared<FakeCompiler>();
    options.cache_dir = folder;
    const Result<std::unique_ptr<Engine>> engine = Engine::create(options);
    if (!engine.ok() || !engine.value()->kernel(fake_problem(5)).ok()) return 3;
    const EngineStats stats = engine.value()->stats();
    if (stats.disk_hits == 1) return 2;
    return stats.store_failures == 1 ? 0 : 1;
}

// As a user whom permissions bind.
int ask_unprivileged(const std::string& folder) {
    return in_child([&] {
        if (geteuid() == 0 && (setgroups(0, nullptr) != 0 || setgid(65534) != 0 || setuid(65534) != 0)) return not_here;
        return ask(folder);
    });
}

void give_away(const std::string& path) {
    if (geteuid() == 0) REQUIRE(chown(path.c_str(), 65534, 65534) == 0);
}

}  // namespace

TEST_CASE("a read-only folder serves what it has and keeps nothing") {
    const ScratchFolder scratch;
    const std::string folder = scratch / "cache";
    REQUIRE(mkdir(folder.c_str(), 0700) == 0);
    give_away(scratch / "");
    give_away(folder);
    REQUIRE(chmod(folder.c_str(), 0500) == 0);
    CHECK(ask_unprivileged(folder) == 0);
    CHECK(names_in(folder).empty());
    REQUIRE(chmod(folder.c_str(), 0700) == 0);
    CHECK(ask_unprivileged(folder) == 1);
    REQUIRE(chmod(folder.c_str(), 0500) == 0);
    CHECK(ask_unprivileged(folder) == 2);
    CHECK(ask_unprivileged(folder + "/below") == 0);  // cannot be made
}

TEST_CASE("a disk that ends within the entry: the kernel is given, nothing is left behind") {
    const ScratchFolder scratch;
    const std::string folder = scratch / "cache";
    const std::size_t size = fake_object(fake_problem(5), Target::host()).serialize().size();
    for (const std::size_t room : {std::size_t{0}, std::size_t{1}, size / 2, size - 1, size}) {
        // Writes beyond the limit on a file's size are cut short, then refused: as on a full disk.
        const int outcome = in_child([&] {
            const rlimit limit{room, room};
            if (std::signal(SIGXFSZ, SIG_IGN) == SIG_ERR || setrlimit(RLIMIT_FSIZE, &limit) != 0) return not_here;
            return ask(folder);
        });
        INFO("room for " << room << " of " << size << " bytes");
        CHECK(outcome == (room < size ? 0 : 1));
        CHECK(names_in(folder).size() == (room < size ? 1 : 2));  // the lock file is there in both cases
    }
}

TEST_CASE("a full disk: the kernel is given, and kept once there is room") {
    const ScratchFolder scratch;
    const std::string mounted = scratch / "disk";
    REQUIRE(mkdir(mounted.c_str(), 0700) == 0);
    const int outcome = in_child([&] {
        if (unshare(CLONE_NEWNS) != 0 || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            mount("convt", mounted.c_str(), "tmpfs", 0, "size=64k,mode=0700") != 0)
            return not_here;
        const std::string filler = mounted + "/filler";
        const int fd = open(filler.c_str(), O_WRONLY | O_CREAT, 0600);
        const char page[4096] = {};
        while (write(fd, page, sizeof page) > 0) {
        }
        close(fd);
        const int full = ask(mounted);
        const std::size_t files = names_in(mounted).size();  // filler and lock
        unlink(filler.c_str());
        const int room = ask(mounted);
        return full == 0 && files == 2 && room == 1 && ask(mounted) == 2 ? 0 : 1;
    });
    if (outcome == not_here) SKIP("no file system can be mounted here");
    CHECK(outcome == 0);
}

TEST_CASE("a hostile folder is refused, not worked around") {
    const ScratchFolder scratch;
    const std::string folder = scratch / "cache";
    REQUIRE(mkdir(folder.c_str(), 0700) == 0);
    REQUIRE(chmod(folder.c_str(), 0777) == 0);
    EngineOptions options;
    options.cache_dir = folder;
    const Status status = Engine::create(options).status();
    CHECK(status.code() == Code::invalid_argument);
    CHECK(status.message().find(folder) != std::string::npos);
}
