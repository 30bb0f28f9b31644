// SPDX-License-Identifier: Apache-2.0
// Tensors as kernels see them: Halide's buffers over memory whose strides the layout and a gap decide.
#pragma once

#include "convt/problem.h"

#include "schedules/cpu/halide.h"

#include <cstddef>
#include <vector>

namespace convt::test {

struct Strided {
    Halide::Buffer<> buffer;
    std::vector<int> order;  // dimensions, the one whose elements lie closest first

    std::byte* host() const { return reinterpret_cast<std::byte*>(buffer.raw_buffer()->host); }
    // From the first element to behind the last.
    std::size_t bytes() const { return buffer.size_in_bytes(); }
    // Takes dense elements in the order of memory, and is to be copied to the device.
    void put(const std::vector<std::byte>& dense);
    // The elements among `bytes()` bytes from `from`, densely.
    std::vector<std::byte> dense(const std::byte* from) const;

  private:
    template <typename Visit>
    void for_each_row(const Visit& visit) const;
};

// Input or output: [part] x y z c g n, with `gap` elements behind every dimension of the tensor but the innermost.
Strided spatial_tensor(const Problem& problem, bool output, std::int64_t gap);
// As the parameter's bounds say, without gaps.
Strided dense_tensor(const Halide::ImageParam& param);

}  // namespace convt::test
