// SPDX-License-Identifier: Apache-2.0
// Memory between two pages that nobody may touch: what a kernel reads or writes outside its tensor ends in SIGSEGV, or
// where the tensor does not fill its pages, in a changed margin.
#pragma once

#include "convt/status.h"

#include <cstddef>
#include <memory>

namespace convt {

class GuardedMemory {
  public:
    // Which guard page the data touches; at the end it does so as far as the alignment allows.
    enum class Edge { start, end };

    static Result<GuardedMemory> create(std::size_t bytes, std::size_t alignment, Edge edge);
    ~GuardedMemory();
    GuardedMemory(GuardedMemory&& other) noexcept;
    GuardedMemory& operator=(GuardedMemory&&) = delete;

    std::byte* data() const noexcept { return data_; }
    std::size_t bytes() const noexcept { return bytes_; }
    // From now on a write ends in SIGSEGV.
    Status make_read_only() const;
    bool margins_intact() const noexcept;

  private:
    GuardedMemory() = default;
    std::byte* map_ = nullptr;
    std::size_t map_bytes_ = 0;
    std::byte* data_ = nullptr;
    std::size_t bytes_ = 0;
};

}  // namespace convt
