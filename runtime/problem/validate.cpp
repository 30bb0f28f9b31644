// SPDX-License-Identifier: Apache-2.0
// Every rule a problem must keep, and its shapes. Kernels index in 32 bits, so the rules also bound every position and
// every buffer that a strategy may make, by one estimate that holds for all of them: a problem that passes here is
// refused by no kernel for its size.
#include "runtime/problem/epilogue.h"
#include "runtime/problem/padding_mode.h"
#include "runtime/problem/scalars.h"
#include "runtime/problem/sizes.h"
#include "runtime/problem/tokens.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <tuple>

#include <fmt/format.h>

namespace convt {
namespace {

constexpr std::int64_t int32_max = std::numeric_limits<std::int32_t>::max();

// Products and sums of values in [0, 2^63) that stay at 2^63 - 1 instead of wrapping.
std::int64_t add(std::int64_t a, std::int64_t b) {
    std::int64_t sum = 0;
    return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<std::int64_t>::max() : sum;
}
std::int64_t mul(std::int64_t a, std::int64_t b) {
    std::int64_t product = 0;
    return __builtin_mul_overflow(a, b, &product) ? std::numeric_limits<std::int64_t>::max() : product;
}

Status broken(std::string_view field, std::int64_t value, std::string_view rule) {
    return {Code::invalid_problem, fmt::format("{} = {}: {}", field, value, rule)};
}

// What default schedules are for: enough blocks of a row for any tile, and an input of many channels that stays in a
// second-level cache.
std::int64_t nominal_extent(const OpenExtent& open, int rank) {
    constexpr std::array<std::int64_t, 3> round{1024, 64, 16};
    const std::int64_t multiple = std::max<std::int64_t>(open.multiple, 1);
    const std::int64_t most = open.highest == 0 ? std::numeric_limits<std::int64_t>::max() : open.highest;
    const std::int64_t wanted = round[static_cast<std::size_t>(std::clamp(rank, 1, 3) - 1)];
    return std::max(std::min(wanted, most) / multiple * multiple, open.lowest);
}

// Named as in (N, C, D, H, W): the last axis is always W.
std::string axis_field(std::string_view field, int rank, int axis) {
    return fmt::format("{}[{}]", field, "DHW"[3 - rank + axis]);
}

Status check_range(std::string_view field, std::int64_t value, std::int64_t least) {
    if (value < least) return broken(field, value, fmt::format("must be at least {}", least));
    if (value > int32_max) return broken(field, value, fmt::format("must be at most {}", int32_max));
    return {};
}

Status check_ranges(const Problem& p) {
    const auto check_axes = [&p](std::string_view field, std::int64_t Axis::*member, std::int64_t least) {
        for (int i = 0; i < p.rank; ++i) {
            const std::int64_t value = p.axes[static_cast<std::size_t>(i)].*member;
            if (value >= least && value <= int32_max) continue;  // names are made for messages alone
            return check_range(axis_field(field, p.rank, i), value, least);
        }
        return Status();
    };
    for (const Status& status :
         {check_range("batch", p.batch, 1), check_range("in_channels", p.in_channels, 1),
          check_range("out_channels", p.out_channels, 1), check_axes("input", &Axis::input, 1),
          check_axes("kernel", &Axis::kernel, 1), check_axes("stride", &Axis::stride, 1),
          check_axes("padding low", &Axis::pad_low, 0), check_axes("padding high", &Axis::pad_high, 0),
          check_axes("output_padding", &Axis::output_padding, 0), check_axes("dilation", &Axis::dilation, 1),
          check_range("groups", p.groups, 1)}) {
        if (!status.ok()) return status;
    }
    return {};
}

// What an open axis leaves to calls, and that its nominal extent is the one that goes with it.
Status check_open(const Problem& p, int index) {
    const Axis& axis = p.axes[static_cast<std::size_t>(index)];
    const auto& [lowest, highest, multiple] = axis.open;
    if (axis.open == OpenExtent{}) return {};
    const auto refuse = [&](std::string_view field, std::int64_t value, std::string_view rule) {
        return broken(axis_field(field, p.rank, index), value, rule);
    };
    if (lowest < 1 || lowest > int32_max) return refuse("lowest input", lowest, "must be in [1, 2^31)");
    if (multiple < 1 || lowest % multiple != 0)
        return refuse("multiple of input", multiple, fmt::format("must divide the lowest input {}", lowest));
    if (highest == 0 && lowest != multiple)
        return refuse("lowest input", lowest, "must be the multiple where there is no highest");
    if (highest != 0 && (highest <= lowest || highest > int32_max || highest % multiple != 0))
        return refuse("highest input", highest,
                      fmt::format("must be above the lowest {}, a multiple of {} and below 2^31", lowest, multiple));
    const std::int64_t nominal = nominal_extent(axis.open, p.rank);
    if (axis.input != nominal) return refuse("input", axis.input, fmt::format("is {} where it is open", nominal));
    return {};
}

// The output extent before padding crops it: every position `o + pad_low` lies below.
std::int64_t uncropped(const Axis& axis) {
    return add(add(mul(axis.input - 1, axis.stride), mul(axis.dilation, axis.kernel - 1)), axis.output_padding + 1);
}

Status check_axis(const Axis& axis, const PaddingModeRow& row, int rank, int index) {
    if (axis.output_padding >= std::max(axis.stride, axis.dilation)) {
        return broken(
            axis_field("output_padding", rank, index), axis.output_padding,
            fmt::format("must be less than the larger of stride {} and dilation {}", axis.stride, axis.dilation));
    }
    const std::int64_t extent = uncropped(axis);
    if (extent > int32_max) {
        return broken(axis_field("output before padding", rank, index), extent,
                      fmt::format("must be at most {}", int32_max));
    }
    const std::int64_t output = extent - axis.pad_low - axis.pad_high;
    if (output < 1) return broken(axis_field("output", rank, index), output, "must be at least 1");
    for (const auto& [field, padding] :
         {std::pair("padding low", axis.pad_low), std::pair("padding high", axis.pad_high)}) {
        const std::int64_t most = output + row.beyond;
        if (padding > most) {
            return broken(axis_field(field, rank, index), padding,
                          fmt::format("must be at most {} with {} and output {}", most, row.word, output));
        }
    }
    return {};
}

// Steps are of what gradients are gathered by, never of a layer.
Status check_steps(const Problem& p) {
    for (int i = 0; i < p.rank; ++i) {
        const std::int64_t step = p.axes[static_cast<std::size_t>(i)].step;
        if (step != 1) return broken(axis_field("step", p.rank, i), step, "must be 1");
    }
    return {};
}

Status check_gradient(const Problem& p) {
    if (p.pass == Pass::forward) return {};
    if (p.type != ProblemType::f32 && p.type != ProblemType::f64)
        return {Code::invalid_problem, fmt::format("type = {}: gradients are of f32 and f64 alone", p.types().name)};
    if (p.padding_mode != PaddingMode::zeros)
        return {Code::invalid_problem, fmt::format("padding_mode = {}: gradients are of padding with zeros alone",
                                                   padding_mode_row(p.padding_mode).word)};
    if (p.sums == Sums::ordered)
        return {Code::invalid_problem, "sums = ordered: gradients have no order that is documented"};
    if (p.is_open()) return {Code::invalid_problem, "open sizes: gradients are of closed sizes alone"};
    if (p.bias) return broken("bias", 1, "the gradient by the input does not depend on it");
    if (!p.epilogue.empty())
        return broken("epilogue operations", static_cast<std::int64_t>(p.epilogue.size()),
                      "must be 0 for gradients: x is the gradient before them");
    return {};
}

Status check_groups(const Problem& p) {
    for (const auto& [field, channels] :
         {std::pair("in_channels", p.in_channels), std::pair("out_channels", p.out_channels)}) {
        if (channels % p.groups != 0) {
            return broken(field, channels, fmt::format("must be divisible by groups {}", p.groups));
        }
    }
    return {};
}

// Elements of a tensor with `extent` positions an axis.
template <typename Extent>
std::int64_t elements(const Problem& p, std::int64_t outer, std::int64_t channels, Extent extent) {
    std::int64_t count = mul(outer, channels);
    for (int i = 0; i < p.rank; ++i)
        count = mul(count, extent(p.axes[static_cast<std::size_t>(i)]));
    return count;
}

std::int64_t rounded_up(std::int64_t value) {
    return (value + widest_tile - 1) / widest_tile * widest_tile;
}

std::int64_t padded_input(const Problem& p) {
    std::int64_t elements = mul(p.batch, p.in_channels);
    for (int i = 0; i < p.rank; ++i) {
        const Axis& axis = p.axes[static_cast<std::size_t>(i)];
        const std::int64_t halo = input_halo(axis);
        const std::int64_t extent = add(axis.input, 2 * halo);
        const std::int64_t outputs = i + 1 == p.rank ? rounded_up(axis.output()) : axis.output();
        const std::int64_t stepped = axis.step == 1 ? 0 : add(mul(outputs + 2, axis.step), halo);
        elements = mul(elements, std::max(stepped, i + 1 == p.rank ? rounded_up(extent) : extent));
    }
    return elements;
}

std::int64_t packed_weights(const Problem& p) {
    std::int64_t elements = mul(p.in_channels, rounded_up(p.out_channels / p.groups));
    for (int i = 0; i < p.rank; ++i)
        elements = mul(elements, p.axes[static_cast<std::size_t>(i)].kernel);
    return elements;
}

Status check_bytes(const Problem& p) {
    const ProblemTypeInfo& types = p.types();
    const Problem gather = p.gathered();
    const bool folds = p.padding_mode != PaddingMode::zeros;
    const auto input = [](const Axis& a) { return a.input; };
    const auto output = [](const Axis& a) { return a.output(); };
    const auto kernel = [](const Axis& a) { return a.kernel; };
    for (const auto& [field, count, type] :
         {std::tuple("input bytes", elements(gather, p.batch, gather.in_channels, input), types.input),
          std::tuple("output bytes", elements(gather, p.batch, gather.out_channels, output), types.output),
          std::tuple("output before folding bytes", folds ? elements(p, p.batch, p.out_channels, uncropped) : 0,
                     types.sum),
          std::tuple("weight bytes", elements(p, p.in_channels, p.out_channels / p.groups, kernel), types.weights),
          std::tuple("padded input bytes", padded_input(gather), types.sum),
          std::tuple("packed weight bytes", packed_weights(gather), types.sum)}) {
        const std::int64_t bytes = mul(count, element_type_info(type).bytes());
        if (bytes > int32_max) return broken(field, bytes, "must be less than 2^31");
    }
    return {};
}

Status check_zero(const Problem& p) {
    if (p.input_zero == 0) return {};
    const ElementTypeInfo& type = element_type_info(p.types().input);
    if (type.exponent_bits != 0) return broken("zero point", p.input_zero, "is of inputs of integers alone");
    if (round_scalar(type.type, static_cast<double>(p.input_zero)) != static_cast<double>(p.input_zero))
        return broken("zero point", p.input_zero, fmt::format("must be a value of {}", type.name));
    return {};
}

// Sums of integers do not round; nor may they wrap, whatever the data are.
Status check_sums(const Problem& p) {
    const ProblemTypeInfo& types = p.types();
    if (element_type_info(types.sum).exponent_bits != 0) return {};
    std::int64_t products = mul(p.in_channels / p.groups, p.folds());
    for (int i = 0; i < p.rank; ++i) {
        // The taps of one output are S / gcd(S, D) apart.
        const Axis& axis = p.axes[static_cast<std::size_t>(i)];
        const std::int64_t step = axis.stride / std::gcd(axis.stride, axis.dilation);
        const std::int64_t taps = (axis.kernel + step - 1) / step;
        const std::int64_t inputs =
            axis.is_open() && axis.open.highest == 0 ? taps : std::max(axis.input, axis.open.highest);
        products = mul(products, std::min(taps, inputs));
    }
    constexpr std::int64_t largest_product = 255 * 128;
    const std::int64_t most = int32_max / 2 / largest_product;
    if (products > most)
        return broken("products of an output", products,
                      fmt::format("must be at most {}, so that sums fit 32 bits", most));
    return {};
}

Status check_op(const Problem& p, const EpilogueOp& op) {
    const EpilogueRow* const row = find_epilogue_row(op.kind);
    if (row == nullptr) return broken("epilogue", static_cast<int>(op.kind), "no such operation");
    const float a = op.values[0], b = op.values[1];
    const auto refuse = [&](std::string_view rule) {
        const std::string values = row->values == 2 ? fmt::format("{}:{}", a, b) : fmt::to_string(a);
        return Status(Code::invalid_problem, fmt::format("epilogue {} = {}: {}", row->name, values, rule));
    };
    if (p.types().parts() != 1 && !row->is_complex) return refuse("not defined for complex types");
    if (element_type_info(p.types().epilogue).exponent_bits == 0 && !row->is_integer)
        return refuse("not defined for integers");
    if (!std::isfinite(a) || !std::isfinite(b)) return refuse("must be finite");
    if (row->values < 1 && a != 0.0F) return refuse("takes no value");
    if (row->values < 2 && b != 0.0F) return refuse("takes no second value");
    if (row->values == 2 && a > b) return refuse("low must be at most high");
    return {};
}

Status check_epilogue(const Problem& p) {
    if (p.epilogue.size() > max_epilogue)
        return broken("epilogue operations", static_cast<std::int64_t>(p.epilogue.size()),
                      fmt::format("must be at most {}", max_epilogue));
    for (const EpilogueOp& op : p.epilogue) {
        if (Status status = check_op(p, op); !status.ok()) return status;
    }
    return {};
}

Status check_enums(const Problem& p) {
    if (p.rank < 1 || p.rank > 3) return broken("rank", p.rank, "must be 1, 2 or 3");
    const auto type = static_cast<std::size_t>(p.type);
    if (type >= problem_types().size()) return broken("type", static_cast<std::int64_t>(type), "no such element type");
    const auto mode = static_cast<std::size_t>(p.padding_mode);
    if (mode >= padding_modes().size()) {
        return broken("padding_mode", static_cast<std::int64_t>(mode), "no such padding mode");
    }
    if (p.sums > Sums::ordered) return broken("sums", static_cast<int>(p.sums), "no such order of sums");
    const auto pass = static_cast<std::size_t>(p.pass);
    if (pass >= problem_text::passes().size()) return broken("pass", static_cast<std::int64_t>(pass), "no such pass");
    for (const auto& [field, layout] :
         {std::pair("input_layout", p.input_layout), std::pair("output_layout", p.output_layout)}) {
        if (layout > Layout::channels_last) return broken(field, static_cast<int>(layout), "no such layout");
    }
    return {};
}

// Of axes whose range has a highest extent both ends make a valid axis; other extents are looked at call by call.
Status check_axes(const Problem& p) {
    const PaddingModeRow& row = padding_mode_row(p.padding_mode);
    for (int i = 0; i < p.rank; ++i) {
        Axis axis = p.axes[static_cast<std::size_t>(i)];
        if (Status status = check_open(p, i); !status.ok()) return status;
        if (Status status = check_axis(axis, row, p.rank, i); !status.ok()) return status;
        if (axis.open.highest == 0) continue;
        for (const std::int64_t end : {axis.open.lowest, axis.open.highest}) {
            axis.input = end;
            if (Status status = check_axis(axis, row, p.rank, i); !status.ok())
                return {status.code(), fmt::format("at input {}: {}", end, status.message())};
        }
    }
    return {};
}

Status check_extent(const Problem& p, int index, std::int64_t extent) {
    const Axis& axis = p.axes[static_cast<std::size_t>(index)];
    const auto refuse = [&](std::string_view rule) {
        return Status(Code::invalid_argument,
                      fmt::format("{} = {}: {}", axis_field("input", p.rank, index), extent, rule));
    };
    if (!axis.is_open()) return extent == axis.input ? Status() : refuse(fmt::format("must be {}", axis.input));
    const auto& [lowest, highest, multiple] = axis.open;
    if (extent < lowest) return refuse(fmt::format("must be at least {}", lowest));
    if (highest != 0 && extent > highest) return refuse(fmt::format("must be at most {}", highest));
    if (extent % multiple != 0) return refuse(fmt::format("must be a multiple of {}", multiple));
    return {};
}

std::vector<std::int64_t> activation_shape(const Problem& p, Layout layout, std::int64_t channels, bool output) {
    std::vector<std::int64_t> shape = {p.batch};
    if (layout == Layout::channels_first) shape.push_back(channels);
    for (int i = 0; i < p.rank; ++i) {
        const Axis& axis = p.axes[static_cast<std::size_t>(i)];
        shape.push_back(output ? axis.output() : axis.input);
    }
    if (layout == Layout::channels_last) shape.push_back(channels);
    return shape;
}

// The rules about extents.
Status check_sizes(const Problem& p) {
    if (Status status = check_ranges(p); !status.ok()) return status;
    if (p.open_batch && p.batch != 1) return broken("batch", p.batch, "is 1 where it is open");
    if (Status status = check_axes(p); !status.ok()) return status;
    return check_bytes(p);
}

}  // namespace

Status Problem::validate() const {
    if (Status status = check_enums(*this); !status.ok()) return status;
    if (Status status = check_sizes(*this); !status.ok()) return status;
    if (Status status = check_steps(*this); !status.ok()) return status;
    if (Status status = check_groups(*this); !status.ok()) return status;
    if (Status status = check_gradient(*this); !status.ok()) return status;
    if (Status status = check_zero(*this); !status.ok()) return status;
    if (Status status = check_sums(*this); !status.ok()) return status;
    return check_epilogue(*this);
}

void Problem::open_input(int i, const OpenExtent& open) {
    Axis& axis = axes[static_cast<std::size_t>(i)];
    axis.open = open;
    axis.input = nominal_extent(open, rank);
}

bool Problem::is_open() const noexcept {
    return open_batch || std::ranges::any_of(axes, &Axis::is_open);
}

Result<Problem> Problem::closed(std::int64_t wanted_batch, std::span<const std::int64_t> input) const {
    const auto refuse = [](std::string_view field, std::int64_t value, std::string_view rule) {
        return Status(Code::invalid_argument, fmt::format("{} = {}: {}", field, value, rule));
    };
    if (input.size() != static_cast<std::size_t>(rank))
        return refuse("input extents", static_cast<std::int64_t>(input.size()), fmt::format("must be {}", rank));
    if (!open_batch && wanted_batch != batch) return refuse("batch", wanted_batch, fmt::format("must be {}", batch));
    for (int i = 0; i < rank; ++i) {
        if (Status status = check_extent(*this, i, input[static_cast<std::size_t>(i)]); !status.ok()) return status;
    }
    Problem call = *this;
    call.open_batch = false;
    call.batch = wanted_batch;
    for (int i = 0; i < rank; ++i) {
        Axis& axis = call.axes[static_cast<std::size_t>(i)];
        axis.open = {};
        axis.input = input[static_cast<std::size_t>(i)];
    }
    if (Status status = check_sizes(call); !status.ok()) return Status(Code::invalid_argument, status.message());
    return call;
}

std::vector<std::int64_t> Problem::input_shape() const {
    if (pass != Pass::forward) return gathered().input_shape();
    return activation_shape(*this, input_layout, in_channels, false);
}

std::vector<std::int64_t> Problem::output_shape() const {
    if (pass != Pass::forward) return gathered().output_shape();
    return activation_shape(*this, output_layout, out_channels, true);
}

std::vector<std::int64_t> Problem::weight_shape() const {
    std::vector<std::int64_t> shape = {in_channels, out_channels / groups};
    for (int i = 0; i < rank; ++i)
        shape.push_back(axes[static_cast<std::size_t>(i)].kernel);
    return shape;
}

bool Problem::rounds_in_order() const noexcept {
    return sums == Sums::ordered && element_type_info(types().sum).exponent_bits != 0;
}

std::int64_t Problem::multiply_adds() const noexcept {
    std::int64_t count = mul(batch, mul(in_channels, out_channels / groups));
    for (int i = 0; i < rank; ++i) {
        const Axis& axis = axes[static_cast<std::size_t>(i)];
        count = mul(count, mul(axis.input, axis.kernel));
    }
    return count;
}

}  // namespace convt
