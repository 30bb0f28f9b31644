// SPDX-License-Identifier: Apache-2.0
// GPUs, tiles: every chunk of input channels is staged in shared memory by all threads of a block, then each adds it to
// its own register tile; at the end the tiles go out by way of shared memory, whole rows of all phases at a time.
#include "schedules/gpu/registers.h"
#include "schedules/gpu/stages.h"

#include <algorithm>

namespace convt {

using Halide::MemoryType;
using Halide::RVar;
using Halide::TailStrategy;
using Halide::Var;
using Halide::VarOrRVar;

namespace {

constexpr int banks = 32;

// The smallest value from `least` up that is `rest` more than a multiple of the banks.
int pitch(int least, int rest) {
    return least + ((rest - least) % banks + banks) % banks;
}

// `stage`'s loop `linear` by all threads of the block.
void over_threads(Halide::Stage stage, const VarOrRVar& linear, const GpuTileSizes& z) {
    Var turn("turn"), thread("thread"), x("tx"), y("ty"), t("tt");
    stage.split(linear, turn, thread, z.threads(), TailStrategy::GuardWithIf)
        .split(thread, y, x, z.tx)
        .split(y, t, y, z.ty)
        .reorder(turn, x, y, t)
        .gpu_threads(x, y, t);
}

void schedule_output(GpuTileStages& s) {
    const GpuTileSizes& z = s.sizes;
    OutputStage& o = s.output;
    const auto& r = s.places;
    RVar linear("linear"), turn("turn"), thread("thread"), tx("tx"), ty("ty"), tt("tt");
    Halide::Stage store = o.func.update();
    o.func.gpu_single_thread();     // defines nothing; on the host it would count as an access there
    store.allow_race_conditions();  // every place of the output belongs to one of them
    store.reorder({r[0], r[1], r[2], r[3], r[4], r[5], r[6], o.z, r[7], o.g, o.n}).unroll(r[3]);
    store.fuse(r[0], r[1], linear)
        .fuse(linear, r[2], linear)
        .split(linear, turn, thread, z.threads(), TailStrategy::GuardWithIf)
        .split(thread, ty, tx, z.tx)
        .split(ty, tt, ty, z.ty)
        .gpu_threads(tx, ty, tt);
    if (s.facts.complex) store.unroll(o.part);
    const VarOrRVar block = fuse_update_blocks(store, {r[4], r[5], r[6], o.z, r[7], o.g, o.n});
    store.gpu_blocks(block);

    Var vx("vx"), vy("vy"), ux("ux"), uy("uy");
    const int stride = s.facts.stride_x;
    s.held.compute_at(o.func, r[3])
        .store_in(MemoryType::GPUShared)
        .bound_extent(s.qx, z.positions_x())
        .bound_extent(s.jx, stride)
        .bound_extent(s.qy, z.positions_y())
        .bound_extent(s.t, z.tc)
        .align_storage(s.qx, pitch(z.positions_x(), (banks + stride - 1) / stride))
        .split(s.qx, ux, vx, z.tx)
        .split(s.qy, uy, vy, z.ty)
        .reorder({s.jx, ux, uy, vx, vy, s.t})
        .unroll(s.jx)
        .unroll(ux)
        .unroll(uy)
        .gpu_threads(vx, vy, s.t);
    s.sum.compute_at(o.func, block.rvar);
    for (const Var& v : {s.bx, s.by, s.jy, s.z, s.cb, s.g, s.n}) {
        s.held.bound_extent(v, 1);
        s.sum.bound_extent(v, 1);
    }
    s.held.bound_extent(s.i, 1);
    for (const Var& v : {s.bx, s.by, s.jy, s.my, s.mz, s.chunk, s.z, s.g, s.n})
        s.input.bound_extent(v, 1);
    for (const Var& v : {s.by, s.jy, s.my, s.mz, s.chunk, s.z, s.cb, s.g})
        s.weights.bound_extent(v, 1);
}

void schedule_sum(GpuTileStages& s) {
    const GpuTileSizes& z = s.sizes;
    const auto& r = s.taps;
    s.sum.store_in(MemoryType::Register)
        .bound_extent(s.i, z.rc)
        .bound_extent(s.jx, s.facts.stride_x)
        .bound_extent(s.ux, z.rx)
        .bound_extent(s.uy, z.ry)
        .bound_extent(s.vx, z.tx)
        .bound_extent(s.vy, z.ty)
        .bound_extent(s.t, z.tc)
        .reorder({s.i, s.jx, s.ux, s.uy, s.vx, s.vy, s.t})
        .unroll(s.jx);
    s.sum.update()
        .reorder({s.i, r[0], s.ux, s.uy, r[1], r[2], s.vx, s.vy, s.t, r[3], r[4], r[5]})
        .unroll(r[0])
        .unroll(r[1]);
    for (Halide::Stage stage : {Halide::Stage(s.sum), s.sum.update()}) {
        stage.unroll(s.ux).unroll(s.uy).gpu_threads(s.vx, s.vy, s.t);
        if (z.rc % z.vector == 0 && z.vector > 1 && z.rc > z.vector) {
            Var o("io"), v("iv");
            stage.split(s.i, o, v, z.vector).unroll(o).vectorize(v);
        } else if (z.rc == z.vector && z.vector > 1) {
            stage.vectorize(s.i);
        } else {
            stage.unroll(s.i);
        }
    }
    s.sum.update().unroll(r[2]);
}

}  // namespace

void schedule_gpu_tiles(GpuTileStages& s, const Schedule&) {
    const GpuTileSizes& z = s.sizes;
    schedule_output(s);
    schedule_sum(s);
    const RVar inner = s.taps[3];
    Var linear("linear"), lanes("lanes");
    s.input.compute_at(s.sum, inner)
        .store_in(MemoryType::GPUShared)
        .bound_extent(s.lx, s.columns)
        .bound_extent(s.ly, z.positions_y())
        .bound_extent(s.lc, z.chunk)
        .align_storage(s.lx, z.tx < banks ? pitch(s.columns, z.tx) : s.columns)
        .fuse(s.lx, s.ly, linear)
        .fuse(linear, s.lc, linear);
    over_threads(s.input, linear, z);
    s.weights.compute_at(s.sum, inner).store_in(MemoryType::GPUShared).bound_extent(s.lw, s.run);
    if (z.vector > 1) s.weights.split(s.lw, s.lw, lanes, z.vector).vectorize(lanes);
    over_threads(s.weights, s.lw, z);
    keep_in_registers(s.output.func, s.sum);
}

}  // namespace convt
