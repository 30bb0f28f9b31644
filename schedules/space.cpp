// SPDX-License-Identifier: Apache-2.0
// The legal schedules of each strategy and the default among them. Tiles are chosen by the model; row blocks by what a
// second-level cache holds; threads by the work there is.
#include "schedules/gpu_space.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>

namespace convt {
namespace {

// Multiply-adds unrolled in the inner loop: above it compile time grows without gain.
constexpr double max_statements = 330;
// Rows that one block of channels reads need not stay for the next; longer runs of a channel are worth more (128 to 3
// channels at 128 x 128: half again as fast in blocks of 8 rows as row by row), until the block leaves the cache.
constexpr double read_once_bytes = 512.0 * 1024.0;
constexpr double read_once_rows = 4;  // fewer, and most of the rows staged are halo
// About 10 us on one core: below it waking threads costs more than it gives.
constexpr double parallel_multiply_adds = 1e6;
// Below 300 us smaller blocks, which stage more rows, cost one thread more than several gain.
constexpr double split_multiply_adds = 3e7;
constexpr double enough_busy = 0.75;

const ScheduleSpace* find_space(std::string_view strategy) {
    for (const ScheduleSpace* space : {&width_lanes_space, &channel_lanes_space, &phase_lanes_space, &winograd_space,
                                       &group_lanes_space, &general_space}) {
        if (strategy == space->strategy) return space;
    }
    return nullptr;
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
const char* const fetch_meaning =
    "weights and input rows that come from far are prefetched: 1 around the second-level cache, 2 into all levels";
const char* const par_meaning =
    "what runs on several threads: 0 nothing, 1 images, groups, slices or row blocks, 2 channel blocks";

// What one position of y is in the knob yb.
int row_unit(const ScheduleSpace& space, const ModelFacts& f) {
    return space.blocks_of_outputs ? static_cast<int>(std::min(f.stride(1), f.output(1))) : 1;
}

// What yb must be a multiple of: the rows of a tile.
int row_multiple(const ScheduleSpace& space, const ModelFacts& f, const Schedule& schedule) {
    if (schedule.get("ry") > 1) return std::max(schedule.get("ry"), row_unit(space, f));
    return std::max(schedule.get("qy"), 1);
}

// Blocks of yb hold whole tiles; one of all rows may end in a part of a tile of several positions.
bool whole_tiles(const ScheduleSpace& space, const ModelFacts& f, const Schedule& schedule, int yb) {
    return yb % row_multiple(space, f, schedule) == 0 || (schedule.get("qy") > 1 && yb >= f.positions[1]);
}

// The smallest tile is always legal: something must be, whatever the stride and type.
TileCost smallest_tile(const ScheduleSpace& space, const ModelFacts& facts) {
    Schedule smallest;
    for (const Knob& knob : space.tile_knobs(facts))
        smallest.set(knob.name, knob.values.front());
    return space.tile(facts, smallest);
}

Status fits(const ScheduleSpace& space, const ModelFacts& facts, const TileCost& smallest, const Schedule& schedule) {
    const TileCost tile = space.tile(facts, schedule);
    if (tile.registers > facts.registers && tile.registers > smallest.registers) {
        return {Code::invalid_argument,
                fmt::format("schedule {}: the tile needs {} vector registers, the target has {}", schedule.text(),
                            tile.registers, facts.registers)};
    }
    if (schedule.has("yb") && !whole_tiles(space, facts, schedule, schedule.get("yb"))) {
        return {Code::invalid_argument, fmt::format("schedule {}: yb must be a multiple of {}, the rows of a tile",
                                                    schedule.text(), row_multiple(space, facts, schedule))};
    }
    if (schedule.get("jy") > 0 && schedule.get("jx") == 0) {
        return {Code::invalid_argument,
                fmt::format("schedule {}: jy={} needs jx above 0", schedule.text(), schedule.get("jy"))};
    }
    if (schedule.get("dot") > 1 && schedule.get("cv") > 2) {
        return {Code::invalid_argument,
                fmt::format("schedule {}: dot={} needs cv of at most 2: Halide gathers the weights of more",
                            schedule.text(), schedule.get("dot"))};
    }
    if (schedule.get("ahead") > 0 && schedule.get("stage") != 0) {
        return {Code::invalid_argument, fmt::format("schedule {}: ahead={} needs stage=0: staged rows are in cache",
                                                    schedule.text(), schedule.get("ahead"))};
    }
    if (tile.statements > max_statements && tile.statements > smallest.statements) {
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

// The combination of knobs with the lowest estimate.
template <typename Fits, typename Cycles>
Schedule lowest(const std::vector<Knob>& knobs, const Fits& fits, const Cycles& cycles) {
    Schedule best, candidate;
    double least = std::numeric_limits<double>::infinity();
    for_each_tile(knobs, candidate, 0, [&](const Schedule& schedule) {
        if (!fits(schedule)) return;
        const double estimate = cycles(schedule);
        if (estimate >= least) return;
        least = estimate;
        best = schedule;
    });
    return best;
}

// Bytes of one input row of a block.
double block_row_bytes(const ScheduleSpace& space, const ModelFacts& f, const Schedule& schedule) {
    const double row = row_bytes(f, f.positions[0] / std::max(schedule.get("xb"), 1));
    return space.blocks_of_groups ? row * f.groups : row;
}

// The largest block of whole tiles whose input rows take `most` bytes; at least the smallest.
int default_rows(const ScheduleSpace& space, const ModelFacts& f, const Schedule& schedule,
                 const std::vector<int>& values, double most) {
    const double bytes = block_row_bytes(space, f, schedule);
    int best = 0;
    for (int value : values) {
        if (!whole_tiles(space, f, schedule, value)) continue;
        if (best == 0 || (static_cast<double>(value) / row_unit(space, f) * f.step(1) + f.taps[1]) * bytes <= most)
            best = value;
    }
    return best;
}

// What the input rows of a block may take. Where they come from memory the next block's are fetched meanwhile (256 to
// 128 channels at 112x112: 14.8 ms, 14.3 in halves). Short blocks leave a second-level cache of 2 MiB to the weights
// (1024 to 512 channels at 28x28, k2 s2: 2 rows 21 ms, 4 rows 24, 16 rows 37).
double block_bytes(const ScheduleSpace& space, const ModelFacts& f) {
    const double input = row_bytes(f, f.positions[0]) * f.input(1) * f.batch * f.groups;
    if (f.large_second_cache) return std::min(space.block_bytes * f.second_cache, 2 * row_block_bytes);
    const bool far = input > far_input_bytes * f.last_cache;
    return (far ? std::min(space.block_bytes, 2 * row_block_bytes) : space.block_bytes) * f.second_cache;
}

// How busy the loop outside of the channel blocks that keeps threads busiest does so.
double busy_outside(const ModelFacts& f, const Schedule& schedule, double blocks) {
    const double slices = schedule.has("zb") ? tiles(f.positions[2], schedule.get("zb")) : f.output(2);
    return std::max({busy(f.batch), busy(f.groups), busy(slices), busy(blocks)});
}

// That one runs on several threads, or else the blocks of channels.
int default_parallel(const Problem& problem, const ModelFacts& f, const Schedule& schedule, double blocks,
                     double channel_blocks) {
    if (static_cast<double>(problem.multiply_adds()) < parallel_multiply_adds) return 0;
    return busy_outside(f, schedule, blocks) >= busy(channel_blocks) ? 1 : 2;
}

// Heights of blocks: where no other loop is one for threads, those of whole tiles that leave enough blocks to be (96 to
// 48 channels at 40x40, k3 s2 d3: all rows in one block took two threads as long as one).
std::vector<int> parallel_rows(const ScheduleSpace& space, const Problem& problem, const ModelFacts& f,
                               const Schedule& schedule, double channel_blocks) {
    const int unit = row_unit(space, f);
    const std::vector<int> all = row_blocks(f.positions[1], unit);
    const double others = std::max(busy_outside(f, schedule, schedule.get("xb")), busy(channel_blocks));
    if (static_cast<double>(problem.multiply_adds()) < split_multiply_adds || others >= enough_busy) return all;
    std::vector<int> some;
    std::copy_if(all.begin(), all.end(), std::back_inserter(some), [&](int yb) {
        return whole_tiles(space, f, schedule, yb) && busy(tiles(f.positions[1] * unit, yb)) > enough_busy;
    });
    return some.empty() ? all : some;
}

}  // namespace

std::vector<Knob> schedule_space(std::string_view strategy, const Problem& problem, const Target& target) {
    const ModelFacts facts(problem, target);
    if (const GpuSpace* gpu = find_gpu_space(strategy)) return gpu->knobs(facts);
    const ScheduleSpace* space = find_space(strategy);
    if (space == nullptr) return {};
    std::vector<Knob> knobs = space->tile_knobs(facts);
    const int unit = row_unit(*space, facts);
    if (space->bands == nullptr) knobs.push_back({"yb", row_blocks(facts.positions[1], unit), rows_meaning});
    if (space->fetches != nullptr)
        knobs.push_back({"fetch",
                         space->fetches(facts) ? std::vector<int>{0, 1, fetch_into_all_levels} : std::vector<int>{0},
                         fetch_meaning});
    knobs.push_back({"par", {0, 1, 2}, par_meaning, true});
    return knobs;
}

Status check_schedule(std::string_view strategy, const Problem& problem, const Target& target,
                      const Schedule& schedule) {
    const std::vector<Knob> knobs = schedule_space(strategy, problem, target);
    if (knobs.empty()) return {Code::invalid_argument, fmt::format("strategy {}: not known", strategy)};
    for (const auto& [name, value] : schedule.knobs()) {
        const auto knob =
            std::find_if(knobs.begin(), knobs.end(), [&wanted = name](const Knob& k) { return k.name == wanted; });
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
    const ModelFacts facts(problem, target);
    if (const GpuSpace* gpu = find_gpu_space(strategy)) return gpu_fits(*gpu, facts, schedule);
    const ScheduleSpace& space = *find_space(strategy);
    return fits(space, facts, smallest_tile(space, facts), schedule);
}

Schedule default_schedule(std::string_view strategy, const Problem& problem, const Target& target,
                          const Machine& machine) {
    const std::vector<Knob> knobs = schedule_space(strategy, problem, target);
    if (knobs.empty()) return {};
    const ModelFacts facts(problem, target, machine);
    if (const GpuSpace* gpu = find_gpu_space(strategy)) {
        return lowest(
            knobs, [&](const Schedule& schedule) { return gpu_fits(*gpu, facts, schedule).ok(); },
            [&](const Schedule& schedule) { return gpu_cycles(*gpu, facts, schedule); });
    }
    const ScheduleSpace& space = *find_space(strategy);
    const TileCost smallest = smallest_tile(space, facts);
    Schedule best = lowest(
        space.tile_knobs(facts), [&](const Schedule& schedule) { return fits(space, facts, smallest, schedule).ok(); },
        [&](const Schedule& schedule) { return space.cycles(facts, schedule); });
    const double channel_blocks = tiles(facts.out_channels, space.channels(facts, best));
    const int fetch = space.fetches != nullptr && space.fetches(facts) ? facts.fetch : 0;
    if (space.bands != nullptr) {
        best.set("fetch", fetch);
        best.set("par", default_parallel(problem, facts, best, space.bands(facts, best), channel_blocks));
        return best;
    }
    const int unit = row_unit(space, facts);
    const int pieces = std::max(best.get("xb"), 1);
    const double read_once = std::max(read_once_bytes * facts.second_cache,
                                      (read_once_rows + facts.taps[1]) * block_row_bytes(space, facts, best));
    const double block = block_bytes(space, facts);
    const int yb = default_rows(space, facts, best, parallel_rows(space, problem, facts, best, channel_blocks),
                                channel_blocks > 1 ? block : std::max(block, read_once));
    best.set("yb", yb);
    if (space.fetches != nullptr) best.set("fetch", fetch);
    const double blocks = std::max<double>(tiles(facts.positions[1] * unit, yb), pieces);
    best.set("par", default_parallel(problem, facts, best, blocks, channel_blocks));
    return best;
}

double estimate_cycles(std::string_view strategy, const Problem& problem, const Target& target,
                       const Schedule& schedule, const Machine& machine) {
    const ModelFacts facts(problem, target, machine);
    if (const GpuSpace* gpu = find_gpu_space(strategy)) return gpu_cycles(*gpu, facts, schedule);
    const ScheduleSpace* space = find_space(strategy);
    return space == nullptr ? 0 : space->cycles(facts, schedule);
}

}  // namespace convt
