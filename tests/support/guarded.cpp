// SPDX-License-Identifier: Apache-2.0
#include "tests/support/guarded.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace convt::test {
namespace {

// As a float or double, in either part of a complex number: a NaN with a payload, so that a kernel that reads it and
// uses it, or leaves an output unwritten, shows.
constexpr std::byte pattern{0xFF};

std::size_t page_bytes() {
    static const auto bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    return bytes;
}

}  // namespace

GuardedTensor::GuardedTensor(ElementType type, const std::vector<std::int64_t>& extents, std::int64_t gap,
                             Guard guard) {
    view_ = TensorView::dense(static_cast<void*>(nullptr), type, extents);
    std::int64_t stride = 1;
    std::int64_t last = 0;
    for (int d = view_.rank - 1; d >= 0; --d) {
        view_.strides[d] = stride;
        last += (view_.extents[d] - 1) * stride;
        stride = stride * view_.extents[d] + gap;
    }
    const std::size_t bytes =
        static_cast<std::size_t>(last + 1) * static_cast<std::size_t>(element_type_info(type).bytes());
    const std::size_t page = page_bytes();
    usable_ = (bytes + page - 1) / page * page;
    void* map = mmap(nullptr, usable_ + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED) throw std::runtime_error("mmap of a guarded tensor failed");
    map_ = static_cast<std::byte*>(map);
    if (mprotect(map_ + page, usable_, PROT_READ | PROT_WRITE) != 0) throw std::runtime_error("mprotect failed");
    std::fill_n(map_ + page, usable_, pattern);
    view_.data = map_ + page + (guard == Guard::after ? usable_ - bytes : 0);
}

GuardedTensor::~GuardedTensor() {
    munmap(map_, usable_ + 2 * page_bytes());
}

// Calls visit(row, bytes of a row) for every run of elements along the innermost dimension.
template <typename Visit>
void GuardedTensor::for_each_row(const Visit& visit) const {
    const auto element = static_cast<std::int64_t>(element_type_info(view_.type).bytes());
    const std::int64_t row = view_.extents[view_.rank - 1];
    for (std::int64_t i = 0, rows = view_.size() / row; i < rows; ++i) {
        std::int64_t offset = 0;
        std::int64_t rest = i;
        for (int d = view_.rank - 2; d >= 0; --d) {
            offset += rest % view_.extents[d] * view_.strides[d];
            rest /= view_.extents[d];
        }
        visit(static_cast<std::byte*>(view_.data) + offset * element, static_cast<std::size_t>(row * element));
    }
}

void GuardedTensor::write(const std::vector<std::byte>& dense) {
    const std::byte* from = dense.data();
    for_each_row([&](std::byte* row, std::size_t bytes) {
        std::memcpy(row, from, bytes);
        from += bytes;
    });
}

std::vector<std::byte> GuardedTensor::read() const {
    std::vector<std::byte> dense;
    for_each_row([&](const std::byte* row, std::size_t bytes) { dense.insert(dense.end(), row, row + bytes); });
    return dense;
}

bool GuardedTensor::intact() const {
    const std::byte* at = map_ + page_bytes();
    const std::byte* end = at + usable_;
    const auto untouched = [&](const std::byte* to) {
        return std::all_of(at, to, [](std::byte b) { return b == pattern; });
    };
    bool ok = true;
    for_each_row([&](const std::byte* row, std::size_t bytes) {
        ok = ok && untouched(row);
        at = row + bytes;
    });
    return ok && untouched(end);
}

}  // namespace convt::test
