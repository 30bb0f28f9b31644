// SPDX-License-Identifier: Apache-2.0
// Every rule a problem must keep, those of its sizes apart (size_rules.cpp), and its shapes.
#include "runtime/problem/epilogue.h"
#include "runtime/problem/padding_mode.h"
#include "runtime/problem/rules.h"
#include "runtime/problem/scalars.h"
#include "runtime/problem/tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace convt {
namespace {

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
    std::int64_t products = saturating_mul(p.in_channels / p.groups, p.folds());
    for (int i = 0; i < p.rank; ++i) {
        // The taps of one output are S / gcd(S, D) apart.
        const Axis& axis = p.axes[static_cast<std::size_t>(i)];
        const std::int64_t step = axis.stride / std::gcd(axis.stride, axis.dilation);
        const std::int64_t taps = (axis.kernel + step - 1) / step;
        const std::int64_t inputs =
            axis.is_open() && axis.open.highest == 0 ? taps : std::max(axis.input, axis.open.highest);
        products = saturating_mul(products, std::min(taps, inputs));
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
    std::int64_t count = saturating_mul(batch, saturating_mul(in_channels, out_channels / groups));
    for (int i = 0; i < rank; ++i) {
        const Axis& axis = axes[static_cast<std::size_t>(i)];
        count = saturating_mul(count, saturating_mul(axis.input, axis.kernel));
    }
    return count;
}

}  // namespace convt
