// SPDX-License-Identifier: Apache-2.0
// The device that these tests run on.
#pragma once

#include "tools/tune/gpu.h"

#include <catch2/catch_test_macros.hpp>

#include <vector>

namespace convt::test {

// Targets whose kernels the device runs, the lowest first. Skips the test, with the reason, where there is none.
inline std::vector<Target> device_targets() {
    std::vector<Target> found;
    std::string reason = "the table of targets has no GPU";
    for (const TargetInfo& row : targets()) {
        if (row.capability == 0) continue;
        const Target target = Target::parse(row.name).value();
        const auto here = tune::gpu_here(target);
        if (here.ok())
            found.push_back(target);
        else
            reason = here.status().message();
    }
    if (found.empty()) SKIP(reason);
    return found;
}

}  // namespace convt::test
