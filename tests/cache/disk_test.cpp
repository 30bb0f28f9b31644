// SPDX-License-Identifier: Apache-2.0
// The cache on disk by itself: entries appear whole or not at all, nobody else's files are touched or trusted, limits
// hold, and what goes wrong with the folder is a status.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <csignal>
#include <thread>

#include "runtime/cache/disk_cache.h"
#include "tests/cache/scratch.h"
#include "tests/support/fake_compiler.h"

namespace {

using namespace convt;
using namespace convt::test;

constexpr std::uint64_t no_limit = std::uint64_t{1} << 40;
const std::string key_a(48, 'a');
const std::string key_b(48, 'b');
const std::string key_c(48, 'c');

DiskCache open_cache(const std::string& folder, std::uint64_t limit = no_limit) {
    Result<DiskCache> cache = DiskCache::open(folder, limit, true);
    INFO(cache.status().message());
    REQUIRE(cache.ok());
    return std::move(cache).value();
}

Object object_of(bool admitted) {
    return fake_object(fake_problem(3), Target::host(), {.admitted = admitted});
}

void set_used(const std::string& path, time_t seconds) {
    const timespec times[2] = {{seconds, 0}, {seconds, 0}};
    REQUIRE(utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);
}

Code opening(const std::string& folder) {
    return DiskCache::open(folder, no_limit, true).status().code();
}

}  // namespace

TEST_CASE("an entry is found, replaced and removed; files are this user's alone") {
    const ScratchFolder scratch;
    const std::string folder = scratch / "parent/cache/";
    const DiskCache cache = open_cache(folder);
    CHECK_FALSE(cache.find(key_a));
    REQUIRE(cache.store(key_a, object_of(false)).ok());
    REQUIRE(cache.find(key_a));
    CHECK_FALSE(cache.find(key_a)->info.admitted);
    REQUIRE(cache.store(key_a, object_of(true)).ok());
    CHECK(cache.find(key_a)->info.admitted);
    CHECK(cache.find(key_a)->code == object_of(true).code);
    CHECK(names_in(folder) == std::vector<std::string>{key_a + ".convt"});
    struct stat status {};
    REQUIRE(stat((folder + key_a + ".convt").c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0600U);
    for (const char* made : {"parent", "parent/cache"}) {
        REQUIRE(stat((scratch / made).c_str(), &status) == 0);
        CHECK((status.st_mode & 0777U) == 0700U);
    }
    CHECK(cache.remove(key_a) == 0);
    CHECK(cache.remove(key_a) == ENOENT);
    CHECK_FALSE(cache.find(key_a));
}

TEST_CASE("a folder that others could write to, or that is none, is refused") {
    const ScratchFolder scratch;
    const std::string folder = scratch / "cache";
    open_cache(folder);
    for (const mode_t mode : {0770U, 0707U, 0722U, 0720U}) {
        REQUIRE(chmod(folder.c_str(), mode) == 0);
        CHECK(opening(folder) == Code::invalid_argument);
    }
    REQUIRE(chmod(folder.c_str(), 0755) == 0);  // to be read by others does no harm
    CHECK(opening(folder) == Code::ok);

    REQUIRE(symlink(folder.c_str(), (scratch / "link").c_str()) == 0);
    for (const char* name : {"link", "link/", "link//"})
        CHECK(opening(scratch / name) == Code::invalid_argument);
    REQUIRE(symlink("nowhere", (scratch / "dangling").c_str()) == 0);
    CHECK(opening(scratch / "dangling") == Code::invalid_argument);
    write_bytes(scratch / "file", {});
    CHECK(opening(scratch / "file") == Code::invalid_argument);
    CHECK(opening(scratch / "file/cache") == Code::invalid_argument);
    CHECK(opening("/") == Code::invalid_argument);
    CHECK(opening("") == Code::invalid_argument);
    CHECK(opening("/proc/convt/cache") == Code::io_error);
    CHECK(DiskCache::open(scratch / "none", no_limit, false).status().code() == Code::io_error);

    if (geteuid() != 0) SKIP("only root can give a folder away");
    REQUIRE(chown(folder.c_str(), 65534, 65534) == 0);
    CHECK(opening(folder) == Code::invalid_argument);
}

TEST_CASE("an entry that others could have written, or that is no file, is a miss and heals") {
    const ScratchFolder scratch;
    const std::string folder = scratch / "cache";
    const std::string path = folder + "/" + key_a + ".convt";
    const DiskCache cache = open_cache(folder);
    const auto whole = [&] { return cache.find(key_a).has_value(); };
    const auto heals = [&] {
        CHECK_FALSE(whole());
        CHECK(cache.read(key_a).status().code() != Code::ok);
        CHECK(cache.store(key_a, object_of(true)).ok());
        return whole();
    };
    REQUIRE(cache.store(key_a, object_of(true)).ok());
    REQUIRE(chmod(path.c_str(), 0620) == 0);
    CHECK(heals());
    REQUIRE(chmod(path.c_str(), 0602) == 0);
    CHECK(heals());

    std::filesystem::rename(path, scratch / "elsewhere");
    REQUIRE(symlink((scratch / "elsewhere").c_str(), path.c_str()) == 0);
    CHECK(heals());
    REQUIRE(unlink(path.c_str()) == 0);
    REQUIRE(mkfifo(path.c_str(), 0600) == 0);
    CHECK(heals());
    if (geteuid() == 0) {
        REQUIRE(chown(path.c_str(), 65534, 65534) == 0);
        CHECK(heals());
    }
    // Where even the name cannot be had, the entry is not stored, and nothing is left behind.
    REQUIRE(unlink(path.c_str()) == 0);
    std::filesystem::create_directories(path + "/full");
    CHECK_FALSE(whole());
    CHECK(cache.store(key_a, object_of(true)).code() == Code::io_error);
    CHECK(names_in(folder) == std::vector<std::string>{key_a + ".convt"});
}

TEST_CASE("links in place of the lock and of leftovers are not followed") {
    const ScratchFolder scratch;
    const std::string folder = scratch / "cache";
    const DiskCache cache = open_cache(folder);
    write_bytes(scratch / "precious", {std::byte{1}});
    REQUIRE(symlink((scratch / "precious").c_str(), (folder + "/lock").c_str()) == 0);
    REQUIRE(symlink((scratch / "precious").c_str(), (folder + "/1-1.tmp").c_str()) == 0);
    { const DiskCache::Lock lock = cache.lock(key_a); }
    REQUIRE(cache.store(key_a, object_of(true)).ok());
    CHECK(read_bytes(scratch / "precious").size() == 1);
}

TEST_CASE("the least recently used entries go when the limit is reached") {
    const ScratchFolder scratch;
    const std::string folder = scratch / "cache";
    const std::uint64_t size = object_of(true).serialize().size();
    const DiskCache cache = open_cache(folder, 2 * size);
    write_bytes(folder + "/note.txt", std::vector<std::byte>(10'000));  // not ours: neither counted nor removed
    REQUIRE(cache.store(key_a, object_of(true)).ok());
    REQUIRE(cache.store(key_b, object_of(true)).ok());
    set_used(folder + "/" + key_a + ".convt", 1000);
    set_used(folder + "/" + key_b + ".convt", 2000);
    REQUIRE(cache.find(key_a));  // now b is the older one
    REQUIRE(cache.store(key_c, object_of(true)).ok());
    CHECK(names_in(folder) == std::vector<std::string>{key_a + ".convt", key_c + ".convt", "note.txt"});

    const DiskCache small = open_cache(folder, size - 1);
    CHECK(small.store(key_b, object_of(true)).code() == Code::invalid_argument);
    CHECK(names_in(folder).size() == 3);
}

TEST_CASE("a writer killed at any system call leaves the old entry or the new one, and its leftovers go") {
    const ScratchFolder scratch;
    const std::string folder = scratch / "cache";
    const DiskCache cache = open_cache(folder);
    REQUIRE(cache.store(key_a, object_of(false)).ok());
    int replaced = 0;
    int leftovers = 0;
    bool reached = true;
    for (int stops = 0; reached; ++stops) {
        REQUIRE(stops < 500);
        const Interrupted writer = interrupted_after(
            stops, [&] { return open_cache(folder).store(key_a, object_of(true)).ok() ? 0 : 1; },
            [](pid_t child) { kill(child, SIGKILL); });
        if (writer.end == not_here) SKIP("processes cannot be traced here");
        INFO("killed after " << stops << " stops");
        reached = writer.reached;
        REQUIRE(writer.end == (reached ? 128 + SIGKILL : 0));
        const std::optional<Object> found = cache.find(key_a);
        REQUIRE(found);
        replaced += found->info.admitted ? 1 : 0;
        leftovers += names_in(folder).size() > 1 ? 1 : 0;
        REQUIRE(cache.store(key_a, object_of(false)).ok());  // cleans up too
        REQUIRE(names_in(folder) == std::vector<std::string>{key_a + ".convt"});
    }
    CHECK(replaced > 1);
    CHECK(leftovers > 1);
}

TEST_CASE("what a living writer holds is not taken for a leftover, at no system call of its") {
    const ScratchFolder scratch;
    const std::string folder = scratch / "cache";
    const DiskCache cache = open_cache(folder);
    bool reached = true;
    for (int stops = 0; reached; ++stops) {
        REQUIRE(stops < 500);
        const Interrupted writer = interrupted_after(
            stops, [&] { return open_cache(folder).store(key_a, object_of(true)).ok() ? 0 : 1; },
            [&](pid_t) { REQUIRE(cache.store(key_b, object_of(true)).ok()); });  // cleans up
        if (writer.end == not_here) SKIP("processes cannot be traced here");
        INFO("another writer came after " << stops << " stops");
        reached = writer.reached;
        REQUIRE(writer.end == 0);
        REQUIRE(cache.remove(key_a) == 0);
        REQUIRE(names_in(folder) == std::vector<std::string>{key_b + ".convt"});
    }
}

TEST_CASE("many writers at once all store") {
    const ScratchFolder scratch;
    const std::string folder = scratch / "cache";
    open_cache(folder);
    std::vector<pid_t> writers;
    for (int child = 0; child < 4; ++child)
        writers.push_back(start_child([&] {
            const DiskCache cache = open_cache(folder);
            for (int i = 0; i < 50; ++i) {
                const std::string key(48, static_cast<char>('a' + (i % 5)));
                if (!cache.store(key, object_of(true)).ok()) return 1;
            }
            return 0;
        }));
    for (const pid_t writer : writers)
        CHECK(wait_for(writer) == 0);
    CHECK(names_in(folder).size() == 5);
}

TEST_CASE("one holder at a time has the lock of a key, a killed one has none") {
    const ScratchFolder scratch;
    const std::string folder = scratch / "cache";
    open_cache(folder);
    int ready[2];
    REQUIRE(pipe(ready) == 0);
    const pid_t holder = start_child([&] {
        const DiskCache held = open_cache(folder);
        const DiskCache::Lock lock = held.lock(key_a);
        { const DiskCache::Lock other_key = held.lock(key_b); }  // its end does not end the first
        if (write(ready[1], "r", 1) != 1) return 1;
        pause();
        return 0;
    });
    char byte = 0;
    REQUIRE(read(ready[0], &byte, 1) == 1);
    const DiskCache cache = open_cache(folder);
    { const DiskCache::Lock other_key = cache.lock(key_b); }
    std::atomic<bool> killed{false};
    std::atomic<bool> waited{false};
    std::thread waiter([&] {
        const DiskCache::Lock lock = cache.lock(key_a);
        waited = killed.load();
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // a lock that does not hold would be had by now
    killed = true;
    kill(holder, SIGKILL);
    waiter.join();
    CHECK(waited);
    CHECK(wait_for(holder) == 128 + SIGKILL);
    close(ready[0]);
    close(ready[1]);
}
