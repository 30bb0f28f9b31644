// SPDX-License-Identifier: Apache-2.0
#include "schedules/cpu/stages.h"

namespace convt {

void parallelize(OutputStage& output, const Halide::Var& rows, const Halide::Var& channels, int par) {
    if (par == 1) output.func.parallel(rows).parallel(output.n);
    if (par == 2) output.func.parallel(channels);
}

}  // namespace convt
