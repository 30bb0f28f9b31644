// SPDX-License-Identifier: Apache-2.0
// A fold: borders one after the other, vectors along the innermost axis of memory unless it is the one that folds; then
// the output, a copy.
#include "schedules/cpu/stages.h"

namespace convt {

using Halide::Stage;
using Halide::TailStrategy;
using Halide::Var;

namespace {

// Computes the wide output first, stored in the order of the output's layout.
void store_wide(FoldStages& s) {
    s.wide.compute_root();
    if (!s.facts.output_channels_last) return;
    const std::vector<Var> v = s.wide.args();
    const std::size_t x = v.size() - 6;
    std::vector<Var> order{v[x + 3], v[x + 4], v[x], v[x + 1], v[x + 2], v[x + 5]};
    if (s.facts.complex) order.insert(order.begin(), v[0]);
    s.wide.reorder_storage(order);
}

}  // namespace

void schedule_fold(FoldStages& s, const Schedule& schedule) {
    store_wide(s);
    const ScheduleFacts& f = s.facts;
    const int par = schedule.get("par");
    const std::vector<Var> v = s.wide.args();
    const std::size_t x = v.size() - 6;
    const Var lane = f.output_channels_last ? v[x + 3] : v[x];
    for (std::size_t i = 0; i < s.borders.size(); ++i) {
        Stage update = s.wide.update(s.first_update + static_cast<int>(i));
        if (s.borders[i].axis != 0 || f.output_channels_last) {
            Var vector("vector");
            update.split(lane, lane, vector, f.lanes, TailStrategy::GuardWithIf)
                .reorder(vector, lane, s.borders[i].positions)
                .vectorize(vector);
        }
        if (par != 0) update.parallel(f.output_channels_last ? v[x + 5] : v[x + 3]);
    }
    OutputStage& o = s.output;
    Var inner("inner");
    const Var along = f.output_channels_last ? o.c : o.x;
    o.func.split(along, along, inner, f.lanes, TailStrategy::GuardWithIf);
    if (f.output_channels_last) {
        o.func.reorder({inner, o.c, o.g, o.x, o.y, o.z, o.n});
    } else {
        o.func.reorder({inner, o.x, o.y, o.z, o.c, o.g, o.n});
    }
    o.func.vectorize(inner);
    if (f.complex) o.func.reorder(o.part, inner).unroll(o.part);
    if (par != 0) {
        o.func.parallel(f.output_channels_last
                            ? busiest({{o.n, f.batch}, {o.z, f.depth}, {o.y, f.height}})
                            : busiest({{o.n, f.batch}, {o.g, f.groups}, {o.c, f.out_channels}, {o.z, f.depth}}));
    }
}

}  // namespace convt
