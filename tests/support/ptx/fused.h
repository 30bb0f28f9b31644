// SPDX-License-Identifier: Apache-2.0
// The fused multiply-add: most of what a convolution's kernel executes, and the one instruction that baseline x86-64
// lacks. Where the host has it, it is used; elsewhere the C library's, with the same results.
#pragma once

#include "tests/support/ptx/lanewise.h"

namespace convt::ptx {

Choice fused_f32();
Choice fused_f32_ftz();
Choice fused_f64();

}  // namespace convt::ptx
