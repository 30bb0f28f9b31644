// SPDX-License-Identifier: Apache-2.0
// Device memory: allocations at addresses of their own, which no host pointer equals and which are never given twice,
// with shadow state: which bytes were written, and by which thread of the launch that runs.
#pragma once

#include "tests/support/ptx/types.h"

#include <cstdlib>
#include <map>
#include <memory>

namespace convt::ptx {

// The generic address space: device memory begins at `device_base`; shared, local and parameter memory have windows.
constexpr std::uint64_t device_base = 0x10'0000'0000;
constexpr std::uint64_t shared_window = 0x7000'0000'0000;
constexpr std::uint64_t local_window = 0x7100'0000'0000;
constexpr std::uint64_t param_window = 0x7200'0000'0000;
constexpr std::uint64_t window_bytes = 0x100'0000'0000;

// Who wrote a granule last: only looked at within the launch that says so.
struct Writer {
    std::uint64_t thread;
    std::uint32_t launch;
    std::uint32_t epoch;  // barriers that its block had passed
};

class Allocation {
  public:
    Allocation(std::uint64_t address, std::uint64_t bytes);

    std::uint64_t address() const { return address_; }
    std::uint64_t bytes() const { return bytes_; }
    bool holds(std::uint64_t at, std::uint64_t count) const {
        return at - address_ <= bytes_ && bytes_ - (at - address_) >= count && at >= address_;
    }
    std::byte* data(std::uint64_t at) { return data_.get() + (at - address_); }
    // One flag a byte.
    std::uint8_t* written(std::uint64_t at) { return written_.get() + (at - address_); }
    // The table of writers, made at the first write of a launch; granules as the kernel says.
    Writer* writers(std::uint64_t at) { return writers_.get() + (at - address_) / granule_; }
    void begin_writes(std::uint32_t launch, unsigned granule);
    bool written_in(std::uint32_t launch) const { return launch_ == launch; }
    bool constant = false;

  private:
    struct Free {
        void operator()(void* memory) const { std::free(memory); }
    };
    // calloc: pages that nobody touches take no memory, and outputs are large.
    template <typename T>
    static std::unique_ptr<T[], Free> zeros(std::uint64_t count) {
        return std::unique_ptr<T[], Free>(static_cast<T*>(std::calloc(count == 0 ? 1 : count, sizeof(T))));
    }

    std::uint64_t address_;
    std::uint64_t bytes_;
    std::unique_ptr<std::byte[], Free> data_;
    std::unique_ptr<std::uint8_t[], Free> written_;
    std::unique_ptr<Writer[], Free> writers_;
    std::uint32_t launch_ = 0;
    unsigned granule_ = 0;
};

class Memory {
  public:
    // Before the first allocation: where addresses begin.
    void start_at(std::uint64_t address) { next_ = address; }
    // nullptr where the limit leaves no room.
    Allocation* allocate(std::uint64_t bytes);
    // False where no allocation begins at `address`.
    bool free(std::uint64_t address);
    // The allocation that `address` lies in, or the one before it; nullptr where there is none.
    Allocation* find(std::uint64_t address);
    // The host's copies. False, and nothing done, unless all of it lies in one allocation.
    bool write(std::uint64_t to, const void* from, std::uint64_t bytes);
    bool read(void* to, std::uint64_t from, std::uint64_t bytes);
    bool copy(std::uint64_t to, std::uint64_t from, std::uint64_t bytes);

    std::uint64_t used() const { return used_; }
    std::uint64_t limit = std::uint64_t{16} << 30U;

  private:
    Allocation* holding(std::uint64_t address, std::uint64_t bytes);

    std::map<std::uint64_t, Allocation> allocations_;
    std::uint64_t next_ = device_base;
    std::uint64_t used_ = 0;
};

}  // namespace convt::ptx
