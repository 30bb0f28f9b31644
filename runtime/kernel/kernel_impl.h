// SPDX-License-Identifier: Apache-2.0
// What a Kernel holds, for kernel.cpp and for the admission check, which hands a kernel memory of its own choosing.
#pragma once

#include "convt/kernel.h"
#include "runtime/cuda/device.h"
#include "runtime/jit/loader.h"
#include "runtime/kernel/arguments.h"

#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace convt {

// Packed weights on a device: of the context that used them first.
struct DeviceWeights {
    std::mutex mutex;
    void* context = nullptr;
    std::uint64_t context_id = 0;
    std::uint64_t address = 0;  // 0: not there yet
    DeviceWeights() = default;
    ~DeviceWeights();
    DeviceWeights(const DeviceWeights&) = delete;
    DeviceWeights& operator=(const DeviceWeights&) = delete;
};

// The tensors of a call, checked.
struct CallArguments {
    Argument x, y;
    halide_buffer_t packed;                         // where the kernel runs
    std::array<Argument, 1 + max_epilogue> extras;  // as in Impl::extras
    Device x_device, y_device;
    std::array<Device, 1 + max_epilogue> extra_devices;
};

struct CallContext;

struct Kernel::Impl {
    Problem problem;
    Problem sizes;  // the same without epilogue: closing it allocates nothing
    ObjectInfo info;
    std::unique_ptr<LoadedCode> code;
    std::string packing;  // what PackedWeights::layout says
    std::size_t packed_bytes = 0;
    TensorRule x;
    TensorRule y;
    TensorRule weights;
    std::vector<EpilogueOperand> operands;  // of the epilogue: they hold the names of their rules
    std::vector<TensorRule> extras;         // what comes between weights and output: bias, operands
    std::vector<halide_dimension_t> packed_dims;
    int capability = 0;                                          // of a GPU, the least; 0: a kernel for the CPU
    mutable convt_cuda_modules modules = CONVT_CUDA_NO_MODULES;  // of a GPU's kernel

    Impl() = default;
    ~Impl();
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    Status pack_into(void* packed, const TensorView& weights_view) const;
    // `packed`: 64-byte aligned, in this kernel's order. `resident`: where its copy on a device is kept, or null.
    Status run_packed(const TensorView& x_view, const void* packed, DeviceWeights* resident,
                      const TensorView& bias_view, const TensorView& y_view, const CallOptions& options) const;
    halide_buffer_t packed_buffer(const void* data) const;

  private:
    // Of an open problem: the problem that a call with this input asks for, without epilogue.
    Result<Problem> closed_by(const TensorView& x_view) const;
    // `call`: the problem of this call, whose sizes are not those of `extras` where it is open.
    Status bind_extras(const Problem& call, const TensorView& bias_view, std::span<const TensorView> operand_views,
                       int rank, CallArguments& arguments) const;
    Status bind_all(const Problem& call, const TensorRule& x_rule, const TensorView& x_view,
                    const TensorView& bias_view, std::span<const TensorView> operand_views, const TensorRule& y_rule,
                    const TensorView& y_view, CallArguments& arguments) const;
    // Calls the kernel with its tensors in the order of its arguments.
    Status enter(CallArguments& arguments, CallContext& context) const;
    Status run_on_cpu(CallArguments& arguments, const void* packed, const CallOptions& options) const;
    Status run_on_gpu(CallArguments& arguments, const void* packed, DeviceWeights* resident,
                      const CallOptions& options) const;
};

struct PackedWeights::Impl {
    struct Free {
        void operator()(void* memory) const noexcept;
    };
    std::unique_ptr<void, Free> data;
    std::size_t bytes = 0;
    std::string layout;
    mutable DeviceWeights device;
};

// Alignment of packed weights; schedules may rely on it.
constexpr std::size_t packed_alignment = 64;

}  // namespace convt
