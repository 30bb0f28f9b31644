// SPDX-License-Identifier: Apache-2.0
// The legal schedules of each strategy and the default among them. Tiles are chosen by the model; row blocks by what a
// second-level cache holds; threads by the work there is.
#include "schedules/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace convt {
namespace {

constexpr double max_statements =
    320;  // multiply-adds unrolled in the inner loop: above it compile time grows without gain
constexpr double row_block_bytes = 256.0 * 1024.0;  // half of the smallest second-level cache of the targets (512 KiB)
constexpr double parallel_multiply_adds =
    1e6;  // about 10 us on one core: below it waking threads costs more than it gives

std::vector<int> up_to(std::initializer_list<int> values, double most) {
    std::vector<int> kept;
    for (int v : values) {
        if (v <= std::max(most, 1.0)) kept.push_back(v);
    }
    return kept;
}

// 1, 2, 4, ... times `unit`, and the whole of `positions` * unit.
std::vector<int> row_blocks(double positions, int unit) {
    std::vector<int> values;
    for (int rows = 1; rows < positions && rows <= 64; rows *= 2)
        values.push_back(rows * unit);
    if (positions * unit < 1 << 20) values.push_back(static_cast<int>(positions) * unit);
    if (values.empty()) values.push_back(unit);
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    return values;
}

const char* const rows_meaning = "output rows a block: its input rows stay in cache over all channels";
const char* const par_meaning = "what runs on several threads: 0 nothing, 1 row blocks and batch, 2 channel blocks";

std::vector<Knob> tiles_of(std::string_view strategy, const ModelFacts& f) {
    const double vectors = std::ceil(f.positions[0] / f.lanes);
    if (strategy == "width_lanes") {
        return {
            {"tx", up_to({1, 2, 3, 4, 6, 8}, vectors), "vectors of positions in a register tile"},
            {"tc", up_to({1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16}, f.out_channels), "output channels in a register tile"}};
    }
    if (strategy == "channel_lanes") {
        return {
            {"cv", up_to({1, 2, 3, 4}, std::ceil(f.out_channels / f.lanes)), "vectors of channels in a register tile"},
            {"qx", up_to({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16}, f.positions[0]),
             "positions of a row in a register tile"},
            {"qy", up_to({1, 2, 4, 8}, f.positions[1]), "rows in a register tile"}};
    }
    return {{"tx", up_to({1, 2, 3, 4}, vectors), "vectors of positions in a register tile"},
            {"tc", up_to({1, 2, 3, 4, 6, 8, 12}, f.out_channels), "output channels in a register tile"}};
}

bool known(std::string_view strategy) {
    return strategy == "width_lanes" || strategy == "channel_lanes" || strategy == "general";
}

Status fits(std::string_view strategy, const ModelFacts& facts, const Schedule& schedule) {
    const TileCost tile = tile_cost(strategy, facts, schedule);
    // A tile of one vector and one channel or position is always legal: something must be, whatever the stride and
    // type.
    if (tile.registers > facts.registers && tile.registers > facts.stride(0) * facts.parts + 2) {
        return {Code::invalid_argument,
                fmt::format("schedule {}: the tile needs {} vector registers, the target has {}", schedule.text(),
                            tile.registers, facts.registers)};
    }
    if (schedule.get("qy") > 1 && schedule.has("yb") && schedule.get("yb") % schedule.get("qy") != 0) {
        return {Code::invalid_argument, fmt::format("schedule {}: yb must be a multiple of qy", schedule.text())};
    }
    if (tile.statements > max_statements && schedule.get("tx") * schedule.get("tc") > 1) {
        return {Code::invalid_argument, fmt::format("schedule {}: {} multiply-adds unrolled, the limit is {}",
                                                    schedule.text(), tile.statements, max_statements)};
    }
    return {};
}

// Visits every combination of the tile knobs.
template <typename Visit>
void for_each_tile(const std::vector<Knob>& knobs, Schedule& schedule, std::size_t depth, const Visit& visit) {
    if (depth == knobs.size()) return visit(schedule);
    for (int value : knobs[depth].values) {
        schedule.set(knobs[depth].name, value);
        for_each_tile(knobs, schedule, depth + 1, visit);
    }
}

// The largest block, a multiple of `multiple`, whose input rows fit; at least the smallest.
int default_rows(const ModelFacts& f, const std::vector<int>& values, double rows_per_value, int multiple) {
    const double width = f.positions[0] + f.taps[0];
    const double row_bytes = width * f.in_channels * f.taps[2] * f.parts * f.scalar_bytes;
    int best = values.front();
    for (int value : values) {
        if (value % multiple != 0) continue;
        if (best % multiple != 0 || (value / rows_per_value + f.taps[1]) * row_bytes <= row_block_bytes) best = value;
    }
    return best;
}

int default_parallel(const Problem& problem, const ModelFacts& f, double blocks, double channel_blocks) {
    if (static_cast<double>(problem.multiply_adds()) < parallel_multiply_adds) return 0;
    return blocks * f.batch >= 4 || channel_blocks < 2 ? 1 : 2;
}

double channels_of(const Schedule& s, const ModelFacts& f) {
    return s.has("cv") ? s.get("cv") * f.lanes : s.get("tc");
}

}  // namespace

std::vector<Knob> schedule_space(std::string_view strategy, const Problem& problem, const Target& target) {
    if (!known(strategy)) return {};
    const ModelFacts facts(problem, target);
    std::vector<Knob> knobs = tiles_of(strategy, facts);
    const int unit = strategy == "width_lanes" ? static_cast<int>(std::min(facts.stride(1), facts.output(1))) : 1;
    knobs.push_back({"yb", row_blocks(facts.positions[1], unit), rows_meaning});
    knobs.push_back({"par", {0, 1, 2}, par_meaning});
    return knobs;
}

Status check_schedule(std::string_view strategy, const Problem& problem, const Target& target,
                      const Schedule& schedule) {
    const std::vector<Knob> knobs = schedule_space(strategy, problem, target);
    if (knobs.empty()) return {Code::invalid_argument, fmt::format("strategy {}: not known", strategy)};
    for (const auto& [name, value] : schedule.knobs()) {
        const auto knob = std::find_if(knobs.begin(), knobs.end(), [&](const Knob& k) { return k.name == name; });
        if (knob == knobs.end()) {
            return {Code::invalid_argument,
                    fmt::format("schedule knob {}: strategy {} has none of that name", name, strategy)};
        }
        if (std::find(knob->values.begin(), knob->values.end(), value) == knob->values.end()) {
            return {Code::invalid_argument,
                    fmt::format("schedule knob {}={}: must be one of {}", name, value, fmt::join(knob->values, ", "))};
        }
    }
    for (const Knob& knob : knobs) {
        if (!schedule.has(knob.name)) {
            return {Code::invalid_argument,
                    fmt::format("schedule knob {}: missing, strategy {} needs it", knob.name, strategy)};
        }
    }
    return fits(strategy, ModelFacts(problem, target), schedule);
}

Schedule default_schedule(std::string_view strategy, const Problem& problem, const Target& target) {
    const std::vector<Knob> knobs = schedule_space(strategy, problem, target);
    if (knobs.empty()) return {};
    const ModelFacts facts(problem, target);
    const std::vector<Knob> tile_knobs(knobs.begin(), knobs.end() - 2);
    const std::vector<int>& rows = knobs[knobs.size() - 2].values;
    Schedule best, candidate;
    double lowest = std::numeric_limits<double>::infinity();
    for_each_tile(tile_knobs, candidate, 0, [&](const Schedule& schedule) {
        if (!fits(strategy, facts, schedule).ok()) return;
        const double cycles = estimate_cycles(strategy, problem, target, schedule);
        if (cycles < lowest) {
            lowest = cycles;
            best = schedule;
        }
    });
    const double unit = strategy == "width_lanes" ? facts.stride(1) : 1.0;
    const int yb = default_rows(facts, rows, unit, std::max(best.get("qy"), 1));
    best.set("yb", yb);
    const double row_blocks_made = std::ceil(facts.positions[1] * unit / yb);
    best.set("par", default_parallel(problem, facts, row_blocks_made,
                                     std::ceil(facts.out_channels / channels_of(best, facts))));
    return best;
}

}  // namespace convt
