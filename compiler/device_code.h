// SPDX-License-Identifier: Apache-2.0
// What an object carries for the device: the PTX that Halide embeds in a module's host code gives way to a container of
// it and of cubins (form: runtime/cuda/container.h).
#pragma once

#include "schedules/cpu/halide.h"

namespace convt {

// The same module with a container in place of PTX; as it was where it has no device code.
Halide::Module with_container(const Halide::Module& module, int capability);

}  // namespace convt
