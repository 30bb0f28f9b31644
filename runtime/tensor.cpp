// SPDX-License-Identifier: Apache-2.0
// Dense views. What a kernel accepts of a view is decided where it is called.
#include "convt/tensor.h"

#include <algorithm>

namespace convt {

TensorView TensorView::dense(void* data, ElementType type, const std::vector<std::int64_t>& extents) noexcept {
    TensorView view;
    view.data = data;
    view.type = type;
    view.rank = static_cast<int>(std::min<std::size_t>(extents.size(), max_rank));
    std::int64_t stride = 1;
    for (int i = view.rank - 1; i >= 0; --i) {
        view.extents[i] = extents[static_cast<std::size_t>(i)];
        view.strides[i] = stride;
        // A product that wraps belongs to no memory there is; it must not be undefined either.
        if (__builtin_mul_overflow(stride, view.extents[i], &stride)) stride = 0;
    }
    return view;
}

TensorView TensorView::dense(const void* data, ElementType type, const std::vector<std::int64_t>& extents) noexcept {
    return dense(const_cast<void*>(data), type, extents);
}

std::int64_t TensorView::size() const noexcept {
    if (rank <= 0) return 0;
    std::int64_t elements = 1;
    for (int i = 0; i < std::min(rank, max_rank); ++i) {
        if (__builtin_mul_overflow(elements, extents[i], &elements)) return 0;
    }
    return elements;
}

}  // namespace convt
