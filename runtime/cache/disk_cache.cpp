// SPDX-License-Identifier: Apache-2.0
#include "runtime/cache/disk_cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <memory>

#include "runtime/object/format.h"

namespace convt {
namespace {

constexpr std::string_view entry_suffix = ".convt";
constexpr std::string_view temporary_suffix = ".tmp";
// One file for the locks of all keys, a byte each: nothing to clean up, and none that a holder could lose by removal.
constexpr const char* lock_file = "lock";

// The byte that stands for a key: the number made of its last 60 bits. Two keys that share one only wait for each
// other.
std::int64_t lock_offset(std::string_view key) noexcept {
    const std::string_view digits = key.substr(key.size() - std::min<std::size_t>(key.size(), 15));
    std::int64_t offset = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), offset, 16);
    return offset;
}

std::string entry_name(const std::string& key) {
    return key + std::string(entry_suffix);
}

}  // namespace

Result<DiskCache> DiskCache::open(const std::string& folder, std::uint64_t limit_bytes, bool create) {
    Result<FileDescriptor> opened = open_private_folder(folder, create);
    if (!opened.ok()) return opened.status();
    return DiskCache(std::move(opened).value(), limit_bytes);
}

// Unlocked before it is closed: a child of fork may hold a copy of the descriptor.
DiskCache::Lock::~Lock() {
    if (file_.valid()) unlock_byte(file_.get(), offset_);
}

DiskCache::Lock DiskCache::lock(const std::string& key) const {
    const std::int64_t offset = lock_offset(key);
    FileDescriptor file = open_at(folder_.get(), lock_file, O_RDWR | O_CREAT, S_IRUSR | S_IWUSR);
    if (file.valid() && lock_byte(file.get(), offset, Wait::yes) != 0) file = FileDescriptor();
    return {std::move(file), offset};
}

Result<Object> DiskCache::read(const std::string& key) const {
    Result<std::vector<std::byte>> bytes = read_private_file(folder_.get(), entry_name(key), max_object_bytes);
    if (!bytes.ok()) return bytes.status();
    const std::optional<std::uint64_t> version = stored_format_version(bytes.value());
    if (version && *version != object_format_version)
        return {Code::unsupported, fmt::format("{}: format version {}, this convt reads {}", entry_name(key), *version,
                                               object_format_version)};
    Result<Object> object = Object::deserialize(bytes.value());
    if (!object.ok()) return {object.status().code(), entry_name(key) + ": " + object.status().message()};
    return object;
}

std::optional<Object> DiskCache::find(const std::string& key) const {
    Result<Object> object = read(key);
    if (!object.ok()) return std::nullopt;
    utimensat(folder_.get(), entry_name(key).c_str(), nullptr,
              AT_SYMLINK_NOFOLLOW);  // a read-only folder stays as it is
    return std::move(object).value();
}

Status DiskCache::store(const std::string& key, const Object& object) const {
    const std::vector<std::byte> bytes = object.serialize();
    const std::uint64_t limit = std::min(limit_bytes_, max_object_bytes);
    if (bytes.size() > limit)
        return Status(Code::invalid_argument, fmt::format("object of {} bytes: the limit is {}", bytes.size(), limit));
    Status written = write(key, bytes);
    remove_leftovers();
    evict();
    return written;
}

Status DiskCache::write(const std::string& key, std::span<const std::byte> bytes) const {
    std::string temporary;
    const FileDescriptor file = make_temporary(temporary);
    if (!file.valid()) return io_error("cache entry " + key, errno);
    if (write_all(file.get(), bytes) && fsync(file.get()) == 0 &&
        renameat(folder_.get(), temporary.c_str(), folder_.get(), entry_name(key).c_str()) == 0)
        return {};
    return io_error("cache entry " + key, errno);  // the file is a leftover from here on
}

// A new file, locked for as long as it is open: `remove_leftovers` takes what nobody holds. Between making and locking
// it may be taken; then the next name is tried.
FileDescriptor DiskCache::make_temporary(std::string& name) const {
    static std::atomic<unsigned> counter{0};
    for (int attempt = 0; attempt < 100; ++attempt) {
        name = fmt::format("{}-{}{}", getpid(), counter.fetch_add(1, std::memory_order_relaxed), temporary_suffix);
        FileDescriptor file = open_at(folder_.get(), name, O_RDWR | O_CREAT | O_EXCL, S_IRUSR | S_IWUSR);
        if (!file.valid() && errno != EEXIST) return file;
        if (!file.valid()) continue;
        const int error = lock_byte(file.get(), 0, Wait::no);
        struct stat status {};
        if (error != EAGAIN && error != EACCES && fstat(file.get(), &status) == 0 && status.st_nlink > 0) return file;
    }
    errno = EEXIST;
    return FileDescriptor();
}

int DiskCache::remove(const std::string& key) const noexcept {
    const std::string name = entry_name(key);
    return unlinkat(folder_.get(), name.c_str(), 0) == 0 ? 0 : errno;
}

Result<std::vector<std::string>> DiskCache::names() const {
    const int fd = openat(folder_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return io_error("cache folder", errno);
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(fdopendir(fd), closedir);
    if (!folder) {
        const int error = errno;
        close(fd);
        return io_error("cache folder", error);
    }
    std::vector<std::string> found;
    for (;;) {
        errno = 0;  // readdir tells its end from an error by this alone
        const dirent* item = readdir(folder.get());
        if (item == nullptr && errno != 0) return io_error("cache folder", errno);
        if (item == nullptr) return found;
        found.emplace_back(item->d_name);
    }
}

Result<std::vector<DiskCache::Entry>> DiskCache::entries() const {
    const Result<std::vector<std::string>> all = names();
    if (!all.ok()) return all.status();
    std::vector<Entry> found;
    for (const std::string& name : all.value()) {
        struct stat status {};
        if (!name.ends_with(entry_suffix) || name.size() == entry_suffix.size()) continue;
        if (fstatat(folder_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
        found.push_back({name.substr(0, name.size() - entry_suffix.size()), static_cast<std::uint64_t>(status.st_size),
                         std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec});
    }
    std::ranges::sort(found, [](const Entry& a, const Entry& b) {
        return a.used_ns != b.used_ns ? a.used_ns > b.used_ns : a.key < b.key;
    });
    return found;
}

void DiskCache::remove_leftovers() const {
    const Result<std::vector<std::string>> all = names();
    if (!all.ok()) return;
    for (const std::string& name : all.value()) {
        if (!name.ends_with(temporary_suffix)) continue;
        const FileDescriptor file = open_at(folder_.get(), name, O_RDWR);
        if (file.valid() && lock_byte(file.get(), 0, Wait::no) == 0) unlinkat(folder_.get(), name.c_str(), 0);
    }
}

void DiskCache::evict() const {
    const Result<std::vector<Entry>> found = entries();
    if (!found.ok()) return;
    std::uint64_t kept = 0;
    for (const Entry& entry : found.value()) {
        kept += entry.bytes;
        if (kept > limit_bytes_) remove(entry.key);
    }
}

}  // namespace convt
