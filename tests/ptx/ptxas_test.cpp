// SPDX-License-Identifier: Apache-2.0
// Every text that the tests execute is PTX to NVIDIA's own assembler too.
#include "tests/ptx/device.h"
#include "tests/ptx/instructions.h"
#include "tests/ptx/programs.h"
#include "tests/support/temporary_folder.h"

#include <fmt/format.h>
#include <catch2/catch_test_macros.hpp>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace convt::ptx {
namespace {

// What ptxas has to say against a module; empty where it takes it.
std::string complaint_about(const std::string& text, const std::string& folder) {
    const std::string ptx = folder + "/test.ptx";
    const std::string log = folder + "/test.log";
    std::ofstream(ptx) << text;
    const std::string command =
        fmt::format("'{}' -arch=sm_80 -O1 -o '{}.cubin' '{}' >'{}' 2>&1", CONVT_PTXAS, ptx, ptx, log);
    if (std::system(command.c_str()) == 0) return "";
    std::stringstream out;
    out << std::ifstream(log).rdbuf();
    return out.str().empty() ? command : out.str();
}

}  // namespace

TEST_CASE("ptxas takes every text that the tests execute") {
    if (std::string(CONVT_PTXAS).empty()) SKIP("no ptxas here: tools/build installs it");
    const test::TemporaryFolder folder;
    std::string module = module_head;
    unsigned number = 0;
    for (const auto& rows : {integer_rows(), bit_rows(), float_rows(), convert_rows()}) {
        for (const InstructionRow& row : rows)
            module += kernel_of(row, fmt::format("test_{}", number++));
    }
    CHECK(complaint_about(module, folder.path()) == "");
    for (const NamedText& program : programs()) {
        INFO(program.name);
        CHECK(complaint_about(program.text, folder.path()) == "");
    }
}

}  // namespace convt::ptx
