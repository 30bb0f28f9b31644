// SPDX-License-Identifier: Apache-2.0
// The check that every kernel passes before it is stored, shipped or used: integer data scaled so that every
// intermediate is exact, tensors that end at guard pages, a poisoned output, and sampled outputs (every phase and
// border among them) compared with sums enumerated from the definition in a wider type.
#pragma once

#include "convt/export.h"
#include "convt/kernel.h"

namespace convt {

// Runs `kernel` on this machine. Code::wrong_result names problem, schedule, output index, the value and the one
// expected. A kernel that reads or writes outside its tensors is ended by SIGSEGV: call it where that costs nothing
// (the compile worker).
CONVT_API Status admit(const Kernel& kernel);

}  // namespace convt
