// SPDX-License-Identifier: Apache-2.0
// Tensors as a kernel sees them: views that own nothing.
#pragma once

#include "convt/export.h"
#include "convt/problem.h"

#include <cstdint>
#include <vector>

namespace convt {

// Where the memory is; the numbers are DLPack's DLDeviceType. Kernels for a GPU take tensors of both; others of the
// CPU.
enum class Device : std::int32_t { cpu = 1, cuda = 2 };

// A non-owning view. `extents` and `strides` are in elements, outermost dimension first, in the order the layout says.
// The memory must outlive every call that is given the view. `data` points to the element at index 0 of every
// dimension. For inputs it is not written.
struct CONVT_API TensorView {
    static constexpr int max_rank = 5;
    void* data = nullptr;
    ElementType type = ElementType::f32;
    Device device = Device::cpu;
    int rank = 0;
    std::int64_t extents[max_rank] = {};
    std::int64_t strides[max_rank] = {};

    // A dense view: strides follow from the extents, the last dimension contiguous. At most max_rank extents are used.
    static TensorView dense(void* data, ElementType type, const std::vector<std::int64_t>& extents) noexcept;
    static TensorView dense(const void* data, ElementType type, const std::vector<std::int64_t>& extents) noexcept;
    // Elements spanned by the extents; 0 for rank 0.
    std::int64_t size() const noexcept;
};

}  // namespace convt
