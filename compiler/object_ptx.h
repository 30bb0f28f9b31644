// SPDX-License-Identifier: Apache-2.0
// The code for a device inside an object, as text, and what NVIDIA's assembler makes of it.
#pragma once

#include "convt/object.h"

#include <optional>
#include <string>

namespace convt {

struct ObjectPtx {
    std::string text;
    int max_registers = 0;  // that a thread may have of it; 0: no limit
};
// Code::corrupt where the object has no code for a device.
Result<ObjectPtx> ptx_of(const Object& object);

// Of all kernels of a text together.
struct AssemblyFigures {
    int registers = 0;    // of a thread, the most
    int spill_bytes = 0;  // stores and loads
};
// Assembled for `capability`. None where `ptxas` fails.
std::optional<AssemblyFigures> assembly_figures(const std::string& ptxas, const ObjectPtx& ptx, int capability);

}  // namespace convt
