// SPDX-License-Identifier: Apache-2.0
// Checks of a caller's tensors. The check runs at every call and allocates only where it fails.
#include "runtime/kernel/arguments.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iterator>

namespace convt {
namespace {

template <typename... Args>
Status refuse(const TensorRule& rule, fmt::format_string<Args...> format, Args&&... args) {
    return {Code::invalid_argument, fmt::format("{}: {}", rule.name, fmt::format(format, std::forward<Args>(args)...))};
}

std::span<const std::int64_t> shape(const std::int64_t* extents, int rank) {
    return {extents, static_cast<std::size_t>(std::clamp(rank, 0, TensorView::max_rank))};
}

Status bind_strided(const TensorRule& rule, const TensorView& view, Argument& argument);

void set_type(TensorRule& rule, ElementType type) {
    rule.type = type;
    rule.parts = element_type_info(type).parts;
    rule.scalar_bytes = element_type_info(type).scalar_bytes;
}

// The dense view's buffer is made once, by the code that binds any view: bind copies it.
void remember_dense(TensorRule& rule) {
    TensorView view;
    view.data = &rule;  // never followed; aligned for every type
    view.type = rule.type;
    view.rank = rule.rank;
    for (int i = 0; i < rule.rank; ++i) {
        view.extents[i] = rule.extents[i];
        view.strides[i] = rule.strides[i] = rule.dense[rule.halide[i]];
    }
    Argument argument;
    if (!bind_strided(rule, view, argument).ok()) return;  // a dense tensor that is too large: bytes stays 0
    std::copy(std::begin(argument.dims), std::end(argument.dims), rule.dims.begin());
    rule.bytes = static_cast<std::int64_t>(argument.high - argument.low);
}

bool takes(const TensorRule& rule, Device device) {
    return device == Device::cpu || (device == Device::cuda && rule.takes_device);
}

bool is_dense(const TensorRule& rule, const TensorView& view) {
    const auto rank = static_cast<std::size_t>(rule.rank);
    const auto alignment = static_cast<std::uintptr_t>(rule.scalar_bytes);
    return view.rank == rule.rank && view.type == rule.type && takes(rule, view.device) && view.data != nullptr &&
           (reinterpret_cast<std::uintptr_t>(view.data) & (alignment - 1)) == 0 && rule.bytes != 0 &&
           std::memcmp(view.extents, rule.extents.data(), rank * sizeof(std::int64_t)) == 0 &&
           std::memcmp(view.strides, rule.strides.data(), rank * sizeof(std::int64_t)) == 0;
}

// Strides of a dense tensor whose Halide dimensions lie in memory in the order `innermost_first`.
void set_dense_strides(TensorRule& rule, std::span<const int> innermost_first) {
    std::array<std::int64_t, max_halide_rank> extent;
    extent.fill(1);
    for (int i = 0; i < rule.rank; ++i)
        extent[rule.halide[i]] = rule.extents[i];
    rule.innermost = innermost_first.front();
    std::int64_t stride = 1;
    for (const int dimension : innermost_first) {
        rule.dense[dimension] = stride;
        stride *= extent[dimension];
    }
}

// Halide's numbers of x y z c g n. A caller's channel dimension is bound to c, then split into c and g.
constexpr int c_dimension = 3;
constexpr int g_dimension = 4;
constexpr int n_dimension = 5;

// An input, or what has the output's shape.
TensorRule image_rule(const char* name, const Problem& problem, ElementType type, bool output) {
    TensorRule rule;
    rule.name = name;
    set_type(rule, type);
    rule.rank = problem.rank + 2;
    rule.halide_rank = max_halide_rank;
    const std::int64_t channels = output ? problem.out_channels : problem.in_channels;
    rule.group_channels = channels / problem.groups;
    rule.may_drop_batch = problem.batch == 1;
    const bool last = (output ? problem.output_layout : problem.input_layout) == Layout::channels_last;
    const auto put = [&rule](int at, int dimension, std::int64_t extent, bool open) {
        rule.halide[at] = dimension;
        rule.extents[at] = extent;
        rule.open[at] = open;
    };
    put(0, n_dimension, problem.batch, problem.open_batch);
    put(last ? rule.rank - 1 : 1, c_dimension, channels, false);
    for (int i = 0; i < problem.rank; ++i) {
        const Axis& axis = problem.axes[i];
        put(i + (last ? 1 : 2), problem.rank - 1 - i, output ? axis.output() : axis.input, axis.is_open());
    }
    constexpr int first_order[] = {0, 1, 2, c_dimension, n_dimension};
    constexpr int last_order[] = {c_dimension, 0, 1, 2, n_dimension};
    set_dense_strides(rule, last ? last_order : first_order);
    remember_dense(rule);
    return rule;
}

TensorRule dense_rule(const char* name, ElementType type, const std::vector<std::int64_t>& extents,
                      std::initializer_list<std::int64_t> buffer) {
    TensorRule rule;
    rule.name = name;
    set_type(rule, type);
    rule.rank = static_cast<int>(extents.size());
    rule.halide_rank = static_cast<int>(buffer.size());
    rule.must_be_dense = true;
    std::copy(extents.begin(), extents.end(), rule.extents.begin());
    std::copy(buffer.begin(), buffer.end(), rule.buffer.begin());
    constexpr int order[] = {0, 1, 2, 3, 4};
    for (int i = 0; i < rule.rank; ++i)
        rule.halide[i] = rule.rank - 1 - i;
    set_dense_strides(rule, std::span(order).first(rule.rank));
    remember_dense(rule);
    return rule;
}

TensorRule channel_rule(const char* name, const Problem& problem, ElementType type) {
    return dense_rule(name, type, {problem.out_channels}, {problem.out_channels / problem.groups, problem.groups});
}

void split_channels(const TensorRule& rule, halide_dimension_t* dims) {
    const auto channels = static_cast<std::int32_t>(rule.group_channels);
    dims[g_dimension] = {0, dims[c_dimension].extent / channels, dims[c_dimension].stride * channels, 0};
    dims[c_dimension].extent = channels;
}

std::string shape_text(const TensorRule& rule) {
    std::string text;
    for (int i = 0; i < rule.rank; ++i)
        text += fmt::format("{}{}", i == 0 ? "" : ", ", rule.open[i] ? "?" : fmt::to_string(rule.extents[i]));
    return text;
}

Status check_shape(const TensorRule& rule, const TensorView& view, int dropped) {
    if (view.data == nullptr) return refuse(rule, "data is null");
    if (view.type != rule.type)
        return refuse(rule, "type is {}, must be {}", element_type_info(view.type).name,
                      element_type_info(rule.type).name);
    if (!takes(rule, view.device))
        return refuse(rule, "device is {}, must be {} (cpu){}", static_cast<int>(view.device),
                      static_cast<int>(Device::cpu), rule.takes_device ? " or 2 (cuda)" : "");
    const bool fits = view.rank == rule.rank - dropped &&
                      std::equal(view.extents, view.extents + view.rank, rule.extents.begin() + dropped);
    if (!fits)
        return refuse(rule, "shape is ({}), must be ({}){}", fmt::join(shape(view.extents, view.rank), ", "),
                      shape_text(rule), rule.may_drop_batch ? " or the same without the batch" : "");
    const auto alignment = static_cast<std::uintptr_t>(element_type_info(rule.type).scalar_bytes);
    if (reinterpret_cast<std::uintptr_t>(view.data) % alignment != 0)
        return refuse(rule, "data is at {}, must be aligned to {} bytes", view.data, alignment);
    return {};
}

// No two indices may meet: every stride must step over all that the smaller ones reach. This refuses a few layouts in
// which elements miss each other by chance of their numbers; nobody lays out a tensor so.
Status check_no_self_overlap(const TensorRule& rule, const TensorView& view) {
    std::array<int, TensorView::max_rank> order;
    int count = 0;
    for (int i = 0; i < view.rank; ++i)
        if (view.extents[i] > 1) order[count++] = i;
    const auto stride = [&](int i) { return std::abs(view.strides[i]); };
    for (int i = 1; i < count; ++i)
        for (int j = i; j > 0 && stride(order[j - 1]) > stride(order[j]); --j)
            std::swap(order[j - 1], order[j]);
    std::int64_t reach = 0;
    for (int i = 0; i < count; ++i) {
        if (stride(order[i]) <= reach)
            return refuse(rule,
                          "stride of dimension {} is {}, must be over {} in size: an output may not overlap itself",
                          order[i], view.strides[order[i]], reach);
        reach += (view.extents[order[i]] - 1) * stride(order[i]);
    }
    return {};
}

void set_buffer(const TensorRule& rule, const TensorView& view, Argument& argument) {
    argument.buffer = {};
    argument.buffer.host = static_cast<std::uint8_t*>(view.data);
    argument.buffer.type = halide_type(rule.type);
    argument.buffer.dimensions = rule.halide_rank + rule.parts - 1;
    argument.buffer.dim = argument.dims;
}

Status bind_strided(const TensorRule& rule, const TensorView& view, Argument& argument) {
    const int dropped = rule.may_drop_batch && view.rank == rule.rank - 1 ? 1 : 0;
    if (Status status = check_shape(rule, view, dropped); !status.ok()) return status;

    halide_dimension_t* const dims = argument.dims + (rule.parts - 1);
    if (rule.parts > 1) argument.dims[0] = {0, rule.parts, 1, 0};
    for (int d = 0; d < rule.halide_rank; ++d)
        dims[d] = {0, 1, static_cast<std::int32_t>(rule.dense[d] * rule.parts), 0};

    std::int64_t low = 0;
    std::int64_t high = rule.parts - 1;
    for (int i = 0; i < view.rank; ++i) {
        const std::int64_t extent = view.extents[i];
        const int d = rule.halide[i + dropped];
        dims[d].extent = static_cast<std::int32_t>(extent);
        if (extent == 1) continue;  // never stepped: the dense stride stays
        const std::int64_t stride = view.strides[i];
        if (stride != rule.dense[d] && (rule.must_be_dense || d == rule.innermost))
            return refuse(rule, "stride of dimension {} is {}, must be {} ({})", i, stride, rule.dense[d],
                          rule.must_be_dense ? "dense" : "the innermost dimension is contiguous");
        bool reachable = stride >= -max_offset && stride <= max_offset;
        // Extents are below 2^29 (tensors below 2^31 bytes) and strides below 2^31: the product fits.
        if (reachable) (stride < 0 ? low : high) += (extent - 1) * stride * rule.parts;
        reachable = reachable && high <= max_offset && low >= -max_offset;
        if (!reachable)
            return refuse(rule, "stride of dimension {} is {} with extent {}: offsets must stay below 2^31 scalars", i,
                          stride, extent);
        dims[d].stride = static_cast<std::int32_t>(stride * rule.parts);
    }
    if (rule.must_be_dense) {
        std::int64_t stride = rule.parts;
        for (int d = 0; d < rule.halide_rank; ++d) {
            dims[d] = {0, static_cast<std::int32_t>(rule.buffer[d]), static_cast<std::int32_t>(stride), 0};
            stride *= rule.buffer[d];
        }
    } else {
        split_channels(rule, dims);
    }
    if (rule.written)
        if (Status status = check_no_self_overlap(rule, view); !status.ok()) return status;

    set_buffer(rule, view, argument);
    const auto base = reinterpret_cast<std::uintptr_t>(view.data);
    argument.low = base + static_cast<std::uintptr_t>(low * rule.scalar_bytes);
    argument.high = base + static_cast<std::uintptr_t>((high + 1) * rule.scalar_bytes);
    return {};
}

}  // namespace

halide_type_t halide_type(ElementType type) noexcept {
    const ElementTypeInfo& info = element_type_info(type);
    return {static_cast<halide_type_code_t>(info.kind), static_cast<std::uint8_t>(info.scalar_bytes * 8), 1};
}

TensorRule input_rule(const Problem& problem) {
    return image_rule("x", problem.gathered(), problem.types().input, false);
}

TensorRule output_rule(const Problem& problem) {
    TensorRule rule = image_rule("y", problem.gathered(), problem.types().output, true);
    rule.written = true;
    return rule;
}

TensorRule weight_rule(const Problem& problem) {
    std::array<std::int64_t, 3> kernel = {1, 1, 1};
    for (int i = 0; i < problem.rank; ++i)
        kernel[i] = problem.axes[problem.rank - 1 - i].kernel;
    return dense_rule("weights", problem.types().weights, problem.weight_shape(),
                      {kernel[0], kernel[1], kernel[2], problem.out_channels / problem.groups,
                       problem.in_channels / problem.groups, problem.groups});
}

TensorRule bias_rule(const Problem& problem) {
    return channel_rule("bias", problem, problem.types().sum);
}

TensorRule operand_rule(const Problem& problem, const EpilogueOperand& operand) {
    const char* const name = operand.name.c_str();
    return operand.shape == OperandShape::per_channel ? channel_rule(name, problem, operand.type)
                                                      : image_rule(name, problem, operand.type, true);
}

Status bind(const TensorRule& rule, const TensorView& view, Argument& argument) {
    if (!is_dense(rule, view)) return bind_strided(rule, view, argument);
    std::copy(rule.dims.begin(), rule.dims.end(), argument.dims);
    set_buffer(rule, view, argument);
    argument.low = reinterpret_cast<std::uintptr_t>(view.data);
    argument.high = argument.low + static_cast<std::uintptr_t>(rule.bytes);
    return {};
}

halide_buffer_t dense_buffer(void* data, ElementType type, std::span<const std::int64_t> extents,
                             halide_dimension_t* dims) noexcept {
    std::int64_t stride = 1;
    for (std::size_t d = 0; d < extents.size(); ++d) {
        dims[d] = {0, static_cast<std::int32_t>(extents[d]), static_cast<std::int32_t>(stride), 0};
        stride *= extents[d];
    }
    halide_buffer_t buffer{};
    buffer.host = static_cast<std::uint8_t*>(data);
    buffer.type = halide_type(type);
    buffer.dimensions = static_cast<std::int32_t>(extents.size());
    buffer.dim = dims;
    return buffer;
}

}  // namespace convt
