// SPDX-License-Identifier: Apache-2.0
// Calling a kernel for a GPU. Every buffer that the kernel is given lies on the device: a caller's device memory as it
// is, a caller's host memory as a dense copy for the length of the call, packed weights as a copy that stays.
#include "runtime/kernel/call.h"
#include "runtime/kernel/kernel_impl.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <deque>

namespace convt {
namespace {

// The context of a call, current on this thread.
class Entered {
  public:
    Entered(convt_cuda_call& call, int capability) : call_(call), in_(convt_cuda_enter(&call, capability) != 0) {}
    ~Entered() {
        if (in_) convt_cuda_leave(&call_);
    }
    Entered(const Entered&) = delete;
    Entered& operator=(const Entered&) = delete;
    explicit operator bool() const noexcept { return in_; }

  private:
    convt_cuda_call& call_;
    bool in_;
};

// Device memory of one call.
struct Memory {
    std::uint64_t address = 0;
    Memory() = default;
    ~Memory() {
        if (address != 0) convt_cuda_free(address);
    }
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;
};

struct Side {
    std::byte* data;
    const halide_dimension_t* dims;
};

// Copies between two layouts of one shape; both step by 1 along `run` and, where complex, the parts before it.
void copy_layout(const Side& to, const Side& from, int rank, int parts, int run, int scalar_bytes) {
    const int first = parts - 1;  // the dimension behind `part`
    const int inner = first + run;
    const auto bytes = static_cast<std::size_t>(from.dims[inner].extent) * parts * scalar_bytes;
    std::int32_t at[max_halide_rank + 1] = {};
    while (true) {
        std::int64_t to_offset = 0;
        std::int64_t from_offset = 0;
        for (int d = first; d < rank; ++d) {
            to_offset += std::int64_t{at[d]} * to.dims[d].stride;
            from_offset += std::int64_t{at[d]} * from.dims[d].stride;
        }
        std::memcpy(to.data + to_offset * scalar_bytes, from.data + from_offset * scalar_bytes, bytes);
        int d = first;
        for (; d < rank; ++d) {
            if (d == inner) continue;
            if (++at[d] < from.dims[d].extent) break;
            at[d] = 0;
        }
        if (d == rank) return;
    }
}

// One tensor of a call, on its way to the device and back.
class Tensor {
  public:
    Tensor(const TensorRule& rule, Argument& argument, Device device)
        : rule_(rule), argument_(argument), on_host_(device == Device::cpu) {}

    bool on_host() const noexcept { return on_host_; }

    // After it the buffer is one on the device; a tensor of the host is there if `wanted`.
    bool bring(convt_cuda_call& call, bool wanted) {
        halide_buffer_t& buffer = argument_.buffer;
        host_ = reinterpret_cast<std::byte*>(buffer.host);
        if (on_host_ ? !copy_in(call, wanted) : convt_cuda_check_pointer(&call, address_of(host_), rule_.name) == 0)
            return false;
        buffer.device = on_host_ ? memory_.address : address_of(host_);
        buffer.device_interface = convt_halide_cuda_device_interface();
        buffer.host = nullptr;
        buffer.flags = halide_buffer_flag_device_dirty;
        return true;
    }

    // Waits for the stream.
    bool take_back(convt_cuda_call& call) {
        std::byte* const to = strided_ ? staged_.get() : host_;
        if (convt_cuda_download(&call, to, memory_.address, bytes(), rule_.name) == 0) return false;
        if (convt_cuda_synchronize(&call) == 0) return false;
        if (strided_)
            copy_layout({host_, dims_}, {staged_.get(), rule_.dims.data()}, rank(), rule_.parts, rule_.innermost,
                        rule_.scalar_bytes);
        return true;
    }

  private:
    static std::uint64_t address_of(const std::byte* data) { return reinterpret_cast<std::uintptr_t>(data); }
    int rank() const noexcept { return argument_.buffer.dimensions; }
    std::size_t bytes() const noexcept { return static_cast<std::size_t>(rule_.bytes); }

    bool is_strided() const {
        for (int d = 0; d < rank(); ++d)
            if (argument_.dims[d].extent > 1 && argument_.dims[d].stride != rule_.dims[d].stride) return true;
        return false;
    }

    bool copy_in(convt_cuda_call& call, bool wanted) {
        strided_ = is_strided();
        if (convt_cuda_allocate(&call, bytes(), rule_.name, &memory_.address) == 0) return false;
        std::copy(std::begin(argument_.dims), std::end(argument_.dims), dims_);
        if (strided_) {
            staged_ = std::make_unique_for_overwrite<std::byte[]>(bytes());
            std::copy(rule_.dims.begin(), rule_.dims.end(), argument_.dims);
            if (wanted)
                copy_layout({staged_.get(), rule_.dims.data()}, {host_, dims_}, rank(), rule_.parts, rule_.innermost,
                            rule_.scalar_bytes);
        }
        const std::byte* const from = strided_ ? staged_.get() : host_;
        return !wanted || convt_cuda_upload(&call, memory_.address, from, bytes(), rule_.name) != 0;
    }

    const TensorRule& rule_;
    Argument& argument_;
    const bool on_host_;
    bool strided_ = false;
    std::byte* host_ = nullptr;
    halide_dimension_t dims_[max_halide_rank + 1] = {};  // of the caller's view
    std::unique_ptr<std::byte[]> staged_;                // dense, where the view is not
    Memory memory_;
};

Status other_context(const DeviceWeights& weights, const void* context) {
    return {Code::invalid_argument,
            fmt::format("weights: on the device in context {}, the call runs in context {}: pack them again for it",
                        weights.context, context)};
}

// The address of the copy that stays, made by the first call.
Result<std::uint64_t> resident_copy(convt_cuda_call& call, DeviceWeights& weights, const void* packed,
                                    std::size_t bytes) {
    const std::lock_guard lock(weights.mutex);
    const std::uint64_t id = convt_cuda_context_id(&call);
    if (weights.address != 0)
        return weights.context == call.context && weights.context_id == id ? Result<std::uint64_t>(weights.address)
                                                                           : other_context(weights, call.context);
    Memory memory;
    // Other streams may use it next.
    if (convt_cuda_allocate(&call, bytes, "packed weights", &memory.address) == 0 ||
        convt_cuda_upload(&call, memory.address, packed, bytes, "packed weights") == 0 ||
        convt_cuda_synchronize(&call) == 0)
        return cuda_status(call.error);
    weights.context = call.context;
    weights.context_id = id;
    return weights.address = std::exchange(memory.address, 0);
}

}  // namespace

Status Kernel::Impl::run_on_gpu(CallArguments& arguments, const void* packed, DeviceWeights* resident,
                                const CallOptions& options) const {
    CallContext context;
    context.cuda.context = options.cuda_context;
    context.cuda.stream = options.cuda_stream;
    context.cuda.modules = &modules;
    const Entered entered(context.cuda, capability);
    if (!entered) return cuda_status(context.cuda.error);

    DeviceWeights passing;
    const Result<std::uint64_t> weights_at =
        resident_copy(context.cuda, resident == nullptr ? passing : *resident, packed, packed_bytes);
    if (!weights_at.ok()) return weights_at.status();
    halide_buffer_t& w = arguments.packed;
    w = packed_buffer(nullptr);
    w.device = weights_at.value();
    w.device_interface = convt_halide_cuda_device_interface();
    w.flags = halide_buffer_flag_device_dirty;

    Tensor x_tensor(x, arguments.x, arguments.x_device);
    Tensor y_tensor(y, arguments.y, arguments.y_device);
    std::deque<Tensor> extra_tensors;
    for (std::size_t i = 0; i < extras.size(); ++i)
        extra_tensors.emplace_back(extras[i], arguments.extras[i], arguments.extra_devices[i]);
    // Without packed weights of its own this is an admission, which looks whether all of its output was written.
    const bool brought = x_tensor.bring(context.cuda, true) && y_tensor.bring(context.cuda, resident == nullptr) &&
                         std::ranges::all_of(extra_tensors, [&](Tensor& t) { return t.bring(context.cuda, true); });
    if (!brought) return cuda_status(context.cuda.error);

    if (Status status = enter(arguments, context); !status.ok()) return status;
    if (y_tensor.on_host()) return y_tensor.take_back(context.cuda) ? Status() : cuda_status(context.cuda.error);
    const bool waits =
        resident == nullptr || x_tensor.on_host() || std::ranges::any_of(extra_tensors, &Tensor::on_host);
    if (waits && convt_cuda_synchronize(&context.cuda) == 0) return cuda_status(context.cuda.error);
    return {};
}

}  // namespace convt
