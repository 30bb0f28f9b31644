// SPDX-License-Identifier: Apache-2.0
// Warps and their ways through the program.
#include "tests/support/ptx/block.h"

#include <fmt/format.h>
#include <algorithm>

namespace convt::ptx {
namespace {

void fill(Warp& warp, Slot slot, std::uint32_t value) {
    for (unsigned i = 0; i < warp_lanes; ++i)
        put_lane(warp.at(slot), i, value);
}

void fill_constants(Warp& warp, const Program& program) {
    for (const Constant& constant : program.constants) {
        for (unsigned i = 0; i < warp_lanes; ++i) {
            if (constant.wide) {
                put_lane(warp.at(constant.slot), i, constant.bits);
            } else {
                put_lane(warp.at(constant.slot), i, static_cast<std::uint32_t>(constant.bits));
            }
        }
    }
}

void fill_grid(Warp& warp, const Dim3& threads, const Dim3& grid) {
    const std::uint32_t sizes[] = {threads.x, threads.y, threads.z};
    const std::uint32_t blocks[] = {grid.x, grid.y, grid.z};
    for (Slot d = 0; d < 3; ++d) {
        fill(warp, slot_ntid_x + d, sizes[d]);
        fill(warp, slot_nctaid_x + d, blocks[d]);
    }
    fill(warp, slot_nwarpid, static_cast<std::uint32_t>((threads.count() + warp_lanes - 1) / warp_lanes));
    fill(warp, slot_warpid, warp.index);
    for (unsigned i = 0; i < warp_lanes; ++i) {
        const Dim3 thread = threads.place(warp.index * warp_lanes + i);
        const std::uint32_t below = (Mask{1} << i) - 1;
        put_lane(warp.at(slot_tid_x), i, thread.x);
        put_lane(warp.at(slot_tid_y), i, thread.y);
        put_lane(warp.at(slot_tid_z), i, thread.z);
        put_lane(warp.at(slot_laneid), i, i);
        put_lane(warp.at(slot_lanemask_eq), i, Mask{1} << i);
        put_lane(warp.at(slot_lanemask_le), i, below | Mask{1} << i);
        put_lane(warp.at(slot_lanemask_lt), i, below);
        put_lane(warp.at(slot_lanemask_ge), i, ~below);
        put_lane(warp.at(slot_lanemask_gt), i, ~(below | Mask{1} << i));
    }
}

}  // namespace

Block::Block(LaunchState& state)
    : state_(state),
      program_(state.program),
      threads_(state.launch.block),
      shared_(program_.shared_bytes + state.launch.dynamic_shared, program_.shared_granule),
      local_(program_.local_bytes * threads_.count()),
      local_written_(local_.size()),
      params_(state.launch.params),
      warps_((threads_.count() + warp_lanes - 1) / warp_lanes),
      waits_at_(warps_.size()) {
    for (unsigned i = 0; i < warps_.size(); ++i) {
        Warp& warp = warps_[i];
        warp.block = this;
        warp.index = i;
        warp.frame.resize(program_.frame_slots);
        fill_constants(warp, program_);
        fill_grid(warp, threads_, state.launch.grid);
    }
}

Mask Block::members(const Warp& warp) const {
    const std::uint64_t rest = threads_.count() - std::uint64_t{warp.index} * warp_lanes;
    return rest >= warp_lanes ? all_lanes : (Mask{1} << rest) - 1;
}

void Block::begin(Warp& warp) {
    fill(warp, slot_ctaid_x, place_.x);
    fill(warp, slot_ctaid_y, place_.y);
    fill(warp, slot_ctaid_z, place_.z);
    warp.exited = ~members(warp);
    warp.stack.assign(1, {0, static_cast<std::uint32_t>(program_.operations.size()), members(warp)});
}

void Block::run(const Dim3& place) {
    place_ = place;
    first_thread_ = state_.launch.grid.linear(place) * threads_.count();
    epoch_ = 0;
    shared_.begin_block();
    if (++stamp_ == 0) {
        std::fill(local_written_.begin(), local_written_.end(), std::uint8_t{0});
        stamp_ = 1;
    }
    for (Warp& warp : warps_)
        begin(warp);
    for (bool waiting = true; waiting;) {
        waiting = false;
        for (Warp& warp : warps_)
            waiting = run_to_barrier(warp) || waiting;
        ++epoch_;
        shared_.pass_barrier();
    }
}

// True where it waits at a barrier, false where it is done.
bool Block::run_to_barrier(Warp& warp) {
    while (!warp.stack.empty()) {
        Branch& top = warp.stack.back();
        if (top.at == top.meet || top.lanes == 0) {
            warp.stack.pop_back();
            continue;
        }
        const Operation& operation = program_.operations[top.at];
        Mask lanes = top.lanes;
        if (operation.guard != no_slot) {
            const Mask guard = mask_of(warp, operation.guard);
            lanes &= operation.guard_negated ? ~guard : guard;
        }
        LaunchState::Executed& executed = state_.executed[top.at];
        ++executed.warps;
        executed.threads += static_cast<unsigned>(std::popcount(lanes));
        if (state_.left-- == 0)
            throw Error(operation.line, program_.name + " is still running at its limit of instructions");
        switch (operation.flow) {
            case Operation::Flow::next:
                if (lanes != 0) operation.execute(warp, operation, lanes);
                ++top.at;
                break;
            case Operation::Flow::branch:
                branch(warp, operation, lanes);
                break;
            case Operation::Flow::trap:
                if (lanes != 0)
                    report(warp, operation, FindingKind::trap, static_cast<unsigned>(std::countr_zero(lanes)), 0,
                           [&] { return std::string("trap"); });
                leave(warp, operation, lanes);
                break;
            case Operation::Flow::leave:
                leave(warp, operation, lanes);
                break;
            case Operation::Flow::barrier:
                ++top.at;
                check_barrier(warp, operation, lanes);
                waits_at_[warp.index] = operation.line;
                return true;
        }
    }
    waits_at_[warp.index] = 0;
    return false;
}

// A branch in which lanes part runs both ways up to their meeting point, where the entry below goes on with all of
// them.
void Block::branch(Warp& warp, const Operation& operation, Mask taken) {
    Branch& top = warp.stack.back();
    const Mask stays = top.lanes & ~taken;
    const std::uint32_t next = operation.index + 1;
    if (stays == 0 || taken == 0) {
        top.at = taken == 0 ? next : operation.target;
        return;
    }
    // Where the entry itself ends at the meeting point, nothing is left to go on with.
    top.at = operation.meet;
    if (operation.meet == top.meet) warp.stack.pop_back();
    if (next != operation.meet) warp.stack.push_back({next, operation.meet, stays});
    if (operation.target != operation.meet) warp.stack.push_back({operation.target, operation.meet, taken});
}

void Block::leave(Warp& warp, const Operation& operation, Mask lanes) {
    warp.exited |= lanes;
    warp.stack.back().at = operation.index + 1;
    for (Branch& entry : warp.stack)
        entry.lanes &= ~lanes;
}

void Block::check_barrier(const Warp& warp, const Operation& operation, Mask lanes) {
    const Mask missing = ~warp.exited & ~lanes;
    if (missing != 0) {
        const auto lane = static_cast<unsigned>(std::countr_zero(missing));
        report(warp, operation, FindingKind::divergent_barrier, lane, 0,
               [&] { return fmt::format("{} threads of the warp are elsewhere", std::popcount(missing)); });
    }
    for (unsigned i = 0; i < warp.index; ++i) {
        if (waits_at_[i] == 0 || waits_at_[i] == operation.line) continue;
        report(warp, operation, FindingKind::divergent_barrier, 0, 0,
               [&] { return fmt::format("other warps wait at the barrier of line {}", waits_at_[i]); });
        return;
    }
}

void Block::add(const Warp& warp, const Operation& operation, FindingKind kind, unsigned lane, std::uint64_t address,
                const std::string& what) {
    const std::string& name = program_.names[operation.index];
    state_.report.findings.push_back(
        {kind, operation.line, place_, thread(warp, lane), address, fmt::format("{}: {}", name, what), 1});
}

}  // namespace convt::ptx
