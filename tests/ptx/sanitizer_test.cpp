// SPDX-License-Identifier: Apache-2.0
// Every finding provoked once, where it says it is; and none in a kernel without fault.
#include "tests/ptx/device.h"
#include "tests/ptx/programs.h"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

namespace convt::ptx {
namespace {

// The 1-based line of the first `instruction` in a program.
int line_of(const std::string& text, const std::string& instruction) {
    const std::size_t at = text.find(instruction);
    REQUIRE(at != std::string::npos);
    return 1 + static_cast<int>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
}

struct Ran {
    Report report;
    std::uint64_t a;
    std::uint64_t b;
};
// Two blocks of 64 threads on a and b of 128 words, both written.
Ran ran(const std::string& name) {
    Device device(program_text(name));
    const std::uint64_t a = device.upload(std::vector<std::uint32_t>(128, 1));
    const std::uint64_t b = device.upload(std::vector<std::uint32_t>(128, 2));
    return {device.run("test", {2, 1, 1}, {64, 1, 1}, {a, b}), a, b};
}

const Finding& only(const Report& report, FindingKind kind) {
    INFO(report.text());
    REQUIRE(report.findings.size() == 1);
    CHECK(report.findings[0].kind == kind);
    return report.findings[0];
}

}  // namespace

TEST_CASE("a kernel without fault has no finding") {
    for (const char* name : {"copy", "ordered", "barrier"}) {
        INFO(name);
        Device device(program_text(name));
        const std::uint64_t a = device.upload(std::vector<std::uint32_t>(128, 1));
        // One block: of two, both would write what "ordered" orders within one.
        const Report report = device.run("test", {1, 1, 1}, {64, 1, 1}, {a, device.allocate(256)});
        INFO(report.text());
        CHECK(report.findings.empty());
    }
}

TEST_CASE("an access one byte out of bounds") {
    const Ran run = ran("byte_behind");
    const Finding& finding = only(run.report, FindingKind::out_of_bounds);
    CHECK(finding.line == line_of(program_text("byte_behind"), "ld.global.u8"));
    CHECK(finding.address == run.a + 512);
    CHECK(finding.thread.x == 63);
    CHECK(finding.block.x == 1);
    CHECK(finding.times == 1);
}

TEST_CASE("memory that was freed is no allocation any more") {
    Device device(program_text("copy"));
    const std::uint64_t a = device.upload(std::vector<std::uint32_t>(64, 1));
    const std::uint64_t b = device.allocate(256);
    REQUIRE(device.memory.free(a));
    const Report report = device.run("test", {1, 1, 1}, {64, 1, 1}, {a, b});
    CHECK(only(report, FindingKind::out_of_bounds).times == 64);
}

TEST_CASE("a misaligned access") {
    const Ran run = ran("misaligned");
    const Finding& finding = only(run.report, FindingKind::misaligned);
    CHECK(finding.address == run.a + 2);
    CHECK(finding.times == 128);
}

TEST_CASE("device memory that nobody wrote") {
    Device device(program_text("copy"));
    const std::uint64_t a = device.allocate(256);
    // All but the last byte of word 5.
    const std::vector<std::uint8_t> bytes(256, 3);
    device.memory.write(a, bytes.data(), 23);
    device.memory.write(a + 24, bytes.data(), 232);
    const Report report = device.run("test", {1, 1, 1}, {64, 1, 1}, {a, device.allocate(256)});
    const Finding& finding = only(report, FindingKind::uninitialised);
    CHECK(finding.address == a + 20);
    CHECK(finding.times == 1);
    CHECK(finding.line == line_of(program_text("copy"), "ld.global.u32"));
}

TEST_CASE("shared memory: unwritten, raced for, left") {
    CHECK(only(ran("shared_unwritten").report, FindingKind::uninitialised).thread.x == 3);
    CHECK(only(ran("shared_outside").report, FindingKind::out_of_bounds).thread.x == 31);
    // Threads of one warp are no more ordered than others: the lower of each pair reads too early, nothing was written
    // yet for it.
    const Ran run = ran("no_barrier");
    INFO(run.report.text());
    CHECK(std::any_of(run.report.findings.begin(), run.report.findings.end(), [](const Finding& finding) {
        return finding.kind == FindingKind::race &&
               finding.line == line_of(program_text("no_barrier"), "ld.shared.u32");
    }));
}

TEST_CASE("shared memory is fresh for every block") {
    Device device(program_text("barrier"));
    const std::uint64_t b = device.allocate(4 * 192);
    CHECK(device.run("test", {3, 1, 1}, {64, 1, 1}, {0, b}).findings.empty());
}

TEST_CASE("a barrier that not all threads reach") {
    const Ran run = ran("divergent_barrier");
    const Finding& finding = only(run.report, FindingKind::divergent_barrier);
    CHECK(finding.line == line_of(program_text("divergent_barrier"), "bar.sync"));
    CHECK(finding.thread.x == 0);
}

TEST_CASE("two threads of a launch at one word of device memory") {
    CHECK(only(ran("same_word").report, FindingKind::race).line == line_of(program_text("same_word"), "st.global"));
    Device device(program_text("unordered"));
    const std::uint64_t a = device.upload(std::vector<std::uint32_t>(1, 1));
    const Report report = device.run("test", {1, 1, 1}, {64, 1, 1}, {a, device.allocate(256)});
    CHECK(only(report, FindingKind::race).line == line_of(program_text("unordered"), "ld.global"));
    // The next launch may write what this one wrote.
    Device again(program_text("copy"));
    const std::uint64_t in = again.upload(std::vector<std::uint32_t>(64, 1));
    const std::uint64_t out = again.allocate(256);
    CHECK(again.run("test", {1, 1, 1}, {64, 1, 1}, {in, out}).findings.empty());
    CHECK(again.run("test", {1, 1, 1}, {64, 1, 1}, {in, out}).findings.empty());
}

TEST_CASE("constant memory is not written, a trap is told") {
    CHECK(only(ran("to_constant").report, FindingKind::read_only).times == 128);
    const Ran run = ran("traps");
    const Finding& finding = only(run.report, FindingKind::trap);
    CHECK(finding.thread.x == 3);
    CHECK(finding.times == 2);
}

}  // namespace convt::ptx
