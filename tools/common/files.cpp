// SPDX-License-Identifier: Apache-2.0
#include "tools/common/files.h"

#include "tools/common/interrupt.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace convt::cli {

namespace {

// Owns a descriptor. `close` reports what a late write error leaves to it.
class Descriptor {
  public:
    explicit Descriptor(int fd) noexcept : fd_(fd) {}
    ~Descriptor() { close(); }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const noexcept { return fd_; }
    bool close() noexcept {
        const int fd = fd_;
        fd_ = -1;
        return fd < 0 || ::close(fd) == 0 || errno == EINTR;  // Linux has closed it even then
    }

  private:
    int fd_;
};

int open_again(const std::string& path, int flags) {
    for (;;) {
        const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EINTR) return fd;
    }
}

bool write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t n = ::write(fd, bytes.data(), bytes.size());
        if (n >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(n));
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

// Writing in place: for what cannot be replaced by a rename.
Status write_through(const std::string& path, std::string_view bytes) {
    Descriptor file(open_again(path, O_WRONLY));
    if (file.get() < 0) return file_error(path, "cannot be opened for writing");
    if (!write_all(file.get(), bytes) || !file.close()) return file_error(path, "cannot be written");
    return {};
}

}  // namespace

Status file_error(const std::string& path, const std::string& what) {
    return {Code::io_error, fmt::format("{}: {}: {}", path, what, std::generic_category().message(errno))};
}

Result<std::string> read_file(const std::string& path) {
    const Descriptor file(open_again(path, O_RDONLY));
    if (file.get() < 0) return file_error(path, "cannot be opened");
    std::string bytes;
    struct stat facts = {};
    // A hint that saves copies: what is read is what counts, for a file may change and /proc says 0.
    if (::fstat(file.get(), &facts) == 0 && S_ISREG(facts.st_mode))
        bytes.reserve(static_cast<std::size_t>(facts.st_size));
    char block[1U << 16U];
    for (;;) {
        const ssize_t n = ::read(file.get(), block, sizeof block);
        if (n == 0) return bytes;
        if (n > 0) {
            bytes.append(block, static_cast<std::size_t>(n));
        } else if (errno != EINTR) {
            return file_error(path, "cannot be read");
        }
    }
}

Status write_file(const std::string& path, std::string_view bytes) {
    struct stat facts = {};
    if (::stat(path.c_str(), &facts) == 0 && !S_ISREG(facts.st_mode)) return write_through(path, bytes);
    const std::string partial = fmt::format("{}.{}.partial", path, ::getpid());
    ::unlink(partial.c_str());  // left by a killed process that had our number
    const TemporaryFile temporary(partial);
    Descriptor file(open_again(partial, O_WRONLY | O_CREAT | O_EXCL));
    if (file.get() < 0) return file_error(path, "cannot be created");
    const bool written = write_all(file.get(), bytes) && ::fsync(file.get()) == 0 && file.close();
    if (written && ::rename(partial.c_str(), path.c_str()) == 0) return {};
    Status status = file_error(path, "cannot be written");
    ::unlink(partial.c_str());
    return status;
}

}  // namespace convt::cli
