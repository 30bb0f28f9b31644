// SPDX-License-Identifier: Apache-2.0
#include "compiler/ptxas.h"

#include "compiler/worker/process.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

namespace convt {
namespace {

constexpr std::uint32_t time_limit_ms = 60'000;

bool runs(const std::string& path) {
    return access(path.c_str(), X_OK) == 0;
}

std::string in_path() {
    const char* const path = std::getenv("PATH");
    std::string_view rest = path == nullptr ? "" : path;
    while (!rest.empty()) {
        const std::string_view folder = rest.substr(0, rest.find(':'));
        rest.remove_prefix(std::min(rest.size(), folder.size() + 1));
        if (std::string file = std::string(folder) + "/ptxas"; folder.starts_with('/') && runs(file)) return file;
    }
    return {};
}

// A folder of its own for one run of ptxas, which takes and gives files.
class Scratch {
  public:
    Scratch() {
        std::error_code error;
        std::string name = (std::filesystem::temp_directory_path(error) / "convt-ptxas-XXXXXX").string();
        if (!error && mkdtemp(name.data()) != nullptr) folder_ = name;
    }
    ~Scratch() {
        std::error_code ignored;
        if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    bool ok() const noexcept { return !folder_.empty(); }
    std::string file(const char* name) const { return folder_ + "/" + name; }

  private:
    std::string folder_;
};

std::vector<std::byte> read_all(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    std::vector<std::byte> bytes(text.size());
    std::memcpy(bytes.data(), text.data(), text.size());
    return bytes;
}

}  // namespace

std::string find_ptxas() {
    if (const char* const given = std::getenv("CONVT_PTXAS")) return runs(given) ? given : "";
    const std::string built_with = CONVT_BUILT_WITH_PTXAS;
    return !built_with.empty() && runs(built_with) ? built_with : in_path();
}

std::optional<Assembled> assemble(const std::string& ptxas, std::string_view ptx, int capability, int max_registers) {
    const Scratch scratch;
    if (!scratch.ok()) return std::nullopt;
    std::ofstream(scratch.file("kernel.ptx"), std::ios::binary) << ptx;
    std::vector<std::string> command = {ptxas,
                                        "-v",
                                        fmt::format("-arch=sm_{}", capability),
                                        scratch.file("kernel.ptx"),
                                        "-o",
                                        scratch.file("kernel.cubin")};
    if (max_registers > 0) command.push_back(fmt::format("-maxrregcount={}", max_registers));
    process::Limits limits;
    limits.time_ms = time_limit_ms;
    const Result<process::Outcome> outcome = process::run(command, limits);
    if (!outcome.ok() || outcome.value().end != process::End::exited || outcome.value().value != 0) return std::nullopt;
    return Assembled{read_all(scratch.file("kernel.cubin")), outcome.value().output + outcome.value().errors};
}

}  // namespace convt
