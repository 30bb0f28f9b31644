// SPDX-License-Identifier: Apache-2.0
#include "runtime/cache/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace convt {
namespace {

// Empty, or why what `status` describes is not this user's alone to write.
std::string not_private(const struct stat& status) {
    if (status.st_uid != geteuid()) return fmt::format("belongs to user {}, not to {}", status.st_uid, geteuid());
    if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return fmt::format("mode {:04o} lets others write to it", status.st_mode & 07777U);
    return {};
}

// Every missing folder on the way, mode 0700. What became of the last one: 0, or errno; whether that matters is seen
// when it is opened.
int make_folders(const std::string& path) {
    int error = 0;
    for (std::size_t end = 0; end != std::string::npos;) {
        end = path.find('/', end + 1);
        error = mkdir(path.substr(0, end).c_str(), S_IRWXU) == 0 ? 0 : errno;
    }
    return error;
}

int set_lock(int fd, std::int64_t offset, short type, int command) noexcept {
    struct flock range {};
    range.l_type = type;
    range.l_whence = SEEK_SET;
    range.l_start = offset;
    range.l_len = 1;
    int result = 0;
    do {
        result = fcntl(fd, command, &range);
    } while (result != 0 && errno == EINTR);
    return result == 0 ? 0 : errno;
}

}  // namespace

FileDescriptor::~FileDescriptor() {
    if (fd_ >= 0) close(fd_);
}

Status io_error(const std::string& what, int error) {
    return Status(Code::io_error, fmt::format("{}: {}", what, std::generic_category().message(error)));
}

FileDescriptor open_at(int folder, const std::string& name, int flags, unsigned mode) noexcept {
    int fd = -1;
    do {
        fd = openat(folder, name.c_str(), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, mode);
    } while (fd < 0 && errno == EINTR);
    return FileDescriptor(fd);
}

bool write_all(int fd, std::span<const std::byte> bytes) noexcept {
    while (!bytes.empty()) {
        const ssize_t written = write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return true;
}

Result<std::vector<std::byte>> read_private_file(int folder, const std::string& name, std::uint64_t limit) {
    const FileDescriptor file = open_at(folder, name, O_RDONLY);
    if (!file.valid()) return io_error(name, errno);
    struct stat status {};
    if (fstat(file.get(), &status) != 0) return io_error(name, errno);
    if (!S_ISREG(status.st_mode)) return {Code::corrupt, name + ": is not a regular file"};
    if (std::string reason = not_private(status); !reason.empty()) return {Code::corrupt, name + ": " + reason};
    if (static_cast<std::uint64_t>(status.st_size) > limit)
        return {Code::corrupt, fmt::format("{}: {} bytes, at most {}", name, status.st_size, limit)};

    std::vector<std::byte> bytes(static_cast<std::size_t>(status.st_size));
    for (std::size_t done = 0; done < bytes.size();) {
        const ssize_t got = read(file.get(), bytes.data() + done, bytes.size() - done);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return io_error(name, errno);
        if (got == 0) return {Code::corrupt, name + ": became shorter while it was read"};
        done += static_cast<std::size_t>(got);
    }
    return bytes;
}

int lock_byte(int fd, std::int64_t offset, Wait wait) noexcept {
    return set_lock(fd, offset, F_WRLCK, wait == Wait::yes ? F_OFD_SETLKW : F_OFD_SETLK);
}

void unlock_byte(int fd, std::int64_t offset) noexcept {
    set_lock(fd, offset, F_UNLCK, F_OFD_SETLK);
}

Result<FileDescriptor> open_private_folder(const std::string& path, bool create) {
    // A trailing slash would make the kernel follow a link in spite of O_NOFOLLOW.
    const std::string folder = path.substr(0, path.find_last_not_of('/') + 1);
    if (folder.empty())
        return {Code::invalid_argument, fmt::format("cache folder '{}': must be a folder of its own", path)};
    const auto refused = [&](const std::string& reason) {
        return Status(Code::invalid_argument, fmt::format("cache folder {}: {}", folder, reason));
    };
    const int not_made = create ? make_folders(folder) : 0;
    FileDescriptor opened = open_at(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY);
    if (!opened.valid()) {
        if (errno == ENOTDIR || errno == ELOOP) return refused("is a symbolic link or not a folder");
        return io_error("cache folder " + folder, errno == ENOENT && not_made != 0 ? not_made : errno);
    }
    struct stat status {};
    if (fstat(opened.get(), &status) != 0) return io_error("cache folder " + folder, errno);
    if (std::string reason = not_private(status); !reason.empty()) return refused(reason);
    return opened;
}

}  // namespace convt
