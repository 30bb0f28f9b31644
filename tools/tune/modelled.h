// SPDX-License-Identifier: Apache-2.0
// Tuning without a device: the schedules that the model likes best on each, with the registers that NVIDIA's assembler
// gives their kernels, written as modelled rows. Measured ones take their place wherever there are any.
#pragma once

#include "convt/object.h"
#include "schedules/gpu_time.h"
#include "tools/tune/candidate.h"
#include "tools/tune/session.h"

namespace convt::tune {

struct ModelledCandidate {
    Candidate candidate;
    GpuLaunch launch;
    double us = 0;
};
// The fastest `count` of all legal schedules of all strategies that take the problem, fastest first.
std::vector<ModelledCandidate> rank_by_model(const Problem& problem, const Target& target, const GpuDevice& device,
                                             const GpuCorrection& correction, std::size_t count);

// By the worker; admitted where there is a device.
Result<Object> compile_candidate(const Problem& problem, const Target& target, const Candidate& candidate);

// Puts the registers that the assembler gives the kernel into the launch, which stays as planned without an assembler.
// False where the kernel spills, or the assembler does not take it.
Result<bool> take_registers(const Object& object, const GpuDevice& device, GpuLaunch& launch);

// `devices`: names; empty: all that run the target.
Status tune_by_model(const Options& options, const std::vector<std::string>& devices, std::ostream& out);

}  // namespace convt::tune
