// SPDX-License-Identifier: Apache-2.0
#include "tests/cuda/sampled.h"

#include "runtime/problem/scalars.h"
#include "tests/cuda/block_loops.h"
#include "tests/support/data.h"
#include "tests/support/require_value.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <numeric>

namespace convt::test {
namespace {

constexpr std::uint64_t small_grid = 24;
// Products that a case's comparison may take, about half a second of the definition.
constexpr std::int64_t most_products = 200'000'000;

std::uint64_t product(const std::vector<std::uint64_t>& loops) {
    return std::accumulate(loops.begin(), loops.end(), std::uint64_t{1}, std::multiplies<>());
}

std::uint64_t linear(const std::vector<std::uint64_t>& loops, const std::vector<std::uint64_t>& at) {
    std::uint64_t index = 0;
    for (std::size_t i = loops.size(); i-- > 0;)
        index = index * loops[i] + at[i];
    return index;
}

std::vector<std::uint64_t> drawn(const std::vector<std::uint64_t>& loops, Random& random) {
    std::vector<std::uint64_t> at;
    for (const std::uint64_t loop : loops)
        at.push_back(static_cast<std::uint64_t>(random.between(0, static_cast<std::int64_t>(loop) - 1)));
    return at;
}

double value_at(const Problem& problem, const std::vector<std::byte>& output, std::size_t element) {
    const ElementTypeInfo& type = element_type_info(problem.types().output);
    return load_scalar(type.type, &output[element * static_cast<std::size_t>(type.scalar_bytes)]);
}

// The first corner of the output that was not written, or nothing.
std::string missing_corner(const Definition& definition, const GpuRun& run) {
    const std::array<std::int64_t, 5> last = definition.place(definition.elements() - 1);
    for (std::size_t element = 0; element < run.written.size(); ++element) {
        if (run.written[element] != 0) continue;
        const std::array<std::int64_t, 5> at = definition.place(element);
        bool corner = true;
        for (std::size_t d = 0; d < at.size() && corner; ++d)
            corner = at[d] == 0 || at[d] == last[d];
        if (corner) return fmt::format("no block of the sample wrote the corner y[{}]", fmt::join(at, ","));
    }
    return {};
}

}  // namespace

std::set<std::uint64_t> sampled_blocks(const std::vector<std::uint64_t>& loops, Random& random) {
    std::set<std::uint64_t> blocks;
    if (product(loops) <= small_grid) {
        for (std::uint64_t i = 0; i < product(loops); ++i)
            blocks.insert(i);
        return blocks;
    }
    // Three at most are phases, and the last row may be of any of them.
    const auto choices = [](std::uint64_t loop) { return loop <= 3 ? loop : 2; };
    std::uint64_t corners = 1;
    for (const std::uint64_t loop : loops)
        corners *= choices(loop);
    for (std::uint64_t corner = 0; corner < corners; ++corner) {
        std::vector<std::uint64_t> at;
        std::uint64_t rest = corner;
        for (const std::uint64_t loop : loops) {
            const std::uint64_t choice = rest % choices(loop);
            at.push_back(loop <= 3 ? choice : choice * (loop - 1));
            rest /= choices(loop);
        }
        blocks.insert(linear(loops, at));
    }
    for (std::size_t i = 0; i < loops.size(); ++i) {
        for (const std::uint64_t end : {std::uint64_t{0}, loops[i] - 1}) {
            std::vector<std::uint64_t> at = drawn(loops, random);
            at[i] = end;
            blocks.insert(linear(loops, at));
        }
    }
    for (int i = 0; i < 4; ++i)
        blocks.insert(linear(loops, drawn(loops, random)));
    return blocks;
}

BlockSample sample_of(const std::vector<std::uint64_t>& loops, std::uint64_t seed) {
    Random random(seed);
    return [blocks = sampled_blocks(loops, random), whole = product(loops)](const ptx::Dim3& grid,
                                                                            const ptx::Dim3& block) {
        return grid.count() != whole || blocks.contains(grid.linear(block));
    };
}

SampledCase sampled_case(const NamedProblem& named, const Target& target, std::uint64_t seed) {
    CompileOptions options;
    options.tuned.untuned = true;
    options.tuned.any_machine = true;
    SampledCase sampled;
    sampled.named = named;
    sampled.plan = require_value(make_plan(named.problem, target, options));
    const Plan& plan = sampled.plan;
    sampled.object = require_value(gpu_object_of(named.problem, target, plan.strategy, plan.schedule));
    sampled.operands = integer_operands(named.problem, seed, sampled.object.info.transform);
    sampled.loops = block_loops(named.problem, target, plan.strategy, plan.schedule);
    sampled.sample = sample_of(sampled.loops, seed);
    return sampled;
}

Verdict judge(const SampledCase& sampled, const Definition& definition, const GpuRun& run) {
    Verdict verdict;
    verdict.wrong = run.trouble();
    if (!verdict.wrong.empty()) return verdict;
    std::vector<std::size_t> places;
    for (std::size_t element = 0; element < run.written.size(); ++element) {
        if (run.written[element] != 0) places.push_back(element);
    }
    verdict.written = places.size();
    verdict.wrong = missing_corner(definition, run);
    // Where all are too many, every so-many-th; an odd step leaves no column out.
    const std::int64_t products =
        places.empty() ? 0 : definition.products(places[places.size() / 2]) * static_cast<std::int64_t>(places.size());
    const std::size_t step = static_cast<std::size_t>(products / most_products) * 2 + 1;
    for (std::size_t i = 0; i < places.size() && verdict.wrong.empty(); i += step) {
        ++verdict.compared;
        const double got = value_at(sampled.named.problem, run.output, places[i]);
        const EpilogueValue want = definition.at(places[i]);
        if (std::abs(static_cast<long double>(got) - want.value) <= want.own) continue;
        verdict.wrong = fmt::format("y[{}] is {}, must be {} within {}", fmt::join(definition.place(places[i]), ","),
                                    got, static_cast<double>(want.value), static_cast<double>(want.own));
    }
    return verdict;
}

}  // namespace convt::test
