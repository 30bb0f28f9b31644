// SPDX-License-Identifier: Apache-2.0
// Memory that notices. A guarded tensor begins right behind, or ends right before, a page that faults on any access;
// what lies between its elements and up to the other page is filled with a pattern that must still be there afterwards.
#pragma once

#include "convt/tensor.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace convt::test {

enum class Guard { before, after };

class GuardedTensor {
  public:
    // `gap` elements are left free behind every row, plane and so on of all dimensions but the innermost.
    GuardedTensor(ElementType type, const std::vector<std::int64_t>& extents, std::int64_t gap, Guard guard);
    ~GuardedTensor();
    GuardedTensor(const GuardedTensor&) = delete;
    GuardedTensor& operator=(const GuardedTensor&) = delete;

    const TensorView& view() const noexcept { return view_; }
    // Copies dense elements in, and out.
    void write(const std::vector<std::byte>& dense);
    std::vector<std::byte> read() const;
    // Every byte outside the elements still has the pattern.
    bool intact() const;

  private:
    template <typename Visit>
    void for_each_row(const Visit& visit) const;

    std::byte* map_ = nullptr;  // two guard pages and the usable bytes between them
    std::size_t usable_ = 0;
    TensorView view_;
};

}  // namespace convt::test
