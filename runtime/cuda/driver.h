// SPDX-License-Identifier: Apache-2.0
// The driver's functions, and what its errors mean.
#pragma once

#include "runtime/cuda/api.h"
#include "runtime/cuda/device.h"

namespace convt::cuda {

// Opens libcuda.so.1 at the first call. Null where there is none or it lacks a function: `call` says so. A failure is
// tried anew at the next call.
const Driver* driver(convt_cuda_call* call);

// A number that no other context ever has, for one may be made at the address of another that is gone; 0 where the
// context is gone or the driver, before CUDA 12, tells none.
unsigned long long context_id(const Driver& driver, Context context);

// Keeps `result` as a failure of `doing`, and answers false; true for success. Out of memory keeps its own code.
bool check(const Driver& driver, convt_cuda_call* call, Result result, const char* doing);

// "CUDA_ERROR_..." and what it says, as the driver names it.
const char* error_name(const Driver& driver, Result result);
const char* error_text(const Driver& driver, Result result);

}  // namespace convt::cuda
