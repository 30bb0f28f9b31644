// SPDX-License-Identifier: Apache-2.0
// The rules of sizes. Kernels index in 32 bits, so they also bound every position and every buffer that a strategy may
// make, by one estimate that holds for all of them: a problem that passes here is refused by no kernel for its size.
#include "runtime/problem/padding_mode.h"
#include "runtime/problem/rules.h"
#include "runtime/problem/sizes.h"

#include <algorithm>
#include <tuple>

namespace convt {
namespace {

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
    return saturating_add(
        saturating_add(saturating_mul(axis.input - 1, axis.stride), saturating_mul(axis.dilation, axis.kernel - 1)),
        axis.output_padding + 1);
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

// Elements of a tensor with `extent` positions an axis.
template <typename Extent>
std::int64_t elements(const Problem& p, std::int64_t outer, std::int64_t channels, Extent extent) {
    std::int64_t count = saturating_mul(outer, channels);
    for (int i = 0; i < p.rank; ++i)
        count = saturating_mul(count, extent(p.axes[static_cast<std::size_t>(i)]));
    return count;
}

std::int64_t rounded_up(std::int64_t value) {
    return (value + widest_tile - 1) / widest_tile * widest_tile;
}

std::int64_t padded_input(const Problem& p) {
    std::int64_t elements = saturating_mul(p.batch, p.in_channels);
    for (int i = 0; i < p.rank; ++i) {
        const Axis& axis = p.axes[static_cast<std::size_t>(i)];
        const std::int64_t halo = input_halo(axis);
        const std::int64_t extent = saturating_add(axis.input, 2 * halo);
        const std::int64_t outputs = i + 1 == p.rank ? rounded_up(axis.output()) : axis.output();
        const std::int64_t stepped = axis.step == 1 ? 0 : saturating_add(saturating_mul(outputs + 2, axis.step), halo);
        elements = saturating_mul(elements, std::max(stepped, i + 1 == p.rank ? rounded_up(extent) : extent));
    }
    return elements;
}

std::int64_t packed_weights(const Problem& p) {
    std::int64_t elements = saturating_mul(p.in_channels, rounded_up(p.out_channels / p.groups));
    for (int i = 0; i < p.rank; ++i)
        elements = saturating_mul(elements, p.axes[static_cast<std::size_t>(i)].kernel);
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
        const std::int64_t bytes = saturating_mul(count, element_type_info(type).bytes());
        if (bytes > int32_max) return broken(field, bytes, "must be less than 2^31");
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

}  // namespace

Status check_sizes(const Problem& p) {
    if (Status status = check_ranges(p); !status.ok()) return status;
    if (p.open_batch && p.batch != 1) return broken("batch", p.batch, "is 1 where it is open");
    if (Status status = check_axes(p); !status.ok()) return status;
    return check_bytes(p);
}

}  // namespace convt
