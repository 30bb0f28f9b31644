// SPDX-License-Identifier: Apache-2.0
// The C interface: tensors and kernels.
#include "compiler/capi/support.h"

#include <optional>
#include <string>
#include <vector>

using namespace convt;
using namespace convt::capi;

namespace {

// A host's threads behind a function pointer.
class CallbackExecutor final : public Executor {
  public:
    explicit CallbackExecutor(const convt_call_options& options) : options_(options) {}
    void parallel_for(int count, const std::function<void(int)>& task) override {
        options_.parallel_for(
            options_.executor, count,
            [](void* data, int index) { (*static_cast<const std::function<void(int)>*>(data))(index); },
            const_cast<std::function<void(int)>*>(&task));
    }

  private:
    const convt_call_options& options_;
};

}  // namespace

Status convt::capi::read_tensor(const char* name, const convt_tensor* tensor, TensorView& view) {
    if (tensor == nullptr) return null_argument(name);
    convt_tensor known;
    if (!read_struct(tensor, known)) return short_struct(name, tensor->struct_size);
    if (known.type < 0 || known.type >= static_cast<std::int32_t>(element_types().size()))
        return {Code::invalid_argument,
                std::string(name) + ": type is " + std::to_string(known.type) + ", must be one of convt_element_type"};
    view.data = known.data;
    view.type = static_cast<ElementType>(known.type);
    view.device = known.device == 0 ? Device::cpu : static_cast<Device>(known.device);
    view.rank = known.rank;
    std::copy(std::begin(known.extents), std::end(known.extents), view.extents);
    std::copy(std::begin(known.strides), std::end(known.strides), view.strides);
    return {};
}

namespace {

Status read_operands(const convt_call_options& options, std::vector<TensorView>& views) {
    if (options.operand_count < 0)
        return {Code::invalid_argument,
                "operand_count is " + std::to_string(options.operand_count) + ", must be at least 0"};
    if (options.operand_count > 0 && options.operands == nullptr) return null_argument("operands");
    for (int i = 0; i < options.operand_count; ++i) {
        const std::string name = "operands[" + std::to_string(i) + "]";
        if (Status status = read_tensor(name.c_str(), options.operands[i], views.emplace_back()); !status.ok())
            return status;
    }
    return {};
}

template <typename Weights>
Status run(const convt_kernel* kernel, const convt_tensor* x, const Weights& weights, const convt_tensor* bias,
           const convt_tensor* y, const convt_call_options* options) {
    if (x == nullptr) return null_argument("x");
    if (y == nullptr) return null_argument("y");
    CallArguments call;
    if (Status status = call.read(x, bias, y, options); !status.ok()) return status;
    return kernel->value->run(call.x, weights, call.bias, call.y, call.options);
}

}  // namespace

Status CallArguments::read(const convt_tensor* x_tensor, const convt_tensor* bias_tensor, const convt_tensor* y_tensor,
                           const convt_call_options* given) {
    if (x_tensor != nullptr)
        if (Status status = read_tensor("x", x_tensor, x); !status.ok()) return status;
    if (y_tensor != nullptr)
        if (Status status = read_tensor("y", y_tensor, y); !status.ok()) return status;
    if (bias_tensor != nullptr)
        if (Status status = read_tensor("bias", bias_tensor, bias); !status.ok()) return status;
    if (given != nullptr && !read_struct(given, given_)) return short_struct("options", given->struct_size);
    options.threads = given_.threads;
    options.cuda_context = given_.cuda_context;
    options.cuda_stream = given_.cuda_stream;
    if (given_.parallel_for != nullptr) {
        executor_ = std::make_unique<CallbackExecutor>(given_);
        options.executor = executor_.get();
    }
    if (Status status = read_operands(given_, operands_); !status.ok()) return status;
    options.operands = operands_;
    return {};
}

convt_code convt_tensor_dense(convt_tensor* tensor, void* data, std::int32_t type, int rank, const int64_t* extents,
                              convt_error* error) {
    return guarded(error, [&]() -> Status {
        if (tensor == nullptr) return null_argument("tensor");
        if (extents == nullptr) return null_argument("extents");
        if (rank < 1 || rank > CONVT_MAX_RANK)
            return {Code::invalid_argument, "rank is " + std::to_string(rank) + ", must be 1 to 5"};
        convt_tensor dense{};
        dense.data = data;
        dense.type = type;
        dense.rank = rank;
        std::int64_t stride = 1;
        for (int i = rank - 1; i >= 0; --i) {
            dense.extents[i] = extents[i];
            dense.strides[i] = stride;
            if (__builtin_mul_overflow(stride, extents[i], &stride))
                return {Code::invalid_argument, "extents: their product must fit 64 bits"};
        }
        return write_struct(dense, tensor) ? Status() : short_struct("tensor", tensor->struct_size);
    });
}

void convt_kernel_destroy(convt_kernel* kernel) {
    delete kernel;
}

convt_code convt_kernel_get_info(const convt_kernel* kernel, convt_kernel_info* info, convt_error* error) {
    return guarded(error, [&]() -> Status {
        if (kernel == nullptr) return null_argument("kernel");
        if (info == nullptr) return null_argument("info");
        const ObjectInfo& facts = kernel->value->info();
        const convt_kernel_info known{0,
                                      facts.problem.c_str(),
                                      facts.target.c_str(),
                                      facts.strategy.c_str(),
                                      facts.schedule.c_str(),
                                      kernel->value->code_bytes(),
                                      static_cast<std::size_t>(facts.packed_bytes())};
        return write_struct(known, info) ? Status() : short_struct("info", info->struct_size);
    });
}

convt_code convt_kernel_pack(const convt_kernel* kernel, const convt_tensor* weights, convt_packed_weights** packed,
                             convt_error* error) {
    return guarded(error, [&]() -> Status {
        if (packed == nullptr) return null_argument("packed");
        *packed = nullptr;
        if (kernel == nullptr) return null_argument("kernel");
        TensorView view;
        if (Status status = read_tensor("weights", weights, view); !status.ok()) return status;
        Result<PackedWeights> made = kernel->value->pack(view);
        if (!made.ok()) return made.status();
        *packed = new convt_packed_weights{std::move(made).value()};
        return {};
    });
}

void convt_packed_weights_destroy(convt_packed_weights* packed) {
    delete packed;
}

convt_code convt_kernel_run(const convt_kernel* kernel, const convt_tensor* x, const convt_packed_weights* weights,
                            const convt_tensor* bias, const convt_tensor* y, const convt_call_options* options,
                            convt_error* error) {
    return guarded(error, [&]() -> Status {
        if (kernel == nullptr) return null_argument("kernel");
        if (weights == nullptr) return null_argument("weights");
        return run(kernel, x, weights->value, bias, y, options);
    });
}

convt_code convt_kernel_run_unpacked(const convt_kernel* kernel, const convt_tensor* x, const convt_tensor* weights,
                                     const convt_tensor* bias, const convt_tensor* y, const convt_call_options* options,
                                     convt_error* error) {
    return guarded(error, [&]() -> Status {
        if (kernel == nullptr) return null_argument("kernel");
        TensorView view;
        if (Status status = read_tensor("weights", weights, view); !status.ok()) return status;
        return run(kernel, x, view, bias, y, options);
    });
}

void convt_set_default_threads(int threads) {
    set_default_threads(threads);
}

int convt_default_threads(void) {
    return default_threads();
}
