// SPDX-License-Identifier: Apache-2.0
#include "tests/tools/harness.h"

#include "compiler/worker/process.h"

#include <stdlib.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace convt::test {

Called call(cli::ToolFunction tool, const cli::Arguments& arguments) {
    std::ostringstream out;
    std::ostringstream err;
    const int code = tool(arguments, out, err);
    return {code, out.str(), err.str()};
}

Called call(const std::string& tool, const cli::Arguments& arguments) {
    cli::Arguments command = {tool_path(tool)};
    command.insert(command.end(), arguments.begin(), arguments.end());
    const auto outcome = process::run(command, {});
    if (!outcome.ok()) throw std::runtime_error(outcome.status().message());
    const auto& [end, value, output, errors] = outcome.value();
    return {end == process::End::exited ? value : 128 + value, output, errors};
}

Workplace::Workplace() {
    ::setenv("XDG_CACHE_HOME", path().c_str(), 1);
    ::setenv("XDG_DATA_HOME", path().c_str(), 1);
}

std::vector<std::string> Workplace::names() const {
    std::vector<std::string> all;
    for (const auto& entry : std::filesystem::directory_iterator(path()))
        all.push_back(entry.path().filename());
    std::sort(all.begin(), all.end());
    return all;
}

std::string tool_path(const std::string& tool) {
    return std::string(CONVT_TEST_BIN) + "/" + tool;
}

void write_text(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
}

std::string read_text(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

std::string npy_bytes(int major, const std::string& header, const std::string& data) {
    std::string bytes = "\x93NUMPY";
    bytes += {static_cast<char>(major), '\0'};
    const std::size_t length_bytes = major == 1 ? 2 : 4;
    for (std::size_t i = 0; i < length_bytes; ++i)
        bytes += static_cast<char>(header.size() >> (8 * i) & 0xFFU);
    return bytes + header + data;
}

}  // namespace convt::test
