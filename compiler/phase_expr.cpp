// SPDX-License-Identifier: Apache-2.0
#include "compiler/phase_expr.h"

namespace convt {

using Halide::Expr;

PhaseExpr phase_expr(const PhaseTable& table, const Expr& j) {
    const auto constant = [](std::int64_t value) { return Expr(static_cast<int>(value)); };
    const auto wide = [](const Expr& value) { return Halide::cast<int64_t>(value); };
    if (table.phases() == 1) {
        const Phase only = table.phase(0);
        return {constant(only.taps), constant(only.first_tap), constant(only.base)};
    }
    const Expr r = (j + constant(table.padding() % table.phases())) % constant(table.phases());
    // The product stays below S^2, so 64 bits hold it for every stride of 32 bits.
    const Expr first = table.tap_step() == 1
                           ? Expr(0)
                           : Halide::cast<int>(wide(r / constant(table.divisor())) * wide(constant(table.inverse())) %
                                               wide(constant(table.tap_step())));
    const Expr reached = r % constant(table.divisor()) == 0 && first < constant(table.kernel());
    const Expr count = (constant(table.kernel() - 1) - first) / constant(table.tap_step()) + 1;
    // The whole strides of the padding are taken out first: padding may exceed 32 bits, the input index does not.
    const Expr base = constant(table.padding() / table.phases()) +
                      (j + constant(table.padding() % table.phases()) - constant(table.dilation()) * first) /
                          constant(table.phases());
    return {table.equal_taps() ? constant(table.max_taps()) : Halide::select(reached, count, 0), first,
            Halide::clamp(base, constant(table.lowest_base()), constant(table.highest_base()))};
}

TapRange tap_range(const PhaseTable& table, const Axis& axis, const PhaseExpr& phase, const Expr& q, int tile) {
    if (!table.leaves_input(axis)) return {0, phase.taps, table.equal_taps()};
    const int step = static_cast<int>(table.input_step());
    const Expr start = q + phase.base;  // input index of the tile's first position at the first tap
    const Expr first = Halide::max((start - static_cast<int>(axis.input) + step) / step, 0);
    const Expr end = Halide::min(phase.taps, (start + (tile - 1)) / step + 1);
    return {Halide::min(first, static_cast<int>(table.max_taps()) - 1), Halide::max(end - first, 0), false};
}

Expr tap_of(const PhaseTable& table, const TapRange& range, const Expr& r) {
    return range.whole ? r : range.first + Halide::clamp(r, 0, static_cast<int>(table.max_taps()) - 1);
}

Expr input_row(const PhaseTable& table, const PhaseExpr& phase, const Expr& q, const Expr& m) {
    return q + phase.base - m * static_cast<int>(table.input_step());
}

}  // namespace convt
