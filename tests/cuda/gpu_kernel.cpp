// SPDX-License-Identifier: Apache-2.0
#include "tests/cuda/gpu_kernel.h"

#include "convt/kernel.h"
#include "tests/cuda/device.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace convt::test {
namespace {

void must(CUresult result, const char* what) {
    if (result != CUDA_SUCCESS) throw std::runtime_error(fmt::format("{}: {}", what, convt_ptx_last_error()));
}

// A tensor on the device, in rows that lie side by side or with gaps between.
class DeviceTensor {
  public:
    DeviceTensor(const TensorView& dense, std::int64_t gap) : view_(dense) {
        const ElementTypeInfo& type = element_type_info(dense.type);
        size_ = static_cast<std::size_t>(type.bytes());
        std::int64_t stride = 1;
        for (int d = dense.rank; d-- > 0;) {
            view_.strides[d] = stride;
            stride = stride * dense.extents[d] + gap;
        }
        bytes_ = static_cast<std::size_t>(stride) * size_;
        must(cuMemAlloc_v2(&address_, bytes_), "memory of the device");
        view_.data = reinterpret_cast<void*>(address_);
        view_.device = convt::Device::cuda;
    }
    const TensorView& view() const { return view_; }
    CUdeviceptr address() const { return address_; }
    std::size_t bytes() const { return bytes_; }

    // What lies between the rows stays unwritten.
    void upload(const std::vector<std::byte>& dense) {
        std::size_t from = 0;
        for_each_row([&](std::size_t offset, std::size_t bytes) {
            must(cuMemcpyHtoD_v2(address_ + offset, dense.data() + from, bytes), "a copy to the device");
            from += bytes;
        });
    }
    // Of `bytes()` things, those that belong to elements.
    template <typename T>
    std::vector<T> dense(const std::vector<T>& all) const {
        std::vector<T> some;
        for_each_row([&](std::size_t offset, std::size_t bytes) {
            some.insert(some.end(), all.begin() + static_cast<std::ptrdiff_t>(offset),
                        all.begin() + static_cast<std::ptrdiff_t>(offset + bytes));
        });
        return some;
    }

  private:
    // Offset and bytes of each run of elements that lie side by side; the whole tensor where there is no gap.
    template <typename Visit>
    void for_each_row(const Visit& visit) const {
        const int last = view_.rank - 1;
        const auto rows = static_cast<std::size_t>(view_.size() / view_.extents[last]);
        const auto row = static_cast<std::size_t>(view_.extents[last]) * size_;
        if (rows * row == bytes_) return visit(0, bytes_);
        for (std::size_t index = 0; index < rows; ++index) {
            auto rest = static_cast<std::int64_t>(index);
            std::int64_t offset = 0;
            for (int d = last; d-- > 0;) {
                offset += rest % view_.extents[d] * view_.strides[d];
                rest /= view_.extents[d];
            }
            visit(static_cast<std::size_t>(offset) * size_, row);
        }
    }

    TensorView view_;
    CUdeviceptr address_ = 0;
    std::size_t size_ = 0, bytes_ = 0;
};

int call_sample(void* data, const ptx::Dim3* grid, const ptx::Dim3* block) {
    return (*static_cast<const BlockSample*>(data))(*grid, *block) ? 1 : 0;
}

TensorView dense_view(ElementType type, const std::vector<std::byte>& bytes, const std::vector<std::int64_t>& shape) {
    return TensorView::dense(static_cast<const void*>(bytes.data()), type, shape);
}

void collect(const Problem& p, const DeviceTensor& y, GpuRun& run) {
    std::vector<unsigned char> flags(y.bytes());
    if (!convt_ptx_written(y.address(), flags.size(), flags.data())) throw std::runtime_error(convt_ptx_last_error());
    const std::vector<unsigned char> dense = y.dense(flags);
    const auto size = static_cast<std::size_t>(element_type_info(p.types().output).bytes());
    for (std::size_t at = 0; at < dense.size(); at += size) {
        const auto end = dense.begin() + static_cast<std::ptrdiff_t>(at + size);
        run.written.push_back(std::find(end - static_cast<std::ptrdiff_t>(size), end, 0) == end ? 1 : 0);
    }
    const auto count = [](const std::vector<unsigned char>& list) { return std::count(list.begin(), list.end(), 1); };
    run.stray_bytes = static_cast<std::uint64_t>(count(flags) - count(dense));
    std::vector<std::byte> all(y.bytes());
    must(cuMemcpyDtoH_v2(all.data(), y.address(), all.size()), "the output");
    run.output = y.dense(all);
}

// Needs a context that is current.
void call(const Object& object, const Operands& operands, std::int64_t gap, CallOptions options, GpuRun& run) {
    const auto fail = [](const Status& status) { throw std::runtime_error(status.message()); };
    const Result<std::shared_ptr<const Kernel>> kernel = Kernel::load(object);
    if (!kernel.ok()) return fail(kernel.status());
    const Problem& p = kernel.value()->problem();
    DeviceTensor x(dense_view(p.types().input, operands.x, p.input_shape()), gap);
    DeviceTensor y(dense_view(p.types().output, operands.x, p.output_shape()), gap);
    x.upload(operands.x);
    const auto uploaded = [](ElementType type, const std::vector<std::byte>& data,
                             const std::vector<std::int64_t>& shape, std::int64_t free) {
        DeviceTensor on_device(dense_view(type, data, shape), free);
        on_device.upload(data);
        return on_device.view();
    };
    const TensorView bias = p.bias ? uploaded(p.types().sum, operands.bias, {p.out_channels}, 0) : TensorView{};
    std::vector<TensorView> extras;
    for (const EpilogueOperand& operand : p.epilogue_operands())
        extras.push_back(uploaded(operand.type, operands.epilogue[extras.size()], p.operand_shape(operand),
                                  operand.shape == OperandShape::as_output ? gap : 0));
    options.operands = extras;
    const Result<PackedWeights> weights =
        kernel.value()->pack(dense_view(p.types().weights, operands.weights, p.weight_shape()));
    if (!weights.ok()) return fail(weights.status());
    if (const Status status = kernel.value()->run(x.view(), weights.value(), bias, y.view(), options); !status.ok())
        return fail(status);
    must(cuCtxSynchronize(), "the launch");
    collect(p, y, run);
}

}  // namespace

GpuRun run_on_stand_in(const Object& object, const Operands& operands, std::int64_t gap, const BlockSample& sample,
                       std::uint64_t limit) {
    const Device machine;
    const int capability = Target::parse(object.info.target).value().info().capability;
    convt_ptx_set_capability(capability / 10, capability % 10);
    BlockSample wanted = sample;
    convt_ptx_set_sample(wanted ? &call_sample : nullptr, &wanted);
    if (limit != 0) convt_ptx_set_limit(limit);
    GpuRun run;
    try {
        CallOptions options;
        options.cuda_context = make_context();
        must(cuCtxPushCurrent_v2(static_cast<CUcontext>(options.cuda_context)), "the context");
        call(object, operands, gap, options, run);
    } catch (const std::runtime_error& error) {
        run.failure = error.what();
    }
    run.launches = *convt_ptx_launches();
    cuCtxPopCurrent_v2(nullptr);
    return run;
}

Result<Object> gpu_object_of(const Problem& problem, const Target& target, const std::string& strategy,
                             const Schedule& schedule) {
    setenv("CONVT_PTXAS", "", 1);
    CompileOptions options;
    options.strategy = strategy;
    options.schedule = schedule.text();
    options.tuned.untuned = true;
    options.admit = false;
    return compile_object(problem, target, options);
}

std::string GpuRun::trouble() const {
    std::string text = failure;
    for (const ptx::LaunchRecord& launch : launches) {
        text += launch.error;
        for (const ptx::Finding& finding : launch.report.findings)
            text += "\n  " + finding.text();
    }
    if (stray_bytes != 0) text += fmt::format("\n  {} bytes between the output's elements were written", stray_bytes);
    return text;
}

std::vector<Target> gpu_targets() {
    std::vector<Target> list;
    for (const TargetInfo& row : targets()) {
        if (row.capability != 0) list.push_back(Target::parse(row.name).value());
    }
    return list;
}

}  // namespace convt::test
