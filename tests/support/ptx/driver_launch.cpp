// SPDX-License-Identifier: Apache-2.0
// Launches: executed where they are made, with their record, and their failures kept for the calls behind.
#include "tests/support/ptx/driver_state.h"

#include <fmt/format.h>

#include <algorithm>

using namespace convt::ptx;

namespace {

constexpr std::uint64_t static_shared_limit = 48 * 1024;
// What events see of a launch: the same on every machine and run.
constexpr double launch_ms = 2e-3, warp_instruction_ms = 1e-6;

CUresult check_shape(const CUfunc_st& function, const Launch& launch) {
    const Dim3& grid = launch.grid;
    const Dim3& block = launch.block;
    if (grid.count() == 0 || grid.x > 0x7FFFFFFFU || grid.y > 65535 || grid.z > 65535) {
        return fail(CUDA_ERROR_INVALID_VALUE, fmt::format("a grid of {}", grid.text()));
    }
    if (block.count() == 0 || block.count() > 1024 || block.z > 64) {
        return fail(CUDA_ERROR_INVALID_VALUE, fmt::format("blocks of {}", block.text()));
    }
    for (const char* limit : {"maxntid", "reqntid"}) {
        const auto found = function.program->limits.find(limit);
        if (found == function.program->limits.end()) continue;
        std::uint64_t most = 1;
        for (const int extent : found->second)
            most *= static_cast<std::uint64_t>(extent);
        if (block.count() > most) {
            return fail(CUDA_ERROR_INVALID_VALUE,
                        fmt::format("blocks of {} where .{} allows {}", block.text(), limit, most));
        }
    }
    const std::uint64_t shared = function.program->shared_bytes + launch.dynamic_shared;
    if (shared > std::max(static_shared_limit, function.max_dynamic_shared)) {
        return fail(CUDA_ERROR_INVALID_VALUE, fmt::format("{} bytes of shared memory", shared));
    }
    return CUDA_SUCCESS;
}

// What the context says from now on because of a finding.
CUresult consequence(FindingKind kind) {
    switch (kind) {
        case FindingKind::out_of_bounds:
        case FindingKind::read_only:
            return CUDA_ERROR_ILLEGAL_ADDRESS;
        case FindingKind::misaligned:
            return CUDA_ERROR_MISALIGNED_ADDRESS;
        case FindingKind::trap:
            return CUDA_ERROR_LAUNCH_FAILED;
        default:
            return CUDA_SUCCESS;
    }
}

void execute(Machine& all, CUctx_st& context, const CUfunc_st& function, CUstream stream, Launch& launch) {
    LaunchRecord record{function.program->name,
                        launch.grid,
                        launch.block,
                        launch.dynamic_shared,
                        stream,
                        function.module->max_registers,
                        {},
                        {}};
    launch.limit = all.limit;
    if (all.sample != nullptr) {
        launch.sample = [&](const Dim3& block) { return all.sample(all.sample_data, &launch.grid, &block) != 0; };
    }
    try {
        record.report = run(*function.program, context.memory, launch);
        all.clock_ms += launch_ms + warp_instruction_ms * static_cast<double>(record.report.counts.warp_instructions);
        for (const Finding& finding : record.report.findings) {
            if (context.failed != CUDA_SUCCESS || consequence(finding.kind) == CUDA_SUCCESS) continue;
            context.failed = fail(consequence(finding.kind), finding.text());
        }
    } catch (const Error& error) {
        record.error = error.what();
        context.failed = fail(CUDA_ERROR_LAUNCH_TIMEOUT, record.error);
    }
    all.launches.push_back(std::move(record));
}

}  // namespace

CONVT_PTX_EXPORT CUresult cuLaunchKernel(CUfunction function, unsigned grid_x, unsigned grid_y, unsigned grid_z,
                                         unsigned block_x, unsigned block_y, unsigned block_z, unsigned shared_bytes,
                                         CUstream stream, void** params, void** extra) {
    return with_context([&](Machine& all, CUctx_st& context) {
        const CUfunc_st* found = function_of(context, function);
        if (found == nullptr) return fail(CUDA_ERROR_INVALID_HANDLE, "the function is none of this context");
        if (reinterpret_cast<std::uintptr_t>(stream) > 2 && !context.streams.contains(stream)) {
            return fail(CUDA_ERROR_INVALID_HANDLE, "the stream is none of this context");
        }
        if (extra != nullptr || (params == nullptr && found->program->param_bytes != 0)) {
            return fail(CUDA_ERROR_INVALID_VALUE, "arguments are taken from kernelParams alone");
        }
        Launch launch;
        launch.grid = {grid_x, grid_y, grid_z};
        launch.block = {block_x, block_y, block_z};
        launch.dynamic_shared = shared_bytes;
        if (const CUresult wrong = check_shape(*found, launch); wrong != CUDA_SUCCESS) return wrong;
        launch.params = pack_params(*found->program, params);
        // A launch that fails is told by the next call: launches are asynchronous on a device.
        execute(all, context, *found, stream, launch);
        return CUDA_SUCCESS;
    });
}
