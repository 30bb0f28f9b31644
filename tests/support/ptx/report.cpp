// SPDX-License-Identifier: Apache-2.0
#include "tests/support/ptx/report.h"

#include <fmt/format.h>

namespace convt::ptx {

std::string_view name_of(FindingKind kind) {
    constexpr std::string_view names[] = {"out of bounds", "misaligned", "write to constant memory",
                                          "uninitialised", "race",       "divergent barrier",
                                          "inactive lane", "trap"};
    return names[static_cast<unsigned>(kind)];
}

std::string Dim3::text() const {
    return fmt::format("({},{},{})", x, y, z);
}

std::string Finding::text() const {
    const bool placed = kind != FindingKind::divergent_barrier && kind != FindingKind::trap;
    return fmt::format("{} at PTX line {}, block {} thread {}{}: {}{}", name_of(kind), line, block.text(),
                       thread.text(), placed ? fmt::format(", address {:#x}", address) : "", what,
                       times > 1 ? fmt::format(" ({} times)", times) : "");
}

double Counts::fma_share() const {
    std::uint64_t fused = 0;
    for (const auto& [name, count] : by_name)
        fused += name.substr(0, 4) == "fma." ? count : 0;
    return thread_instructions == 0 ? 0.0 : static_cast<double>(fused) / static_cast<double>(thread_instructions);
}

bool Report::again(FindingKind kind, int line) {
    for (Finding& finding : findings) {
        if (finding.kind != kind || finding.line != line) continue;
        ++finding.times;
        return true;
    }
    return false;
}

std::string Report::text() const {
    std::string text = fmt::format(
        "{} blocks, {} thread instructions, FMA share {:.3f}; sectors per fewest {:.3f} loads, {:.3f} stores; "
        "wavefronts per fewest "
        "{:.3f} loads, {:.3f} stores\n",
        counts.blocks, counts.thread_instructions, counts.fma_share(), counts.global_loads.ratio(),
        counts.global_stores.ratio(), counts.shared_loads.ratio(), counts.shared_stores.ratio());
    for (const Finding& finding : findings)
        text += finding.text() + '\n';
    return text;
}

}  // namespace convt::ptx
