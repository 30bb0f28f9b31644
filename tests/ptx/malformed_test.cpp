// SPDX-License-Identifier: Apache-2.0
// Text that is no PTX, or none that is known here: an error that names the line, never a crash.
#include "tests/ptx/device.h"
#include "tests/ptx/programs.h"

#include <catch2/catch_test_macros.hpp>

namespace convt::ptx {
namespace {

std::string error_of(const std::string& text) {
    Memory memory;
    try {
        const LoadedModule module(text, memory);
    } catch (const Error& error) {
        return error.what();
    }
    return "";
}

// A kernel of one instruction, on line 9.
std::string with(const std::string& instruction) {
    return module_head + ".visible .entry test(\n)\n{\n.reg .b32 %r<9>; .reg .b64 %d<9>; .reg .pred %p<9>;\n\n" +
           instruction + "\nret;\n}\n";
}

}  // namespace

TEST_CASE("an instruction that is not known stops by name and line") {
    CHECK(error_of(with("frobnicate.b32 %r1, %r2;")) == "PTX line 9: instruction frobnicate.b32 is not known here");
    CHECK(error_of(with("add.half.s32 %r1, %r2, %r3;")) == "PTX line 9: instruction add.half.s32 is not known here");
    CHECK(error_of(with("wmma.load.a.sync.aligned.row.m16n16k16.global.f16 {%r1}, [%d1];")).find("wmma") !=
          std::string::npos);
    CHECK(error_of(with("bar.sync 1;")).find("bar.sync") != std::string::npos);
    CHECK(error_of(with("add.s32 %r1, %r2, %r3;")).empty());
}

TEST_CASE("operands that do not fit are told with their line") {
    CHECK(error_of(with("add.s32 %r1, %r2;")) == "PTX line 9: add.s32 takes 3 operands");
    CHECK(error_of(with("add.s32 %d1, %r2, %r3;")).find("PTX line 9: the result of add.s32") == 0);
    CHECK(error_of(with("add.s64 %d1, %r2, %d3;")).find("too narrow") != std::string::npos);
    CHECK(error_of(with("add.s32 %r1, %r2, nothing;")) == "PTX line 9: nothing is named nothing");
    CHECK(error_of(with("add.s32 %r1, %r2, %r9;")) == "PTX line 9: nothing is named %r9");
    CHECK(error_of(with("bra NOWHERE;")) == "PTX line 9: no label NOWHERE");
    CHECK(error_of(with("@%r1 add.s32 %r1, %r2, %r3;")).find("no predicate") != std::string::npos);
    CHECK(error_of(with("mov.b32 %r1, 0f3F8000;")).find("no real number") != std::string::npos);
    CHECK(error_of(with("ld.global.v4.b64 {%d1, %d2, %d3, %d4}, [%d5];")).find("ld.global.v4.b64") !=
          std::string::npos);
}

TEST_CASE("texts cut off after every line and every few characters fail in words") {
    for (const NamedText& program : programs()) {
        INFO(program.name);
        unsigned whole = 0;
        for (std::size_t end = 0; end < program.text.size(); end += program.text[end] == '\n' ? 1 : 7) {
            const std::string error = error_of(program.text.substr(0, end));
            // Only what ends between declarations is a module.
            whole += error.empty() ? 1 : 0;
            if (!error.empty()) CHECK(error.find("PTX line ") == 0);
        }
        CHECK(whole <= 3);
    }
}

TEST_CASE("texts with a character lost or changed never crash") {
    const std::string& text = program_text("spaces");
    for (std::size_t at = 0; at < text.size(); at += 3) {
        for (const char* change : {"", "}", "%", "0", "\"", "[", ",", "\n"}) {
            std::string changed = text;
            changed.replace(at, 1, change);
            error_of(changed);
        }
    }
    SUCCEED();
}

}  // namespace convt::ptx
