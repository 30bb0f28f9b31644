// SPDX-License-Identifier: Apache-2.0
#include "tools/tune/measure.h"

#include "convt/kernel.h"
#include "runtime/problem/scalars.h"
#include "tools/common/files.h"
#include "tools/tune/gpu.h"
#include "tools/tune/statistic.h"

#include <fmt/format.h>
#include <sched.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <new>
#include <span>

namespace convt::tune {

namespace {

// Batches this long make the clock's own 25 ns, and a stray interrupt, small.
constexpr double batch_us = 100.0;
constexpr int least_samples = 3;
// Buffers are laid out anew this often: where they lie is part of the noise, and one process should see some of it.
constexpr int layouts = 3;
constexpr double first_call = 10.0;  // how many times longer the first call may take for its pages

struct Free {
    void operator()(void* memory) const noexcept { std::free(memory); }
};

// Uniform numbers, a few nanoseconds each: the tensors of a large problem are filled three times a process, and the
// standard library's generators would take longer than what is to be timed.
class Numbers {
  public:
    double next(ElementType type) noexcept {
        state_ = state_ * 6364136223846793005U + 1442695040888963407U;  // Knuth's MMIX
        return uniform_scalar(type, state_);
    }

  private:
    std::uint64_t state_ = 1;
};

// A dense tensor, aligned to a cache line.
class Tensor {
  public:
    Tensor(ElementType type, const std::vector<std::int64_t>& shape, Numbers& numbers) {
        view_ = TensorView::dense(static_cast<void*>(nullptr), type, shape);
        const ElementTypeInfo& info = element_type_info(type);
        const auto scalars = static_cast<std::size_t>(view_.size()) * static_cast<std::size_t>(info.parts);
        const std::size_t bytes = (scalars * static_cast<std::size_t>(info.scalar_bytes) + 63) / 64 * 64;
        memory_.reset(std::aligned_alloc(64, bytes));
        if (!memory_) throw std::bad_alloc();
        for (std::size_t i = 0; i < scalars; ++i) {
            store_scalar(type, numbers.next(type),
                         static_cast<std::byte*>(memory_.get()) + i * static_cast<std::size_t>(info.scalar_bytes));
        }
        view_.data = memory_.get();
    }
    const TensorView& view() const noexcept { return view_; }

  private:
    std::unique_ptr<void, Free> memory_;
    TensorView view_;
};

class Call {
  public:
    Call(const Kernel& kernel, const PackedWeights& weights, Numbers& numbers)
        : kernel_(kernel),
          weights_(weights),
          x_(kernel.problem().types().input, kernel.problem().input_shape(), numbers),
          bias_(kernel.problem().types().sum, {kernel.problem().out_channels}, numbers),
          y_(kernel.problem().types().output, kernel.problem().output_shape(), numbers) {
        for (const EpilogueOperand& operand : kernel.problem().epilogue_operands())
            views_.push_back(
                operands_.emplace_back(operand.type, kernel.problem().operand_shape(operand), numbers).view());
        options_.operands = views_;
        options_.threads = 1;
    }

    // Time of `count` calls, in microseconds; negative where one fails.
    double time(int count, Status& status) const {
        const TensorView bias = kernel_.problem().bias ? bias_.view() : TensorView();
        const auto start = std::chrono::steady_clock::now();
        for (int i = 0; i < count && status.ok(); ++i)
            status = kernel_.run(x_.view(), weights_, bias, y_.view(), options_);
        return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
    }

  private:
    const Kernel& kernel_;
    const PackedWeights& weights_;
    Tensor x_;
    Tensor bias_;
    Tensor y_;
    std::vector<Tensor> operands_;
    std::vector<TensorView> views_;
    CallOptions options_;
};

Result<double> median_call(const Kernel& kernel, double at_least_ms, double cap_us) {
    Numbers numbers;
    const Tensor weights(kernel.problem().types().weights, kernel.problem().weight_shape(), numbers);
    const auto packed = kernel.pack(weights.view());
    if (!packed.ok()) return packed.status();
    Status status;
    std::vector<double> samples;
    std::vector<std::unique_ptr<Call>> calls;  // kept, so that the next one gets other addresses
    for (int layout = 0; layout < layouts; ++layout) {
        calls.push_back(std::make_unique<Call>(kernel, packed.value(), numbers));
        const Call& call = *calls.back();
        const double cold = call.time(1, status);  // touches every page
        // Beyond any page's cost: no second call, which may take seconds too.
        const bool enough = cap_us > 0.0 && cold > first_call * cap_us;
        const double once = enough ? cold : call.time(1, status);
        if (cap_us > 0.0 && once > cap_us) return status.ok() ? Result<double>(once) : Result<double>(status);
        const int batch = static_cast<int>(std::ceil(batch_us / std::max(once, 0.1)));
        double spent_us = 0.0;
        for (int i = 0; i < least_samples / layouts || spent_us < at_least_ms * 1000.0 / layouts; ++i) {
            const double took = call.time(batch, status);
            if (!status.ok()) return status;
            spent_us += took;
            samples.push_back(took / batch);
        }
    }
    return median(std::move(samples));
}

Status run(const cli::Arguments& arguments, std::ostream& out) {
    if (arguments.size() != 5) return {Code::invalid_argument, "not a command for people"};
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<std::size_t>(std::atoi(arguments[2].c_str())), &set);
    ::sched_setaffinity(0, sizeof set, &set);  // where it is refused, the time is noisier and still a time
    const auto text = cli::read_file(arguments[1]);
    if (!text.ok()) return text.status();
    const auto object = Object::deserialize(std::as_bytes(std::span(text.value().data(), text.value().size())));
    if (!object.ok()) return object.status();
    const auto kernel = Kernel::load(object.value());
    if (!kernel.ok()) return kernel.status();
    const bool on_gpu = object.value().info.target.starts_with("cuda");
    const auto us = (on_gpu ? gpu_median_call : median_call)(*kernel.value(), std::atof(arguments[3].c_str()),
                                                             std::atof(arguments[4].c_str()));
    if (!us.ok()) return us.status();
    out << fmt::format("{}\n", us.value());
    return {};
}

}  // namespace

int measure(const cli::Arguments& arguments, std::ostream& out, std::ostream& err) try {
    const Status status = run(arguments, out);
    if (!status.ok()) err << status.message();
    return exit_code(status.code());
} catch (const std::bad_alloc&) {
    err << "out of memory";
    return exit_code(Code::out_of_memory);
}

}  // namespace convt::tune
