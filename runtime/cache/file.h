// SPDX-License-Identifier: Apache-2.0
// System calls on files as the disk cache needs them: descriptors that close themselves, whole reads and writes, locks
// that end with their holder, and folders that nobody else can write to.
#pragma once

#include "convt/status.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace convt {

class FileDescriptor {
  public:
    FileDescriptor() noexcept = default;
    explicit FileDescriptor(int fd) noexcept : fd_(fd) {}
    FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    FileDescriptor& operator=(FileDescriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~FileDescriptor();
    int get() const noexcept { return fd_; }
    bool valid() const noexcept { return fd_ >= 0; }

  private:
    int fd_ = -1;
};

// Code::io_error "WHAT: reason", the reason from `error`.
Status io_error(const std::string& what, int error);

// `open` relative to a folder, close-on-exec, following no link. Retried when a signal interrupts it.
FileDescriptor open_at(int folder, const std::string& name, int flags, unsigned mode = 0) noexcept;
// False, with errno set, where not all could be written.
bool write_all(int fd, std::span<const std::byte> bytes) noexcept;
// A regular file of at most `limit` bytes, owned by this user and writable by no one else.
Result<std::vector<std::byte>> read_private_file(int folder, const std::string& name, std::uint64_t limit);

enum class Wait { no, yes };
// Exclusive lock on one byte of a file, by open file description (fcntl(2), F_OFD_SETLK): it excludes other descriptors
// of this process too and ends with the last copy of this one. 0, or errno.
int lock_byte(int fd, std::int64_t offset, Wait wait) noexcept;
void unlock_byte(int fd, std::int64_t offset) noexcept;

// The folder, opened; made with mode 0700, as are its missing parents, where `create`. Code::invalid_argument where it
// is not a folder, a symbolic link, or someone else's or theirs to write; Code::io_error where it cannot be had.
Result<FileDescriptor> open_private_folder(const std::string& path, bool create);

}  // namespace convt
