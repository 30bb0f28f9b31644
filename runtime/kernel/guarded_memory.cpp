// SPDX-License-Identifier: Apache-2.0
#include "runtime/kernel/guarded_memory.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace convt {
namespace {

constexpr std::byte margin{0xA5};

std::size_t page_bytes() {
    return static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace

Result<GuardedMemory> GuardedMemory::create(std::size_t bytes, std::size_t alignment, Edge edge) {
    const std::size_t page = page_bytes();
    const std::size_t body = (std::max<std::size_t>(bytes, 1) + page - 1) / page * page;
    GuardedMemory memory;
    // Populated at once: faults one by one would cost more than the kernel.
    void* const map =
        mmap(nullptr, body + 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (map == MAP_FAILED)
        return {Code::out_of_memory, fmt::format("mmap of {} bytes: {}", body + 2 * page, std::strerror(errno))};
    memory.map_ = static_cast<std::byte*>(map);
    memory.map_bytes_ = body + 2 * page;
    std::byte* const first = memory.map_ + page;
    const std::size_t offset = edge == Edge::start ? 0 : (body - bytes) / alignment * alignment;
    memory.data_ = first + offset;
    memory.bytes_ = bytes;
    std::fill(first, memory.data_, margin);
    std::fill(memory.data_ + bytes, first + body, margin);
    if (mprotect(memory.map_, page, PROT_NONE) != 0 || mprotect(first + body, page, PROT_NONE) != 0)
        return {Code::out_of_memory, fmt::format("mprotect of a guard page: {}", std::strerror(errno))};
    return memory;
}

GuardedMemory::GuardedMemory(GuardedMemory&& other) noexcept
    : map_(std::exchange(other.map_, nullptr)),
      map_bytes_(std::exchange(other.map_bytes_, 0)),
      data_(std::exchange(other.data_, nullptr)),
      bytes_(std::exchange(other.bytes_, 0)) {}

GuardedMemory::~GuardedMemory() {
    if (map_ != nullptr) munmap(map_, map_bytes_);
}

Status GuardedMemory::make_read_only() const {
    const std::size_t page = page_bytes();
    if (mprotect(map_ + page, map_bytes_ - 2 * page, PROT_READ) == 0) return {};
    return {Code::out_of_memory, fmt::format("mprotect of a tensor: {}", std::strerror(errno))};
}

bool GuardedMemory::margins_intact() const noexcept {
    const std::size_t page = page_bytes();
    const auto intact = [](std::byte b) { return b == margin; };
    return std::all_of(map_ + page, data_, intact) && std::all_of(data_ + bytes_, map_ + map_bytes_ - page, intact);
}

}  // namespace convt
