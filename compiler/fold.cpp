// SPDX-License-Identifier: Apache-2.0
#include "compiler/fold.h"

#include "compiler/facts.h"
#include "runtime/problem/padding_mode.h"

namespace convt {

using Halide::Expr;
using Halide::RDom;

namespace {

Expr shift(const Fold& fold, const KernelAxis& axis) {
    return Halide::Internal::simplify(fold.extents * axis.output_extent() + fold.constant);
}

// wide[.., pad_low + target, ..] += wide[.., border, ..] over `count` positions of axis `a` from `first`, which stand
// outside of the output. Each is added to one output of the same row: no loop but its own carries a sum.
void fold_border(FoldStages& s, int a, const KernelAxis& axis, const Expr& first, std::int64_t count,
                 const Fold& fold) {
    if (count == 0) return;
    const RDom border(first, to_int(count), "border");
    const int pad_low = to_int(axis.pad_low);
    std::vector<Expr> from, to;
    for (const Halide::Var& v : s.wide.args())
        from.emplace_back(v);
    to = from;
    const std::size_t at = from.size() - 6 + static_cast<std::size_t>(a);
    from[at] = border;
    to[at] = pad_low + fold.scale * (border - pad_low) + shift(fold, axis);
    s.wide(to) += s.wide(from);
    s.borders.push_back({a, border});
}

}  // namespace

void fold_output(const Problem& problem, const Halide::ImageParam& input, const Target& target,
                 const Schedule& schedule, Pipeline& pipeline, std::vector<Halide::Argument>& arguments) {
    const Operands o(problem, input);
    FoldStages s;
    s.facts = schedule_facts(o, target);
    s.wide = pipeline.output;
    s.first_update = s.wide.num_update_definitions();
    std::vector<Expr> at = s.output.place();
    const PaddingModeRow& row = padding_mode_row(problem.padding_mode);
    for (int a = 0; a < 3; ++a) {
        const KernelAxis& axis = o.axes[static_cast<std::size_t>(a)];
        fold_border(s, a, axis, 0, axis.pad_low, row.below);
        fold_border(s, a, axis, Halide::Internal::simplify(axis.output_extent() + to_int(axis.pad_low)), axis.pad_high,
                    row.above);
        at[static_cast<std::size_t>(a)] += to_int(axis.pad_low);
    }
    Element value = o.start(s.output.c, s.output.g, false);
    for (int part = 0; part < o.parts; ++part) {
        std::vector<Expr> place = at;
        if (o.parts > 1) place.insert(place.begin(), part);
        value[static_cast<std::size_t>(part)] += s.wide(place);
    }
    s.output.func = o.output(o.finish(value, s.output.place()), s.output.vars(), s.output.part);
    schedule_fold(s, schedule);
    pipeline.output = s.output.func;
    if (problem.bias) arguments.emplace_back(o.bias);
    arguments.insert(arguments.end(), o.epilogue_params.begin(), o.epilogue_params.end());
}

}  // namespace convt
