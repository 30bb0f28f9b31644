// SPDX-License-Identifier: Apache-2.0
// The tensors of a problem, dense, with the data that a seed gives.
#pragma once

#include "convt/kernel.h"
#include "convt/problem.h"
#include "tools/bench/reference.h"

#include <cstdint>
#include <span>
#include <vector>

namespace convt::cli {

// Aligned as an allocator of tensors would.
class Tensor {
  public:
    Tensor(ElementType type, std::vector<std::int64_t> shape) : type_(type), shape_(std::move(shape)) {
        std::int64_t bytes = element_type_info(type).bytes();
        for (const std::int64_t extent : shape_)
            bytes *= extent;
        storage_.resize(static_cast<std::size_t>(bytes) + alignment);
        const auto address = reinterpret_cast<std::uintptr_t>(storage_.data());
        data_ =
            std::span(storage_.data() + (alignment - address % alignment) % alignment, static_cast<std::size_t>(bytes));
    }
    std::span<std::byte> data() const { return data_; }
    const std::vector<std::int64_t>& shape() const { return shape_; }
    TensorView view() const { return TensorView::dense(static_cast<void*>(data_.data()), type_, shape_); }

  private:
    static constexpr std::size_t alignment = 64;
    ElementType type_;
    std::vector<std::int64_t> shape_;
    std::vector<std::byte> storage_;
    std::span<std::byte> data_;
};

// What goes in: convt and every peer get the same numbers.
struct Inputs {
    Tensor x, w, bias;
    std::vector<Tensor> operands;  // of the epilogue
    Inputs(const Problem& problem, std::uint64_t seed)
        : x(problem.types().input, problem.input_shape()),
          w(problem.types().weights, problem.weight_shape()),
          bias(problem.types().sum, {problem.bias ? problem.out_channels : 0}) {
        fill_uniform(x.data(), problem.types().input, seed);
        fill_uniform(w.data(), problem.types().weights, seed + 1);
        fill_uniform(bias.data(), problem.types().sum, seed + 2);
        for (const EpilogueOperand& operand : problem.epilogue_operands()) {
            const Tensor& tensor = operands.emplace_back(operand.type, problem.operand_shape(operand));
            fill_uniform(tensor.data(), operand.type, seed + 2 + operands.size());
        }
    }
    std::vector<TensorView> operand_views() const {
        std::vector<TensorView> views;
        for (const Tensor& operand : operands)
            views.push_back(operand.view());
        return views;
    }
    // As compare_sampled takes them, with an output.
    Operands with_output(std::span<const std::byte> y) const {
        Operands all{x.data(), w.data(), bias.data(), y, {}};
        for (const Tensor& operand : operands)
            all.epilogue.push_back(operand.data());
        return all;
    }
};

}  // namespace convt::cli
