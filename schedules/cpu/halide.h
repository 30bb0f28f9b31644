// SPDX-License-Identifier: Apache-2.0
// The one way to Halide.h; it is precompiled (compiler/CMakeLists.txt). Only compiler/ and schedules/cpu/ may include
// this.
#pragma once

#include <Halide.h>
