// SPDX-License-Identifier: Apache-2.0
#include "tests/support/ptx/memory.h"

#include <fmt/format.h>
#include <cstring>

namespace convt::ptx {

Allocation::Allocation(std::uint64_t address, std::uint64_t bytes)
    : address_(address), bytes_(bytes), data_(zeros<std::byte>(bytes)), written_(zeros<std::uint8_t>(bytes)) {
    if (!data_ || !written_) throw Error(0, fmt::format("the host has no memory for an allocation of {} bytes", bytes));
}

void Allocation::begin_writes(std::uint32_t launch, unsigned granule) {
    if (granule_ != granule) {
        writers_ = zeros<Writer>(bytes_ / granule + 1);
        if (!writers_) throw Error(0, "the host has no memory for the shadow of an allocation");
        granule_ = granule;
    }
    launch_ = launch;
}

Allocation* Memory::allocate(std::uint64_t bytes) {
    if (bytes > limit || used_ > limit - bytes) return nullptr;
    // cuMemAlloc aligns to 256 bytes at least; the gap behind is never given away.
    constexpr std::uint64_t alignment = 512;
    const std::uint64_t address = next_;
    next_ += (bytes + 2 * alignment - 1) / alignment * alignment;
    used_ += bytes;
    return &allocations_.try_emplace(address, address, bytes).first->second;
}

bool Memory::free(std::uint64_t address) {
    const auto found = allocations_.find(address);
    if (found == allocations_.end()) return false;
    used_ -= found->second.bytes();
    allocations_.erase(found);
    return true;
}

Allocation* Memory::find(std::uint64_t address) {
    const auto after = allocations_.upper_bound(address);
    return after == allocations_.begin() ? nullptr : &std::prev(after)->second;
}

Allocation* Memory::holding(std::uint64_t address, std::uint64_t bytes) {
    Allocation* found = find(address);
    return found != nullptr && found->holds(address, bytes) ? found : nullptr;
}

bool Memory::write(std::uint64_t to, const void* from, std::uint64_t bytes) {
    Allocation* target = holding(to, bytes);
    if (target == nullptr) return false;
    if (bytes == 0) return true;
    std::memcpy(target->data(to), from, bytes);
    std::memset(target->written(to), 1, bytes);
    return true;
}

bool Memory::read(void* to, std::uint64_t from, std::uint64_t bytes) {
    Allocation* source = holding(from, bytes);
    if (source == nullptr) return false;
    if (bytes != 0) std::memcpy(to, source->data(from), bytes);
    return true;
}

bool Memory::copy(std::uint64_t to, std::uint64_t from, std::uint64_t bytes) {
    Allocation* source = holding(from, bytes);
    Allocation* target = holding(to, bytes);
    if (source == nullptr || target == nullptr) return false;
    std::memmove(target->data(to), source->data(from), bytes);
    std::memmove(target->written(to), source->written(from), bytes);
    return true;
}

}  // namespace convt::ptx
