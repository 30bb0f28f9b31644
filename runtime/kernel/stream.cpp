// SPDX-License-Identifier: Apache-2.0
#include "convt/stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <new>
#include <vector>

namespace convt {
namespace {

std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
    return (a + b - 1) / b;
}

// Where a stream stands: positions before cropping, counted from the first frame's first.
struct Timeline {
    Axis axis;
    std::int64_t hold = 0;     // positions that wait for later frames to show that they are not cropped
    std::int64_t history = 0;  // frames before the new ones that the kernel sees

    explicit Timeline(const Axis& whole) : axis(whole) {
        hold = std::max<std::int64_t>(0, axis.stride - 1 - reach() - axis.output_padding + axis.pad_high);
        history = ceil_div(reach() + hold, axis.stride);
    }
    std::int64_t reach() const { return axis.dilation * (axis.kernel - 1); }
    // The first position that the frames after `frames` may still add to, or that waits.
    std::int64_t complete(std::int64_t frames) const { return axis.stride * frames - hold; }
    // Outputs given after `frames` frames, and of a signal that ends there.
    std::int64_t given(std::int64_t frames) const { return std::max<std::int64_t>(0, complete(frames) - axis.pad_low); }
    std::int64_t total(std::int64_t frames) const {
        Axis ended = axis;
        ended.input = frames;
        return frames == 0 ? 0 : std::max<std::int64_t>(0, ended.output());
    }
    // The axis of the kernel: history and new frames in, the positions that these complete out.
    Axis block(std::int64_t frames) const {
        Axis b = axis;
        b.open = {};
        b.input = history + frames;
        b.pad_low = axis.stride * history - hold;
        const std::int64_t beyond = reach() + 1 - axis.stride + hold;
        b.pad_high = std::max<std::int64_t>(0, beyond);
        b.output_padding = std::max<std::int64_t>(0, -beyond);
        return b;
    }
};

Status refuse(std::string_view field, std::string_view value, std::string_view rule) {
    return {Code::unsupported, fmt::format("{} = {}: {}", field, value, rule)};
}

// What a tensor (N, C, time) or (N, time, C) must be.
Status check_view(const char* name, const TensorView& view, ElementType type, std::int64_t batch, std::int64_t channels,
                  bool last, std::int64_t frames) {
    const auto wrong = [name](const std::string& what) { return Status(Code::invalid_argument, name + what); };
    if (view.data == nullptr) return wrong(": data is null");
    if (view.device != Device::cpu) return wrong(": must be on the host");
    if (view.type != type)
        return wrong(
            fmt::format(": type is {}, must be {}", element_type_info(view.type).name, element_type_info(type).name));
    const std::int64_t extents[] = {batch, last ? frames : channels, last ? channels : frames};
    if (view.rank != 3 || !std::equal(std::begin(extents), std::end(extents), view.extents))
        return wrong(fmt::format(": must be of extents ({}, {}, {})", extents[0], extents[1], extents[2]));
    if (view.strides[2] != 1) return wrong(fmt::format(": innermost stride is {}, must be 1", view.strides[2]));
    return {};
}

// A part of a tensor's time.
TensorView part(TensorView view, bool last, std::int64_t first, std::int64_t count) {
    const int time = last ? 1 : 2;
    view.data = static_cast<std::byte*>(view.data) + first * view.strides[time] * element_type_info(view.type).bytes();
    view.extents[time] = count;
    return view;
}

// Copies one part to another of the same extents, which may overlap where it lies before.
void copy(const TensorView& from, const TensorView& to) {
    const std::int64_t bytes = element_type_info(from.type).bytes();
    const auto row = [bytes](const TensorView& view, std::int64_t n, std::int64_t i) {
        return static_cast<std::byte*>(view.data) + (n * view.strides[0] + i * view.strides[1]) * bytes;
    };
    for (std::int64_t n = 0; n < from.extents[0]; ++n)
        for (std::int64_t i = 0; i < from.extents[1]; ++i)
            std::memmove(row(to, n, i), row(from, n, i), static_cast<std::size_t>(from.extents[2] * bytes));
}

// Zeros: of integers, all bytes are what stands for one.
void clear(const TensorView& to, std::int64_t zero) {
    const std::int64_t bytes = element_type_info(to.type).bytes();
    for (std::int64_t n = 0; n < to.extents[0]; ++n)
        for (std::int64_t i = 0; i < to.extents[1]; ++i)
            std::memset(static_cast<std::byte*>(to.data) + (n * to.strides[0] + i * to.strides[1]) * bytes,
                        static_cast<int>(zero), static_cast<std::size_t>(to.extents[2] * bytes));
}

// What runs here may be without memory for a message.
template <typename Function>
Status guarded(const Function& function) noexcept {
    try {
        return function();
    } catch (const std::bad_alloc&) {
        return {Code::out_of_memory, "no memory"};
    }
}

}  // namespace

struct Stream::Impl {
    // What Kernel::run takes beside x.
    struct Call {
        const TensorView& bias;
        const TensorView& y;
        const CallOptions& options;
    };

    Timeline time;
    std::vector<StreamKernel> kernels;         // longest blocks first
    std::vector<std::byte> in_data, out_data;  // of one call with the longest block
    TensorView in, out;
    std::int64_t frames = 0;  // so far

    Impl(const Problem& whole, std::vector<StreamKernel> of) : time(whole.axes[0]), kernels(std::move(of)) {
        std::ranges::sort(kernels, std::greater(), [this](const StreamKernel& k) { return block(k); });
        in = allocate(in_data, problem().types().input, problem().input_shape());
        out = allocate(out_data, problem().types().output, problem().output_shape());
        reset();
    }

    // New frames of one call.
    std::int64_t block(const StreamKernel& k) const { return k.kernel->problem().axes[0].input - time.history; }
    // The longest block that `count` frames fill, else the shortest.
    const StreamKernel& choose(std::int64_t count) const {
        const auto found = std::ranges::find_if(kernels, [&](const StreamKernel& k) { return block(k) <= count; });
        return found == kernels.end() ? kernels.back() : *found;
    }

    const Problem& problem() const { return kernels.front().kernel->problem(); }
    bool input_last() const { return problem().input_layout == Layout::channels_last; }
    bool output_last() const { return problem().output_layout == Layout::channels_last; }

    static TensorView allocate(std::vector<std::byte>& data, ElementType type, const std::vector<std::int64_t>& shape) {
        TensorView view = TensorView::dense(static_cast<void*>(nullptr), type, shape);
        data.resize(static_cast<std::size_t>(view.size() * element_type_info(type).bytes()));
        view.data = data.data();
        return view;
    }

    std::int64_t outputs(std::int64_t count) const { return time.given(frames + count) - time.given(frames); }
    std::int64_t rest() const { return time.total(frames) - time.given(frames); }
    void reset() {
        clear(in, problem().input_zero);
        frames = 0;
    }

    Status check_output(const TensorView& y, std::int64_t count) const {
        if (count == 0) return {};
        return check_view("y", y, problem().types().output, problem().batch, problem().out_channels, output_last(),
                          count);
    }
    // Takes `count` new frames of a block, in place behind the history, and writes `wanted` outputs to `y` from `at`
    // on.
    Status advance(const StreamKernel& k, std::int64_t count, std::int64_t wanted, std::int64_t at, const Call& call) {
        const std::int64_t all = k.kernel->problem().axes[0].output();
        const TensorView x = part(in, input_last(), 0, time.history + block(k));
        const TensorView y = part(call.y, output_last(), at, wanted);
        if (wanted > 0) {
            const TensorView to = wanted == all ? y : part(out, output_last(), 0, all);
            if (Status status = k.kernel->run(x, *k.weights, call.bias, to, call.options); !status.ok()) return status;
        }
        if (wanted > 0 && wanted < all) {
            const std::int64_t first = time.given(frames) + time.axis.pad_low - time.complete(frames);
            copy(part(out, output_last(), first, wanted), y);
        }
        copy(part(in, input_last(), count, time.history), part(in, input_last(), 0, time.history));
        frames += count;
        return {};
    }

    Status push(const TensorView& x, const Call& call) {
        const std::int64_t length = x.rank == 3 ? x.extents[input_last() ? 1 : 2] : 0;
        if (Status status = check_view("x", x, problem().types().input, problem().batch, problem().in_channels,
                                       input_last(), length);
            !status.ok())
            return status;
        if (Status status = check_output(call.y, outputs(length)); !status.ok()) return status;
        std::int64_t written = 0;
        for (std::int64_t taken = 0; taken < length;) {
            const StreamKernel& k = choose(length - taken);
            const std::int64_t count = std::min(block(k), length - taken);
            copy(part(x, input_last(), taken, count), part(in, input_last(), time.history, count));
            clear(part(in, input_last(), time.history + count, block(k) - count), problem().input_zero);
            const std::int64_t wanted = outputs(count);
            if (Status status = advance(k, count, wanted, written, call); !status.ok()) return status;
            written += wanted;
            taken += count;
        }
        return {};
    }

    // Beyond the end are zeros.
    Status finish(const Call& call) {
        if (Status status = check_output(call.y, rest()); !status.ok()) return status;
        const std::int64_t left = rest();
        for (std::int64_t written = 0; written < left;) {
            const StreamKernel& k = choose((left - written) / time.axis.stride);
            clear(part(in, input_last(), time.history, block(k)), problem().input_zero);
            const std::int64_t wanted = std::min(left - written, outputs(block(k)));
            if (Status status = advance(k, block(k), wanted, written, call); !status.ok()) return status;
            written += wanted;
        }
        reset();
        return {};
    }
};

Stream::Stream(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Stream::Stream(Stream&&) noexcept = default;
Stream& Stream::operator=(Stream&&) noexcept = default;
Stream::~Stream() = default;

Result<Problem> Stream::problem(const Problem& whole, std::int64_t frames) {
    if (Status status = whole.validate(); !status.ok()) return status;
    if (whole.rank != 1) return refuse("rank", fmt::to_string(whole.rank), "streams have one axis");
    if (whole.pass != Pass::forward) return refuse("pass", whole.text(), "streams run forward");
    if (whole.padding_mode != PaddingMode::zeros)
        return refuse("padding_mode", whole.text(), "what folds back from the end is not known while a stream runs");
    for (const EpilogueOperand& operand : whole.epilogue_operands())
        if (operand.shape == OperandShape::as_output)
            return refuse("epilogue", operand.name, "streams take no operand of the output's shape");
    if (whole.open_batch) return refuse("batch", "?", "streams have a fixed batch");
    if (frames < 1) return {Code::invalid_argument, fmt::format("frames = {}: must be at least 1", frames)};
    Problem p = whole;
    p.axes[0] = Timeline(whole.axes[0]).block(frames);
    p.sums = Sums::ordered;
    if (Status status = p.validate(); !status.ok()) return status;
    return p;
}

Result<Stream> Stream::create(const Problem& whole, const std::vector<StreamKernel>& kernels) {
    if (Status status = whole.validate(); !status.ok()) return status;
    if (kernels.empty()) return {Code::invalid_argument, "kernels: are none, must be one or more"};
    for (const auto& [kernel, weights] : kernels) {
        if (kernel == nullptr) return {Code::invalid_argument, "kernel: is null"};
        if (weights == nullptr) return {Code::invalid_argument, "weights: are null"};
        const std::int64_t frames = kernel->problem().axes[0].input - Timeline(whole.axes[0]).history;
        const Result<Problem> wanted = problem(whole, std::max<std::int64_t>(frames, 1));
        if (!wanted.ok()) return wanted.status();
        if (kernel->problem() != wanted.value())
            return {Code::invalid_argument, fmt::format("kernel: of {}, must be of Stream::problem, such as {}",
                                                        kernel->problem().text(), wanted.value().text())};
    }
    try {
        return Stream(std::make_unique<Impl>(whole, kernels));
    } catch (const std::bad_alloc&) {
        return {Code::out_of_memory, "no memory for the stream's tensors"};
    }
}

std::int64_t Stream::outputs(std::int64_t frames) const noexcept {
    return impl_->outputs(frames);
}

std::int64_t Stream::rest() const noexcept {
    return impl_->rest();
}

Status Stream::push(const TensorView& x, const TensorView& bias, const TensorView& y,
                    const CallOptions& options) noexcept {
    return guarded([&] { return impl_->push(x, {bias, y, options}); });
}

Status Stream::finish(const TensorView& bias, const TensorView& y, const CallOptions& options) noexcept {
    return guarded([&] { return impl_->finish({bias, y, options}); });
}

void Stream::reset() noexcept {
    impl_->reset();
}

}  // namespace convt
