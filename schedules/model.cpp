// SPDX-License-Identifier: Apache-2.0
#include "schedules/model.h"

#include "runtime/target/dot_product.h"

#include <algorithm>

namespace convt {
namespace {

constexpr double loads_per_cycle = 2;
constexpr double fmas_per_cycle = 2;
constexpr double fma_latency = 4;
constexpr double element_copy = 1.5;  // cycles for one element that is loaded and stored alone

// 1 where the size is not known, or one that no core has.
double over_reference(int kib, int reference_kib) {
    const double ratio = static_cast<double>(kib) / reference_kib;
    return ratio >= 1.0 / 16 && ratio <= 16 ? ratio : 1;
}

}  // namespace

std::array<Axis, 3> axes_xyz(const Problem& problem) {
    std::array<Axis, 3> axes{};
    for (int a = 0; a < problem.rank; ++a) {
        Axis& axis = axes[static_cast<std::size_t>(a)];
        axis = problem.axes[static_cast<std::size_t>(problem.rank - 1 - a)];
        if (axis.input == 1 && axis.step == 1 && axis.pad_low >= 0) axis.stride = axis.dilation * (axis.kernel - 1) + 1;
    }
    return axes;
}

ModelFacts::ModelFacts(const Problem& problem, const Target& target, const Machine& machine)
    : lanes(static_cast<double>(target.info().vector_bytes) / element_type_info(problem.types().sum).scalar_bytes),
      registers(target.info().vector_registers),
      first_cache(over_reference(machine.l1_kib, Machine::reference().l1_kib)),
      second_cache(over_reference(machine.l2_kib, Machine::reference().l2_kib)),
      last_cache(over_reference(machine.l3_kib, Machine::reference().l3_kib)),
      far_rate(1 / std::sqrt(std::max(last_cache, 1.0))),
      large_second_cache(second_cache > 1),
      fetch(large_second_cache || machine == Machine::reference() ? fetch_into_all_levels : 1),
      parts(problem.types().parts()),
      groups(static_cast<double>(problem.groups)),
      batch(static_cast<double>(problem.batch)),
      positions{},
      taps{},
      scalar_bytes(element_type_info(problem.types().sum).scalar_bytes),
      dot(1),
      dot_cycles(1),
      output_holds_sums(problem.types().output == problem.types().sum && !problem.rounds_in_order()) {
    const Problem gather = problem.gathered();
    axes = axes_xyz(gather.unfolded());
    in_channels = static_cast<double>(gather.in_channels / gather.groups);
    out_channels = static_cast<double>(gather.out_channels / gather.groups);
    input_channels_last = gather.input_layout == Layout::channels_last;
    output_channels_last = gather.output_layout == Layout::channels_last;
    if (const DotProduct* instruction = find_dot_product(problem, target)) {
        dot = instruction->width;
        dot_cycles = instruction->cycles;
    }
    for (int a = 0; a < 3; ++a) {
        positions[static_cast<std::size_t>(a)] = tiles(output(a), stride(a));
        taps[static_cast<std::size_t>(a)] = kernel(a) / std::min(stride(a), output(a));
    }
}

TileCost tile_cost(const ModelFacts& f, double fmas, double loads, double accumulators, double held, double chain) {
    const double arithmetic = fmas * f.parts * f.parts;
    return {accumulators * f.parts + held, arithmetic,
            std::max({arithmetic / fmas_per_cycle, loads * f.parts / loads_per_cycle, chain * fma_latency}) + 0.5};
}

double rolled_iterations(const ModelFacts& f) {
    return f.batch * f.groups * f.stride(0) * f.taps[0] * f.stride(1) * f.taps[1] * f.output(2) * f.taps[2] *
           f.in_channels;
}

double busy(double tasks) {
    return tasks / (tiles(tasks, 4) * 4);
}

double useful_taps(const Axis& axis) {
    const std::int64_t outputs = axis.output();
    double pairs = 0;
    for (std::int64_t k = 0; k < axis.kernel; ++k) {
        const std::int64_t shift = axis.dilation * k - axis.pad_low;  // o = S i + shift
        if (axis.step > 1) {                                          // S is 1, and o a multiple of the step
            const std::int64_t first = std::max<std::int64_t>(shift + axis.step - 1, 0) / axis.step;
            const std::int64_t last = axis.input - 1 + shift;
            const std::int64_t end = last < 0 ? 0 : std::min(last / axis.step + 1, outputs);
            pairs += static_cast<double>(std::max<std::int64_t>(end - first, 0));
            continue;
        }
        const std::int64_t first = shift >= 0 ? 0 : (-shift + axis.stride - 1) / axis.stride;
        const std::int64_t end = shift >= outputs ? 0 : (outputs - 1 - shift) / axis.stride + 1;
        pairs += static_cast<double>(std::max<std::int64_t>(std::min(end, axis.input) - first, 0));
    }
    return pairs;
}

double element_copies(const ModelFacts& f) {
    return f.batch * f.groups * f.out_channels * f.output(0) * f.output(1) * f.output(2) * f.parts * element_copy;
}

double row_bytes(const ModelFacts& f, double positions) {
    return (positions * f.step(0) + f.taps[0]) * f.in_channels * f.taps[2] * f.parts * f.scalar_bytes;
}

bool reads_far(const ModelFacts& f) {
    const double weights =
        f.groups * f.out_channels * f.in_channels * f.kernel(0) * f.kernel(1) * f.kernel(2) * f.parts * f.scalar_bytes;
    const double input = row_bytes(f, f.input(0) / f.step(0)) * f.input(1) * f.input(2) * f.batch * f.groups;
    return weights > far_weight_bytes || input > far_input_bytes;
}

std::vector<int> up_to(std::initializer_list<int> values, double most) {
    std::vector<int> kept;
    for (int v : values) {
        if (v <= std::max(most, 1.0)) kept.push_back(v);
    }
    return kept;
}

}  // namespace convt
