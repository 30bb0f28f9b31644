// SPDX-License-Identifier: Apache-2.0
// Objects on disk: one folder of one user, one file an entry, KEY.convt. A file appears whole or not at all (written
// under another name, synced, renamed) and carries its own checksum; whatever cannot be read is not there. Last use is
// the time of modification. Nothing here knows what an object is for: keys and checks of contents are the engine's.
// Thread-safe, and safe among processes.
#pragma once

#include "convt/object.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/cache/file.h"

namespace convt {

class DiskCache {
  public:
    // The folder as `open_private_folder` gives it. `limit_bytes` holds for all entries together.
    static Result<DiskCache> open(const std::string& folder, std::uint64_t limit_bytes, bool create);

    // The right to compile for one key, among all processes; ends with the value, and with the process.
    class Lock {
      public:
        Lock(FileDescriptor file, std::int64_t offset) noexcept : file_(std::move(file)), offset_(offset) {}
        Lock(Lock&&) noexcept = default;
        Lock& operator=(Lock&&) = delete;
        ~Lock();

      private:
        FileDescriptor file_;
        std::int64_t offset_;
    };
    // Waits for it. Where it cannot be had (a read-only folder) nothing is locked: a kernel may be compiled twice then.
    Lock lock(const std::string& key) const;

    // Code::io_error; Code::corrupt with the reason; Code::unsupported for another version's format.
    Result<Object> read(const std::string& key) const;
    // What can be read, marked as just used.
    std::optional<Object> find(const std::string& key) const;
    // Replaces the entry, then drops the least recently used ones until all fit the limit, and what killed writers left
    // behind. An object larger than the limit is refused (Code::invalid_argument).
    Status store(const std::string& key, const Object& object) const;
    int remove(const std::string& key) const noexcept;  // 0, or errno

    // Files of writers that were killed; those at work keep theirs.
    void remove_leftovers() const;

    struct Entry {
        std::string key;
        std::uint64_t bytes = 0;
        std::int64_t used_ns = 0;  // since 1970
        bool operator==(const Entry&) const = default;
    };
    // The last used first.
    Result<std::vector<Entry>> entries() const;

  private:
    DiskCache(FileDescriptor folder, std::uint64_t limit_bytes) noexcept
        : folder_(std::move(folder)), limit_bytes_(limit_bytes) {}
    Status write(const std::string& key, std::span<const std::byte> bytes) const;
    FileDescriptor make_temporary(std::string& name) const;
    Result<std::vector<std::string>> names() const;
    void evict() const;

    FileDescriptor folder_;
    std::uint64_t limit_bytes_;
};

}  // namespace convt
