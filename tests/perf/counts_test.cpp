// SPDX-License-Identifier: Apache-2.0
// The default kernels of a dozen cases, counted: a schedule or a strategy that gets slower turns a line of counts.tsv
// red on every machine. Compiled and never run.
#include "compiler/prefetch_levels.h"
#include "compiler/worker/process.h"
#include "convt/halide_compiler.h"
#include "runtime/problem/epilogue.h"
#include "tests/perf/loops.h"
#include "tests/support/require_value.h"
#include "tests/support/temporary_folder.h"

#include <fmt/format.h>
#include <catch2/catch_test_macros.hpp>

#include <cmath>
#include <fstream>
#include <iostream>
#include <set>
#include <sstream>

namespace convt::test {
namespace {

// One line of counts.tsv: what is promised of a case.
struct Promise {
    std::string name, problem, target, strategy;
    double fma_percent = 0;  // of the instructions in the inner loop, at least
    int stack = 0, allocations = 0;
    std::int64_t packed_bytes = 0, code_bytes = 0;
};

std::vector<Promise> promises() {
    std::ifstream file(CONVT_TEST_COUNTS);
    REQUIRE(file.good());
    std::vector<Promise> all;
    for (std::string line; std::getline(file, line);) {
        if (line.empty() || line[0] == '#') continue;
        std::istringstream fields(line);
        Promise p;
        fields >> p.name >> p.problem >> p.target >> p.strategy >> p.fma_percent >> p.stack >> p.allocations >>
            p.packed_bytes >> p.code_bytes;
        INFO(line);
        REQUIRE(fields);
        all.push_back(p);
    }
    return all;
}

std::string disassemble(const Object& object) {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/kernel.o";
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(object.code.data()), static_cast<std::streamsize>(object.code.size()));
    const auto ran = require_value(
        process::run({"/usr/bin/env", "LC_ALL=C", "objdump", "-d", "-r", "-w", "--no-show-raw-insn", path}, {}));
    REQUIRE(ran.end == process::End::exited);
    REQUIRE(ran.value == 0);
    return ran.output;
}

Promise counted(const Promise& promise) {
    CompileOptions options;
    options.tuned.untuned = true;
    options.tuned.any_machine = true;
    options.admit = false;
    const Problem problem = require_value(Problem::parse(promise.problem));
    const Object object = require_value(compile_object(problem, require_value(Target::parse(promise.target)), options));
    const std::vector<Function> functions = parse_disassembly(disassemble(object));
    const InnerLoop loop = hottest_loop(functions);
    REQUIRE(loop.instructions > 0);
    return {promise.name,
            promise.problem,
            promise.target,
            object.info.strategy,
            100.0 * loop.fmas / loop.instructions,
            loop.stack,
            allocation_sites(functions),
            object.info.packed_bytes(),
            static_cast<std::int64_t>(object.code.size())};
}

}  // namespace

TEST_CASE("default kernels keep their instruction counts") {
    const std::vector<Promise> all = promises();
    REQUIRE(all.size() >= 12);
    for (const Promise& promise : all) {
        const Promise now = counted(promise);
        const bool kept = now.strategy == promise.strategy && std::round(now.fma_percent) >= promise.fma_percent &&
                          now.stack <= promise.stack && now.allocations <= promise.allocations &&
                          now.packed_bytes <= promise.packed_bytes && now.code_bytes <= promise.code_bytes;
        INFO(promise.name << ": " << promise.strategy << " was promised");
        CHECK(kept);
        // Whole lines, to be put into counts.tsv where a change is meant.
        if (!kept) {
            std::cout << fmt::format("{}\t{}\t{}\t{}\t{:.0f}\t{}\t{}\t{}\t{}\n", now.name, now.problem, now.target,
                                     now.strategy, now.fma_percent, now.stack, now.allocations, now.packed_bytes,
                                     now.code_bytes);
        }
    }
}

TEST_CASE("prefetches go into all levels of cache or around the second one, as the schedule says") {
    const Problem problem = require_value(Problem::parse("convt2d_f32_ci256_co128_i4x4_k4x4_s2x2_p1x1"));
    const auto prefetches = [&](int fetch) {
        CompileOptions options;
        options.strategy = "channel_lanes";
        options.schedule = fmt::format("cv=1,qx=4,qy=4,jx=2,jy=2,zb=1,yb=4,fetch={},par=2", fetch);
        options.admit = false;
        const Object object =
            require_value(compile_object(problem, require_value(Target::parse("x86-64-v4")), options));
        std::multiset<std::string> kinds;
        for (const Function& function : parse_disassembly(disassemble(object)))
            for (const Instruction& instruction : function.instructions)
                if (instruction.text.rfind("prefetch", 0) == 0)
                    kinds.insert(instruction.text.substr(0, instruction.text.find(' ')));
        return kinds;
    };
    CHECK(prefetches(0).empty());
    const std::multiset<std::string> around = prefetches(1), all_levels = prefetches(2);
    CHECK(around.count("prefetchnta") >= 4);
    CHECK(around.count("prefetchnta") == around.size());
    CHECK(all_levels.count("prefetcht0") == around.size());
    CHECK(all_levels.size() == around.size());
}

TEST_CASE("what is no object, or no code, keeps its prefetches and says so") {
    std::vector<std::byte> object(512, std::byte{0x0F});
    CHECK(prefetch_into_all_levels(object).code() == Code::compile_failed);
    CHECK(prefetch_into_all_levels({}).code() == Code::compile_failed);
    const Problem problem = require_value(Problem::parse("convt2d_f32_ci2_co2_i4x4_k2x2_s2x2"));
    CompileOptions options;
    options.admit = false;
    object = require_value(compile_object(problem, require_value(Target::parse("x86-64-v4")), options)).code;
    CHECK(prefetch_into_all_levels(object).ok());
    // 06 is no instruction of 64 bits.
    for (std::size_t i = 64; i < 1024 && i < object.size(); ++i)
        object[i] = std::byte{0x06};
    const Status status = prefetch_into_all_levels(object);
    CHECK(status.code() == Code::compile_failed);
    for (std::size_t cut = 0; cut < object.size(); cut += 97)
        prefetch_into_all_levels(std::span(object).first(cut)).ok();
}

// What kernels may import of it (runtime/jit/imports.cpp).
const std::set<std::string> libm{"exp",   "expf",   "log",   "logf",   "tanh", "tanhf", "erf",        "erff",
                                 "sin",   "sinf",   "cos",   "cosf",   "pow",  "powf",  "fma",        "fmaf",
                                 "floor", "floorf", "rint",  "rintf",  "sqrt", "sqrtf", "nearbyintf", "nearbyint",
                                 "round", "roundf", "trunc", "truncf", "fmod", "fmodf", "roundeven",  "roundevenf"};

TEST_CASE("no operation of an epilogue calls a function in f32: all are arithmetic on vectors") {
    {
        std::string text = "convt2d_f32_ci8_co16_i16x16_k4x4_s2x2_p1x1";
        for (const EpilogueRow& row : epilogue_rows())
            text += fmt::format("_{}{}", row.name, row.values == 0 ? "" : row.values == 1 ? "0.5" : "-1:6");
        for (const char* target : {"x86-64-v2", "x86-64-v3", "x86-64-v4"}) {
            CompileOptions options;
            options.strategy = "width_lanes";
            options.tuned.untuned = true;
            options.admit = false;
            INFO(text << " for " << target);
            const Object object = require_value(
                compile_object(require_value(Problem::parse(text)), require_value(Target::parse(target)), options));
            int vectors = 0;
            for (const Function& function : parse_disassembly(disassemble(object))) {
                for (const Instruction& instruction : function.instructions) {
                    CHECK(libm.count(instruction.symbol.substr(0, instruction.symbol.find_first_of("-+@"))) == 0);
                    // Divisions come from logistic functions, tanh, erf and snake.
                    vectors += instruction.text.find("divps") != std::string::npos ? 1 : 0;
                }
            }
            CHECK(vectors >= 6);
        }
    }
}

TEST_CASE("the counter reads loops, multiply-adds, spills and allocations") {
    const char* const listing =
        "0000000000000000 <kernel>:\n"
        "   0:\tpush   %rbp\n"
        "  10:\tvaddps %zmm0,%zmm1,%zmm2\n"
        "  20:\tvfmadd231ps (%rax),%zmm1,%zmm2\n"
        "  24:\tprefetchnta (%rcx)\n"
        "  26:\tjne    24 <kernel+0x24>\n"
        "  28:\tvfmadd231ps 0x40(%rsp),%zmm1,%zmm3\n"
        "  30:\tjne    20 <kernel+0x20>\n"
        "  38:\tcall   3d <kernel+0x3d>\n"
        "\t\t\t39: R_X86_64_PLT32\thalide_malloc-0x4\n"
        "  40:\tjl     10 <kernel+0x10>\n"
        "  48:\tjmp    *%rax\n";
    const std::vector<Function> functions = parse_disassembly(listing);
    REQUIRE(functions.size() == 1);
    const InnerLoop loop = hottest_loop(functions);
    CHECK(loop.instructions == 5);
    CHECK(loop.fmas == 2);
    CHECK(loop.stack == 1);
    CHECK(allocation_sites(functions) == 1);
}

}  // namespace convt::test
