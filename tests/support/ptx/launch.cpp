// SPDX-License-Identifier: Apache-2.0
#include "tests/support/ptx/launch.h"

#include <fmt/format.h>

#include "tests/support/ptx/access.h"
#include "tests/support/ptx/block.h"

#include <atomic>

namespace convt::ptx {
namespace {

void check(const Program& program, const Launch& launch) {
    if (launch.grid.count() == 0 || launch.block.count() == 0) throw Error(0, "a launch of no threads");
    if (launch.block.count() > 1024) throw Error(0, "more than 1024 threads a block");
    if (launch.params.size() != program.param_bytes) {
        throw Error(0, fmt::format("{} takes {} bytes of parameters, not {}", program.name, program.param_bytes,
                                   launch.params.size()));
    }
}

void add(Traffic& to, const Traffic& from) {
    to.requests += from.requests;
    to.taken += from.taken;
    to.fewest += from.fewest;
}

bool touches_local(const Operation& operation) {
    return operation.space == Space::local && (operation.execute == &run_load || operation.execute == &run_store);
}

void summarise(LaunchState& state) {
    Counts& counts = state.report.counts;
    for (std::size_t i = 0; i < state.executed.size(); ++i) {
        const LaunchState::Executed& executed = state.executed[i];
        const Operation& operation = state.program.operations[i];
        if (state.program.names[i].empty() || executed.warps == 0) continue;
        counts.warp_instructions += executed.warps;
        counts.thread_instructions += executed.threads;
        counts.by_name[state.program.names[i]] += executed.threads;
        const bool stores = operation.execute == &run_store;
        add(stores ? counts.global_stores : counts.global_loads, executed.global);
        add(stores ? counts.shared_stores : counts.shared_loads, executed.shared);
        if (touches_local(operation)) counts.local_accesses += executed.threads;
    }
}

}  // namespace

Report run(const Program& program, Memory& memory, const Launch& launch) {
    static std::atomic<std::uint32_t> launches{0};
    check(program, launch);
    LaunchState state{program, memory, launch, ++launches, launch.limit, {}, {}, {}};
    state.executed.resize(program.operations.size());
    state.hints.resize(program.operations.size());
    Block block(state);
    for (std::uint64_t i = 0; i < launch.grid.count(); ++i) {
        const Dim3 place = launch.grid.place(i);
        if (launch.sample && !launch.sample(place)) continue;
        block.run(place);
        ++state.report.counts.blocks;
    }
    summarise(state);
    return std::move(state.report);
}

}  // namespace convt::ptx
