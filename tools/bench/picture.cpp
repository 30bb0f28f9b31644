// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/picture.h"

#include "compiler/worker/process.h"
#include "tools/bench/environment.h"

namespace convt::cli {

Status draw_picture(const std::string& json, const std::string& picture) {
    const auto python = peers_python();
    if (!python.ok()) return python.status();
    const auto script = bench_script("draw.py");
    if (!script.ok()) return script.status();
    const auto outcome = process::run({python.value(), script.value(), json, picture}, {});
    if (!outcome.ok()) return outcome.status();
    if (outcome.value().end == process::End::exited && outcome.value().value == 0) return {};
    return {Code::io_error, "--picture " + picture + ": " + outcome.value().errors};
}

}  // namespace convt::cli
