// SPDX-License-Identifier: Apache-2.0
// Calling a kernel: views become Halide's buffers on the stack, checked on the way; on the good path nothing is
// allocated and nothing is locked.
#include "convt/kernel.h"

#include "runtime/kernel/call.h"
#include "runtime/kernel/kernel_impl.h"
#include "runtime/pool/pool.h"
#include "runtime/problem/open.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <cstdlib>
#include <new>

namespace convt {
namespace {

// Packed weights that are streamed from far away walk through one page after the other: in huge ones, where the system
// gives them on request, 1024 to 512 channels at 4x4 take 1.40 ms for 1.55.
constexpr std::size_t huge_page = std::size_t{2} << 20U;
constexpr std::size_t paged_bytes = 2 * huge_page;

Status out_of_memory() {
    return {Code::out_of_memory, "no memory"};
}  // short enough to need none itself

void set_options(CallContext& context, const CallOptions& options) {
    context.threads = options.threads < 0 ? 0 : options.threads;
    context.executor = options.executor;
}

// An output may not overlap an input.
Status check_apart(const Kernel::Impl& kernel, const CallArguments& arguments) {
    Status status = check_disjoint(kernel.y, arguments.y, kernel.x, arguments.x);
    for (std::size_t i = 0; i < kernel.extras.size() && status.ok(); ++i)
        status = check_disjoint(kernel.y, arguments.y, kernel.extras[i], arguments.extras[i]);
    return status;
}

Status wrong_count(std::size_t given, const std::vector<EpilogueOperand>& operands) {
    std::string names;
    for (const EpilogueOperand& operand : operands)
        names += (names.empty() ? ": " : ", ") + operand.name;
    return {Code::invalid_argument, fmt::format("operands: {} given, must be {}{}", given, operands.size(), names)};
}

// What leaves the library is a status: the one thing that can be thrown below is a failed allocation.
template <typename Function>
auto guarded(Function&& function) noexcept -> decltype(function()) {
    try {
        return function();
    } catch (const std::bad_alloc&) {
        return out_of_memory();
    } catch (...) {
        return Status(Code::internal, "exception");
    }
}

}  // namespace

void set_default_threads(int threads) noexcept {
    convt_pool_set_default_threads(threads);
}
int default_threads() noexcept {
    return convt_pool_default_threads();
}

Kernel::Kernel(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Kernel::~Kernel() = default;
const Problem& Kernel::problem() const noexcept {
    return impl_->problem;
}
const ObjectInfo& Kernel::info() const noexcept {
    return impl_->info;
}
std::size_t Kernel::code_bytes() const noexcept {
    return impl_->code->bytes();
}

Kernel::Impl::~Impl() {
    convt_cuda_release_modules(&modules);
}

// The kernel reads the dimensions of packed weights, which are one array for all calls, and writes to none.
halide_buffer_t Kernel::Impl::packed_buffer(const void* data) const {
    halide_buffer_t buffer{};
    buffer.host = const_cast<std::uint8_t*>(static_cast<const std::uint8_t*>(data));
    buffer.type = halide_type(info.packed_type);
    buffer.dimensions = static_cast<std::int32_t>(packed_dims.size());
    buffer.dim = const_cast<halide_dimension_t*>(packed_dims.data());
    return buffer;
}

Status Kernel::Impl::pack_into(void* packed, const TensorView& weights_view) const {
    Argument raw;
    if (Status status = bind(weights, weights_view, raw); !status.ok()) return status;
    halide_buffer_t destination = packed_buffer(packed);
    CallContext context;
    void* args[] = {nullptr, &raw.buffer, &destination};
    return call(code->pack(), args, context);
}

Result<Problem> Kernel::Impl::closed_by(const TensorView& x_view) const {
    const int dropped = x.rank - x_view.rank;
    Argument argument;
    if (dropped != 0 && (dropped != 1 || !x.may_drop_batch)) return bind(x, x_view, argument);
    Result<Problem> call = closed_by_input(sizes, {x_view.extents, static_cast<std::size_t>(x_view.rank)});
    if (call.ok()) return call;
    return {call.status().code(), fmt::format("x: {}", call.status().message())};
}

Status Kernel::Impl::bind_extras(const Problem& call, const TensorView& bias_view,
                                 std::span<const TensorView> operand_views, int rank, CallArguments& arguments) const {
    if (!problem.bias && bias_view.data != nullptr)
        return {Code::invalid_argument,
                fmt::format("bias: data is {}, must be null: the problem has no bias", bias_view.data)};
    if (operand_views.size() != operands.size()) return wrong_count(operand_views.size(), operands);
    const std::size_t first = problem.bias ? 1 : 0;
    for (std::size_t i = 0; i < extras.size(); ++i) {
        const TensorView& view = i < first ? bias_view : operand_views[i - first];
        const bool open = problem.is_open() && i >= first && operands[i - first].shape == OperandShape::as_output;
        const Status status = open ? bind(operand_rule(call, operands[i - first]), view, arguments.extras[i])
                                   : bind(extras[i], view, arguments.extras[i]);
        if (!status.ok()) return status;
        if (extras[i].may_drop_batch && view.rank != rank)
            return {Code::invalid_argument,
                    fmt::format("{}: has {} dimensions, must have {} as x has", extras[i].name, view.rank, rank)};
        arguments.extra_devices[i] = view.device;
    }
    return {};
}

Status Kernel::Impl::bind_all(const Problem& call, const TensorRule& x_rule, const TensorView& x_view,
                              const TensorView& bias_view, std::span<const TensorView> operand_views,
                              const TensorRule& y_rule, const TensorView& y_view, CallArguments& arguments) const {
    if (Status status = bind(x_rule, x_view, arguments.x); !status.ok()) return status;
    if (Status status = bind_extras(call, bias_view, operand_views, x_view.rank, arguments); !status.ok())
        return status;
    if (Status status = bind(y_rule, y_view, arguments.y); !status.ok()) return status;
    if (x_view.rank != y_view.rank)
        return {Code::invalid_argument,
                fmt::format("y: has {} dimensions, must have {} as x has", y_view.rank, x_view.rank)};
    return check_apart(*this, arguments);
}

Status Kernel::Impl::enter(CallArguments& arguments, CallContext& context) const {
    std::array<void*, 5 + max_epilogue> values = {nullptr, &arguments.x.buffer, &arguments.packed};
    std::size_t count = 3;
    for (std::size_t i = 0; i < extras.size(); ++i)
        values[count++] = &arguments.extras[i].buffer;
    values[count] = &arguments.y.buffer;
    return call(code->run(), values.data(), context);
}

Status Kernel::Impl::run_packed(const TensorView& x_view, const void* packed, DeviceWeights* resident,
                                const TensorView& bias_view, const TensorView& y_view,
                                const CallOptions& options) const {
    CallArguments arguments;
    Status status;
    if (problem.is_open()) {
        const Result<Problem> call = closed_by(x_view);
        if (!call.ok()) return call.status();
        status = bind_all(call.value(), input_rule(call.value()), x_view, bias_view, options.operands,
                          output_rule(call.value()), y_view, arguments);
    } else {
        status = bind_all(problem, x, x_view, bias_view, options.operands, y, y_view, arguments);
    }
    if (!status.ok()) return status;
    if (capability == 0) return run_on_cpu(arguments, packed, options);
    arguments.x_device = x_view.device;
    arguments.y_device = y_view.device;
    return run_on_gpu(arguments, packed, resident, options);
}

Status Kernel::Impl::run_on_cpu(CallArguments& arguments, const void* packed, const CallOptions& options) const {
    const auto low = reinterpret_cast<std::uintptr_t>(packed);
    if (arguments.y.low < low + packed_bytes && low < arguments.y.high)
        return {Code::invalid_argument, "y: overlaps the packed weights: an output may not overlap an input"};

    arguments.packed = packed_buffer(packed);
    CallContext context;
    set_options(context, options);
    return enter(arguments, context);
}

Result<PackedWeights> Kernel::pack(const TensorView& weights) const {
    return guarded([&]() -> Result<PackedWeights> {
        const std::size_t alignment = impl_->packed_bytes >= paged_bytes ? huge_page : packed_alignment;
        const std::size_t bytes = (impl_->packed_bytes + alignment - 1) / alignment * alignment;
        auto packed = std::make_unique<PackedWeights::Impl>();
        packed->data.reset(std::aligned_alloc(alignment, bytes));
        if (!packed->data) return {Code::out_of_memory, fmt::format("no memory for {} bytes of packed weights", bytes)};
        if (alignment == huge_page) ::madvise(packed->data.get(), bytes, MADV_HUGEPAGE);  // advice only
        packed->bytes = impl_->packed_bytes;
        packed->layout = impl_->packing;
        if (Status status = impl_->pack_into(packed->data.get(), weights); !status.ok()) return status;
        return PackedWeights(std::move(packed));
    });
}

Status Kernel::run(const TensorView& x, const PackedWeights& w, const TensorView& bias, const TensorView& y,
                   const CallOptions& options) const noexcept {
    return guarded([&]() -> Status {
        if (w.layout() != impl_->packing)
            return {Code::invalid_argument,
                    fmt::format("weights: packed as '{}', must be '{}'", w.layout(), impl_->packing)};
        return impl_->run_packed(x, w.data(), &w.impl_->device, bias, y, options);
    });
}

Status Kernel::run(const TensorView& x, const TensorView& w, const TensorView& bias, const TensorView& y,
                   const CallOptions& options) const noexcept {
    return guarded([&]() -> Status {
        const Result<PackedWeights> packed = pack(w);
        return packed.ok() ? run(x, packed.value(), bias, y, options) : packed.status();
    });
}

}  // namespace convt
