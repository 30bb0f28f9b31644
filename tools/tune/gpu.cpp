// SPDX-License-Identifier: Apache-2.0
#include "tools/tune/gpu.h"

#include "runtime/cuda/device.h"
#include "runtime/kernel/call.h"
#include "tools/tune/statistic.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <deque>
#include <memory>
#include <vector>

namespace convt::tune {

namespace {

// A device that was idle reaches its clocks within tens of milliseconds of work.
constexpr double warm_up_ms = 50;
constexpr double longest_warm_up_ms = 1000;
// Events have a resolution of 0.5 us (CUDA driver API, cuEventElapsedTime): a batch is many times that.
constexpr double batch_us = 200;
constexpr std::size_t least_samples = 7;
// Two batches that differ by less are at the same clocks.
constexpr double settled = 0.02;

// The primary context of device 0, current while this lives.
class Context {
  public:
    explicit Context(int capability) : in_(convt_cuda_enter(&call, capability) != 0) {}
    ~Context() {
        if (in_) convt_cuda_leave(&call);
    }
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
    Status status() const { return cuda_status(call.error); }
    bool ok() const noexcept { return in_ && call.error.code == CONVT_CUDA_OK; }
    convt_cuda_call call{};

  private:
    bool in_;
};

// A tensor of ones on the device: what is in it does not change the time.
class Tensor {
  public:
    Tensor(Context& context, ElementType type, const std::vector<std::int64_t>& shape)
        : view_(TensorView::dense(static_cast<void*>(nullptr), type, shape)) {
        const ElementTypeInfo& info = element_type_info(type);
        const auto scalars = static_cast<std::size_t>(view_.size() * info.parts);
        const std::size_t bytes = scalars * static_cast<std::size_t>(info.scalar_bytes);
        if (convt_cuda_allocate(&context.call, bytes, "a tensor", &address_) == 0) return;
        const std::vector<float> ones(info.scalar_bytes == 4 ? scalars : 0, 1.0F);
        const std::vector<double> wide_ones(info.scalar_bytes == 8 ? scalars : 0, 1.0);
        const void* const from =
            info.scalar_bytes == 8 ? static_cast<const void*>(wide_ones.data()) : static_cast<const void*>(ones.data());
        convt_cuda_upload(&context.call, address_, from, bytes, "a tensor");
        convt_cuda_synchronize(&context.call);
        view_.data = reinterpret_cast<void*>(address_);
        view_.device = Device::cuda;
    }
    ~Tensor() { convt_cuda_free(address_); }
    Tensor(const Tensor&) = delete;
    Tensor& operator=(const Tensor&) = delete;
    const TensorView& view() const noexcept { return view_; }

  private:
    std::uint64_t address_ = 0;
    TensorView view_;
};

class Calls {
  public:
    Calls(Context& context, const Kernel& kernel, const PackedWeights& weights)
        : context_(context),
          kernel_(kernel),
          weights_(weights),
          x_(context, kernel.problem().types().input, kernel.problem().input_shape()),
          bias_(context, kernel.problem().types().sum, {kernel.problem().out_channels}),
          y_(context, kernel.problem().types().output, kernel.problem().output_shape()) {
        for (const EpilogueOperand& operand : kernel.problem().epilogue_operands()) {
            operands_.emplace_back(context, operand.type, kernel.problem().operand_shape(operand));
            operand_views_.push_back(operands_.back().view());
        }
        options_.operands = operand_views_;
        options_.cuda_context = context.call.context;
    }

    // Microseconds of a call, over `count` of them.
    Result<double> time(int count) {
        count_ = count;
        float milliseconds = 0;
        const auto work = [](void* self) { return static_cast<Calls*>(self)->run() ? 1 : 0; };
        const bool timed = convt_cuda_time(&context_.call, work, this, &milliseconds) != 0;
        if (!status_.ok()) return status_;
        if (!timed) return context_.status();
        return 1e3 * static_cast<double>(milliseconds) / count;
    }

  private:
    bool run() {
        const TensorView bias = kernel_.problem().bias ? bias_.view() : TensorView();
        for (int i = 0; i < count_ && status_.ok(); ++i)
            status_ = kernel_.run(x_.view(), weights_, bias, y_.view(), options_);
        return status_.ok();
    }

    Context& context_;
    const Kernel& kernel_;
    const PackedWeights& weights_;
    const Tensor x_, bias_, y_;
    std::deque<Tensor> operands_;  // of the epilogue
    std::vector<TensorView> operand_views_;
    CallOptions options_;
    Status status_;
    int count_ = 0;
};

double milliseconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

// Until the device has worked for a while and two batches after each other take the same.
Result<double> warm_up(Calls& calls, int batch) {
    const auto start = std::chrono::steady_clock::now();
    for (double before = 0.0;;) {
        const Result<double> us = calls.time(batch);
        if (!us.ok()) return us;
        const bool steady = std::abs(us.value() - before) <= settled * before;
        const double worked = milliseconds_since(start);
        if (worked >= longest_warm_up_ms || (worked >= warm_up_ms && steady)) return us;
        before = us.value();
    }
}

}  // namespace

Result<GpuHere> gpu_here(const Target& target) {
    Context context(target.info().capability);
    convt_cuda_description about{};
    if (!context.ok() || convt_cuda_describe(&context.call, &about) == 0) return context.status();
    GpuHere here;
    here.name = about.name;
    here.known = find_gpu_device(here.name);
    here.machine.vector_bytes = target.info().vector_bytes;
    here.machine.registers = target.info().vector_registers;
    here.machine.l1_kib = about.shared_bytes / 1024;
    here.machine.l2_kib = about.second_level_bytes / 1024;
    here.machine.cores = about.multiprocessors;
    return here;
}

Result<double> gpu_median_call(const Kernel& kernel, double at_least_ms, double cap_us) {
    const Result<Target> target = Target::parse(kernel.info().target);
    if (!target.ok()) return target.status();
    Context context(target.value().info().capability);
    if (!context.ok()) return context.status();
    const Problem& problem = kernel.problem();
    const TensorView shape =
        TensorView::dense(static_cast<void*>(nullptr), problem.types().weights, problem.weight_shape());
    const std::vector<std::byte> zeros(static_cast<std::size_t>(shape.size()) *
                                       static_cast<std::size_t>(element_type_info(problem.types().weights).bytes()));
    const auto packed = kernel.pack(
        TensorView::dense(static_cast<const void*>(zeros.data()), problem.types().weights, problem.weight_shape()));
    if (!packed.ok()) return packed.status();
    Calls calls(context, kernel, packed.value());
    if (!context.ok()) return context.status();
    const Result<double> first = calls.time(1);
    if (!first.ok() || (cap_us > 0.0 && first.value() > cap_us)) return first;
    const int batch = static_cast<int>(std::ceil(batch_us / std::max(first.value(), 0.1)));
    const Result<double> warm = warm_up(calls, batch);
    if (!warm.ok()) return warm;
    std::vector<double> samples;
    const auto start = std::chrono::steady_clock::now();
    while (samples.size() < least_samples || milliseconds_since(start) < at_least_ms) {
        const Result<double> us = calls.time(batch);
        if (!us.ok()) return us;
        samples.push_back(us.value());
    }
    return median(std::move(samples));
}

}  // namespace convt::tune
