// SPDX-License-Identifier: Apache-2.0
// Tuned tables on disk: read whole, written whole or not at all.
#include "convt/tuned.h"
#include "runtime/cache/file.h"

#include <cerrno>
#include <filesystem>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace convt {
namespace {

// 10^5 rows of 300 bytes are 30 MB.
constexpr std::size_t largest_table = 64U << 20U;

Result<std::string> read_file(const std::string& path) {
    // O_NONBLOCK: a FIFO of this name must not hang the caller.
    const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file.valid() && errno == ENOENT) return std::string();
    if (!file.valid()) return io_error(path, errno);
    struct stat facts {};
    if (::fstat(file.get(), &facts) != 0) return io_error(path, errno);
    if (!S_ISREG(facts.st_mode)) return {Code::io_error, path + ": not a regular file"};

    std::string text;
    char buffer[1U << 16U];
    while (text.size() <= largest_table) {
        const ssize_t count = ::read(file.get(), buffer, sizeof(buffer));
        if (count == 0) return text;
        if (count < 0 && errno != EINTR) return io_error(path, errno);
        if (count > 0) text.append(buffer, static_cast<std::size_t>(count));
    }
    return {Code::io_error, fmt::format("{}: larger than {} bytes", path, largest_table)};
}

// Removes a file that did not become the table.
struct Temporary {
    std::string path;
    ~Temporary() {
        if (!path.empty()) ::unlink(path.c_str());
    }
};

Status sync_folder(const std::string& folder) {
    const FileDescriptor file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!file.valid() || ::fsync(file.get()) != 0) return io_error(folder, errno);
    return {};
}

}  // namespace

Result<TunedTable> TunedTable::load(const std::string& path) {
    const auto text = read_file(path);
    if (!text.ok()) return text.status();
    auto table = parse(text.value());
    if (!table.ok()) return {table.status().code(), path + ": " + table.status().message()};
    return table;
}

Status TunedTable::save(const std::string& path) const {
    const std::string parent = std::filesystem::path(path).parent_path().string();
    const std::string folder = parent.empty() ? "." : parent;
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) return io_error(folder, error.value());

    Temporary temporary{path + ".XXXXXX"};
    const FileDescriptor file(::mkostemp(temporary.path.data(), O_CLOEXEC));
    if (!file.valid()) {
        temporary.path.clear();
        return io_error(path, errno);
    }
    const std::string bytes = text();
    if (!write_all(file.get(), std::as_bytes(std::span(bytes))) || ::fchmod(file.get(), 0644) != 0 ||
        ::fsync(file.get()) != 0 || ::rename(temporary.path.c_str(), path.c_str()) != 0) {
        return io_error(path, errno);
    }
    temporary.path.clear();
    return sync_folder(folder);
}

}  // namespace convt
