// SPDX-License-Identifier: Apache-2.0
// Whether an output shares memory with an input. Tensors apart in memory are the usual case and cost a comparison; for
// those whose ranges cross, slices of one larger tensor (channels of a concatenation, for example) are proved apart by
// their residues: with G the stride of an outer dimension of both, each view stays in an arc of a circle of length G.
#include "runtime/kernel/arguments.h"

#include <fmt/format.h>

#include <cstdlib>

namespace convt {
namespace {

std::span<const halide_dimension_t> dimensions(const Argument& argument) {
    return {argument.dims, static_cast<std::size_t>(argument.buffer.dimensions)};
}

// Bytes from the lowest that the dimensions whose stride is no multiple of `circle` reach.
std::int64_t arc(const Argument& argument, std::int64_t circle, std::int64_t scalar_bytes) {
    std::int64_t reach = scalar_bytes;
    for (const halide_dimension_t& d : dimensions(argument)) {
        const std::int64_t stride = std::abs(std::int64_t{d.stride}) * scalar_bytes;
        if (stride % circle != 0) reach += (d.extent - 1) * stride;
    }
    return reach;
}

bool apart_on_circle(const Argument& a, const Argument& b, std::int64_t circle, std::int64_t scalar_bytes) {
    const std::int64_t arc_a = arc(a, circle, scalar_bytes);
    const std::int64_t arc_b = arc(b, circle, scalar_bytes);
    const auto length = static_cast<std::uintptr_t>(circle);
    const auto a_to_b = static_cast<std::int64_t>((b.low % length + length - a.low % length) % length);
    return a_to_b >= arc_a && circle - a_to_b >= arc_b;
}

bool proved_apart(const Argument& a, const Argument& b) {
    const std::int64_t scalar_bytes = a.buffer.type.bits / 8;
    for (const Argument* argument : {&a, &b})
        for (const halide_dimension_t& d : dimensions(*argument)) {
            const std::int64_t circle = std::abs(std::int64_t{d.stride}) * scalar_bytes;
            if (d.extent > 1 && circle > 0 && apart_on_circle(a, b, circle, scalar_bytes)) return true;
        }
    return false;
}

}  // namespace

Status check_disjoint(const TensorRule& written_rule, const Argument& written, const TensorRule& read_rule,
                      const Argument& read) {
    if (written.high <= read.low || read.high <= written.low || proved_apart(written, read)) return {};
    return {Code::invalid_argument,
            fmt::format(
                "{}: its memory [{:#x}, {:#x}) overlaps that of {}, [{:#x}, {:#x}): an output may not overlap an input",
                written_rule.name, written.low, written.high, read_rule.name, read.low, read.high)};
}

}  // namespace convt
