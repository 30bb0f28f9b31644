// SPDX-License-Identifier: Apache-2.0
#include "compiler/phase_expr.h"

#include <algorithm>

namespace convt {

using Halide::Expr;

PhaseExpr phase_expr(const PhaseTable& table, const Expr& j) {
    const auto constant = [](std::int64_t value) { return Expr(static_cast<int>(value)); };
    const auto wide = [](const Expr& value) { return Halide::cast<int64_t>(value); };
    if (table.phases() == 1) {
        const Phase only = table.phase(0);
        return {constant(only.taps), constant(only.first_tap), constant(only.base)};
    }
    const Expr shifted = j + constant(table.padding() % table.phases());
    const Expr r = shifted % constant(table.phases());
    if (table.dilation() == 1 && table.kernel() >= table.phases()) {
        // Residue r begins at tap r. Simplifying the general form takes a fifth of the time to compile a kernel.
        const Expr count = (constant(table.kernel() - 1) - r) / constant(table.phases()) + 1;
        return {table.equal_taps() ? constant(table.max_taps()) : count, r,
                constant(table.padding() / table.phases()) + shifted / constant(table.phases())};
    }
    // The product stays below S^2, so 64 bits hold it for every stride of 32 bits.
    const Expr first = table.tap_step() == 1
                           ? Expr(0)
                           : Halide::cast<int>(wide(r / constant(table.divisor())) * wide(constant(table.inverse())) %
                                               wide(constant(table.tap_step())));
    const Expr reached = r % constant(table.divisor()) == 0 && first < constant(table.kernel());
    const Expr count = (constant(table.kernel() - 1) - first) / constant(table.tap_step()) + 1;
    // The whole strides of the padding are taken out first: padding may exceed 32 bits, the input index does not.
    const Expr base = constant(table.padding() / table.phases()) +
                      (shifted - constant(table.dilation()) * first) / constant(table.phases());
    return {table.equal_taps() ? constant(table.max_taps()) : Halide::select(reached, count, 0), first,
            Halide::clamp(base, constant(table.lowest_base()), constant(table.highest_base()))};
}

TapRange tap_range(const PhaseTable& table, const KernelAxis& axis, const PhaseExpr& phase, const Expr& q, int tile) {
    if (!table.leaves_input(axis)) return {0, phase.taps, table.equal_taps()};
    const int step = static_cast<int>(table.input_step());
    const int across = static_cast<int>(table.position_step());
    const Expr start = q * across + phase.base;  // input index of the tile's first position at the first tap
    const Expr first = Halide::max((start - axis.input_extent + step) / step, 0);
    const Expr end = Halide::min(phase.taps, (start + (tile - 1) * across) / step + 1);
    return {Halide::min(first, static_cast<int>(table.max_taps()) - 1), Halide::max(end - first, 0), false};
}

Expr tap_of(const PhaseTable& table, const TapRange& range, const Expr& r) {
    return range.whole ? r : range.first + Halide::clamp(r, 0, static_cast<int>(table.max_taps()) - 1);
}

OffsetTap offset_tap(const PhaseTable& table, const Expr& j, const Expr& u) {
    // S i + D k = o + P with o = S q + j, i = q + u + P / S.
    const Expr scaled = j + static_cast<int>(table.padding() % table.phases()) - u * static_cast<int>(table.phases());
    const int dilation = static_cast<int>(table.dilation()), kernel = static_cast<int>(table.kernel());
    const Expr tap = scaled / dilation;
    Expr exists = tap >= 0 && tap < kernel;
    if (dilation > 1) exists = exists && scaled % dilation == 0;
    return {Halide::clamp(tap, 0, kernel - 1), exists};
}

OffsetRange offset_range(const PhaseTable& table, int first, int count) {
    const std::int64_t strides = table.padding() / table.phases();
    bool none = true;
    std::int64_t lowest = 0, highest = 0;
    for (std::int64_t j = first; j < first + count; ++j) {
        const Phase phase = table.phase(j % table.phases());
        if (phase.taps == 0) continue;
        const std::int64_t high = phase.base - strides + j / table.phases();
        const std::int64_t low = high - (phase.taps - 1) * table.input_step();
        lowest = none ? low : std::min(lowest, low);
        highest = none ? high : std::max(highest, high);
        none = false;
    }
    return {static_cast<int>(lowest), static_cast<int>(highest - lowest) + 1, static_cast<int>(strides)};
}

OffsetLoop offset_loop(const OffsetRange& range, bool taps_ascend) {
    if (taps_ascend) return {-(range.lowest + range.count - 1), -1};
    return {range.lowest, 1};
}

Expr input_row(const PhaseTable& table, const PhaseExpr& phase, const Expr& q, const Expr& m) {
    return q * static_cast<int>(table.position_step()) + phase.base - m * static_cast<int>(table.input_step());
}

RolledTap rolled_tap(const PhaseTable& table, const KernelAxis& axis, Halide::RDom& taps, int dimension,
                     const Expr& at) {
    const Expr stride = to_int(table.phases()), q = at / stride, place = taps[dimension];
    const PhaseExpr phase = phase_expr(table, at % stride);
    const TapRange range = tap_range(table, axis, phase, q, 1);
    if (!range.whole) taps.where(place < range.count);
    const Expr m = tap_of(table, range, place), row = input_row(table, phase, q, m);
    // Halide 21 finds no bound of the row in a count that some phases do not have, and GPUs' kernels check that the
    // whole region it infers is there.
    if (table.divisor() > 1) taps.where(row >= 0 && row < axis.input_extent);
    return {Halide::clamp(phase.first_tap + m * to_int(table.tap_step()), 0, to_int(axis.kernel - 1)), row};
}

}  // namespace convt
