// SPDX-License-Identifier: Apache-2.0
// GPUs, tiles: every chunk of input channels is staged in shared memory by all threads of a block, then each adds it to
// its own register tile; at the end the tiles go out by way of shared memory, whole rows of all phases at a time.
#include "schedules/gpu/banks.h"
#include "schedules/gpu/registers.h"
#include "schedules/gpu/stages.h"

#include <algorithm>
#include <numeric>

namespace convt {

using Halide::MemoryType;
using Halide::RVar;
using Halide::TailStrategy;
using Halide::Var;
using Halide::VarOrRVar;

namespace {

constexpr int vector_elements = 4;  // at most
constexpr int slice_threads = 128;  // of a block that adds slices

// To this multiple an outermost dimension is to be rounded up, of `inner` elements each, so that what follows in shared
// memory begins at a whole vector: Halide 21 takes that for granted where it stores one.
int whole_vectors(int inner) {
    return vector_elements / std::gcd(inner, vector_elements);
}

// `stage`'s loop `linear` by all threads of the block, which are (x, channel, y): a warp has a piece of a row and
// channels, so that it reads neighbouring inputs however few there are. Loops inside are `turns`, then those of
// `linear`.
void over_threads(Halide::Stage stage, const VarOrRVar& linear, const GpuTileSizes& z,
                  std::vector<VarOrRVar> turns = {}) {
    Var turn("turn"), thread("thread"), x("tx"), y("ty"), t("tt");
    stage.split(linear, turn, thread, z.threads(), TailStrategy::GuardWithIf)
        .split(thread, t, x, z.tx)
        .split(t, y, t, z.tc);
    turns.emplace_back(turn);
    for (const VarOrRVar& loop : turns)
        stage.unroll(loop);
    turns.insert(turns.end(), {x, t, y});
    stage.reorder(turns).gpu_threads(x, t, y);
}

// The output, channel i of all threads at a time, from shared memory: rows of all phases of x, one after the other.
void schedule_places(GpuTileStages& s) {
    const GpuTileSizes& z = s.sizes;
    OutputStage& o = s.output;
    const auto& r = s.places;
    RVar linear("linear"), turn("turn"), thread("thread"), tx("tx"), ty("ty"), tt("tt");
    Halide::Func& written = s.written();
    Halide::Stage store = written.update();
    written.gpu_single_thread();    // defines nothing; on the host it would count as an access there
    store.allow_race_conditions();  // every place of the output belongs to one of them
    store.reorder({r[0], r[1], r[2], r[3], r[4], r[5], r[6], o.z, r[7], o.g, o.n}).unroll(r[3]);
    store.fuse(r[0], r[1], linear)
        .fuse(linear, r[2], linear)
        .split(linear, turn, thread, z.threads(), TailStrategy::GuardWithIf)
        .split(thread, tt, tx, z.tx)
        .split(tt, ty, tt, z.tc)
        .gpu_threads(tx, tt, ty);
    if (s.facts.complex) store.unroll(o.part);
    std::vector<VarOrRVar> blocks{r[4], r[5], r[6], o.z, r[7], o.g, o.n};
    if (z.slices > 1) blocks.emplace_back(s.k);
    const VarOrRVar block = fuse_update_blocks(store, blocks);
    store.gpu_blocks(block);

    Var vx("vx"), vy("vy"), ux("ux"), uy("uy");
    // Rows of a phase, not of the output: four of a thread's sums in a row would be stored as a vector, and ptxas moves
    // what it loads or stores as vectors in every turn of the loop that adds it up.
    s.held.compute_at(written, r[3])
        .store_in(MemoryType::GPUShared)
        .reorder_storage({s.qx, s.jx, s.qy, s.t, s.i})
        .bound_extent(s.qx, z.positions_x())
        .bound_extent(s.jx, s.facts.stride_x)
        .bound_extent(s.qy, z.positions_y())
        .bound_extent(s.t, z.tc)
        .split(s.qx, ux, vx, z.tx)
        .split(s.qy, uy, vy, z.ty)
        .reorder({s.jx, ux, uy, vx, s.t, vy})
        .unroll(s.jx)
        .unroll(ux)
        .unroll(uy)
        .gpu_threads(vx, s.t, vy);
    const HeldPitch pitch = held_pitch(z, s.facts.stride_x, s.scalar_bytes);
    s.held.align_storage(s.qx, pitch.columns).align_storage(s.qy, pitch.rows);
    s.sum.compute_at(written, block.rvar);
    for (const Var& v : {s.bx, s.by, s.jy, s.z, s.cb, s.g, s.n, s.k}) {
        s.held.bound_extent(v, 1);
        s.sum.bound_extent(v, 1);
    }
    s.held.bound_extent(s.i, 1);
    for (const Var& v : {s.bx, s.by, s.jy, s.my, s.mz, s.chunk, s.z, s.g, s.n})
        s.input.bound_extent(v, 1);
    for (const Var& v : {s.by, s.jy, s.my, s.mz, s.chunk, s.z, s.cb, s.g})
        s.weights.bound_extent(v, 1);
}

void schedule_slices(GpuTileStages& s) {
    OutputStage& o = s.output;
    std::vector<Var> all{o.x, o.y, o.z, o.c, o.g, o.n};
    if (s.facts.complex) all.insert(all.begin(), o.part);
    const Var place = fuse_blocks(o.func, all), block("block"), thread("thread");
    o.func.gpu_tile(place, block, thread, slice_threads, TailStrategy::GuardWithIf);
    s.slices.compute_root();
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
        .reorder({s.i, s.jx, s.ux, s.uy, s.vx, s.t, s.vy})
        .unroll(s.jx);
    RVar channel("channel"), few("few");
    s.sum.update()
        .split(r[2], channel, few, s.unrolled_channels)
        .reorder({s.i, r[0], s.ux, s.uy, r[1], few, channel, s.vx, s.t, s.vy, r[3], r[4], r[5]})
        .unroll(r[0])
        .unroll(r[1])
        .unroll(few);
    for (Halide::Stage stage : {Halide::Stage(s.sum), s.sum.update()}) {
        stage.unroll(s.i).unroll(s.ux).unroll(s.uy).gpu_threads(s.vx, s.t, s.vy);
    }
    // Loaded as vectors, multiplied as scalars: vectors of sums cost a move for each at every turn.
    Var o("io"), v("iv");
    s.taken.compute_at(s.sum, few)
        .bound_extent(s.i, z.rc)
        .bound_extent(s.kx, s.kernel)
        .split(s.i, o, v, z.vector)
        .vectorize(v)
        .unroll(o)
        .unroll(s.kx);
    for (const Var& one : {s.t, s.lc, s.by, s.jy, s.my, s.mz, s.chunk, s.z, s.cb, s.g})
        s.taken.bound_extent(one, 1);
}

}  // namespace

void schedule_gpu_tiles(GpuTileStages& s, const Schedule&) {
    const GpuTileSizes& z = s.sizes;
    schedule_places(s);
    if (z.slices > 1) schedule_slices(s);
    schedule_sum(s);
    const RVar inner = s.taps[3];
    Var column("column"), group("group"), lanes("lanes");
    const int places = s.columns * z.positions_y();
    int together = 1;  // channels that the threads stage at once
    while (2 * together <= z.chunk && 2 * together * places <= z.threads())
        together *= 2;
    s.input.compute_at(s.sum, inner)
        .store_in(MemoryType::GPUShared)
        .bound_extent(s.lx, s.columns)
        .bound_extent(s.ly, z.positions_y())
        .bound_extent(s.lc, z.chunk)
        .align_storage(s.lc, whole_vectors(places))
        .fuse(s.lx, s.ly, column)
        .split(s.lc, group, s.lc, together)
        .fuse(column, s.lc, column);
    over_threads(s.input, column, z, {group});
    s.weights.compute_at(s.sum, inner).store_in(MemoryType::GPUShared).bound_extent(s.lw, s.run);
    if (z.vector > 1) s.weights.split(s.lw, s.lw, lanes, z.vector).vectorize(lanes);
    over_threads(s.weights, s.lw, z);
    keep_in_registers(s.output.func, s.sum);
}

}  // namespace convt
