// SPDX-License-Identifier: Apache-2.0
// What a Kernel holds, for kernel.cpp and for the admission check, which hands a kernel memory of its own choosing.
#pragma once

#include "convt/kernel.h"
#include "runtime/jit/loader.h"
#include "runtime/kernel/arguments.h"

#include <memory>
#include <string>
#include <vector>

namespace convt {

struct Kernel::Impl {
    Problem problem;
    ObjectInfo info;
    std::unique_ptr<LoadedCode> code;
    std::string packing;  // what PackedWeights::layout says
    std::size_t packed_bytes = 0;
    TensorRule x;
    TensorRule y;
    TensorRule weights;
    TensorRule bias;
    std::vector<halide_dimension_t> packed_dims;

    Status pack_into(void* packed, const TensorView& weights_view) const;
    // `packed`: 64-byte aligned, in this kernel's order.
    Status run_packed(const TensorView& x_view, const void* packed, const TensorView& bias_view,
                      const TensorView& y_view, const CallOptions& options) const;
};

struct PackedWeights::Impl {
    struct Free {
        void operator()(void* memory) const noexcept;
    };
    std::unique_ptr<void, Free> data;
    std::size_t bytes = 0;
    std::string layout;
};

// Alignment of packed weights; schedules may rely on it.
constexpr std::size_t packed_alignment = 64;

}  // namespace convt
