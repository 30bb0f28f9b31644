// SPDX-License-Identifier: Apache-2.0
#include "tests/support/problems.h"

#include "runtime/problem/epilogue.h"
#include "tests/support/data.h"

#include <algorithm>
#include <array>
#include <functional>
#include <numeric>
#include <span>

namespace convt::test {
namespace {

constexpr std::array<PaddingMode, 3> folding{PaddingMode::reflect, PaddingMode::replicate, PaddingMode::circular};
constexpr std::array<std::int64_t, 8> primes{2, 3, 5, 7, 11, 13, 17, 23};

std::int64_t extent(Random& r, int rank) {
    if (r.chance(15)) return 1;
    if (r.chance(30)) return r.pick(primes);
    return r.between(2, rank == 1 ? 200 : rank == 2 ? 28 : 10);
}

// Mostly a handful; sometimes more than the lanes of two vectors, and rarely a round number of them.
std::int64_t channels(Random& r) {
    if (r.chance(20)) return 1;
    if (r.chance(10)) return 16 * r.between(1, 6);
    return r.chance(30) ? r.between(9, 70) : r.between(2, 8);
}

void choose_channels(Random& r, Problem& p) {
    p.groups = r.chance(50) ? 1 : r.between(2, 5);
    p.in_channels = p.groups * channels(r);
    p.out_channels = p.groups * channels(r);
    if (r.chance(20)) {  // depthwise, with one to three outputs a channel
        p.groups = p.in_channels = r.chance(40) ? 16 * r.between(1, 4) : channels(r);
        p.out_channels = p.groups * (r.chance(50) ? 1 : r.between(1, 3));
    }
}

Axis random_axis(Random& r, int rank) {
    Axis a;
    a.input = extent(r, rank);
    a.kernel = r.chance(10) ? r.between(1, rank == 1 ? 40 : 9) : r.between(1, 5);
    a.stride = r.chance(35) ? 1 : r.chance(80) ? r.between(2, 4) : a.kernel + r.between(0, 3);
    a.dilation = r.chance(60) ? 1 : r.between(2, 5);
    if (r.chance(5)) a.dilation = a.input + r.between(0, 2);  // every tap but one may miss the input
    // Up to one more than the whole reach of the kernel: padding may also crop what no tap touches.
    const std::int64_t reach = a.dilation * (a.kernel - 1) + 1;
    if (r.chance(65)) a.pad_low = a.pad_high = r.between(0, std::min<std::int64_t>(reach, 12));
    if (r.chance(35)) a.pad_high = r.between(0, std::min<std::int64_t>(reach, 12));
    if (r.chance(45)) a.output_padding = r.between(0, std::max(a.stride, a.dilation) - 1);
    return a;
}

// Any of the table's operations in any order, some twice.
void choose_epilogue(Random& r, Problem& p) {
    if (!r.chance(45)) return;
    constexpr std::array<float, 8> numbers{0.5F, 0.25F, 2.0F, -0.5F, 0.0F, 0.1F, 0.01F, 6.0F};
    const bool is_complex = p.types().parts() != 1;
    const bool is_integer = element_type_info(p.types().epilogue).exponent_bits == 0;
    for (std::int64_t count = r.between(1, 4); count > 0; --count) {
        const EpilogueRow& row = is_integer ? *find_epilogue_row(EpilogueOp::Kind::relu) : r.pick(epilogue_rows());
        if ((is_complex && !row.is_complex) || (is_integer && !row.is_integer)) continue;
        EpilogueOp op{row.kind, {}};
        for (int i = 0; i < row.values; ++i)
            op.values[static_cast<std::size_t>(i)] = r.pick(numbers);
        if (row.values == 2 && op.values[0] > op.values[1]) std::swap(op.values[0], op.values[1]);
        p.epilogue.push_back(op);
    }
}

std::int64_t product(const std::vector<std::int64_t>& shape) {
    return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

void choose_gradient(Random& r, Problem& p) {
    p.pass = Pass::grad_input;
    p.type = r.chance(50) ? ProblemType::f32 : ProblemType::f64;
    p.padding_mode = PaddingMode::zeros;
    p.input_zero = 0;
    p.bias = false;
    if (p.sums == Sums::ordered) p.sums = Sums::direct;
    p.epilogue.clear();
}

Problem any_problem(Random& r) {
    Problem p;
    p.rank = static_cast<int>(r.between(1, 3));
    p.type = r.pick(problem_types()).type;
    if (const ElementTypeInfo& type = element_type_info(p.types().input); type.exponent_bits == 0 && r.chance(50))
        p.input_zero = r.between(type.kind == ScalarKind::unsigned_integer ? 0 : -16, 16);
    p.batch = r.chance(70) ? 1 : r.between(2, 4);
    choose_channels(r, p);
    for (int i = 0; i < p.rank; ++i)
        p.axes[i] = random_axis(r, p.rank);
    if (r.chance(25)) p.padding_mode = r.pick(folding);
    p.input_layout = r.chance(35) ? Layout::channels_last : Layout::channels_first;
    p.output_layout = r.chance(35) ? Layout::channels_last : Layout::channels_first;
    p.bias = r.chance(50);
    if (r.chance(30)) p.sums = r.chance(50) ? Sums::direct : Sums::ordered;
    choose_epilogue(r, p);
    if (r.chance(10)) choose_gradient(r, p);
    return p;
}

void add_simpler_axis(const Problem& p, int i, std::vector<Problem>& list) {
    const auto with = [&](std::int64_t Axis::*field, std::int64_t value) {
        Problem q = p;
        q.axes[i].*field = value;
        list.push_back(q);
    };
    const Axis& a = p.axes[i];
    for (const auto field : {&Axis::input, &Axis::kernel, &Axis::stride, &Axis::dilation}) {
        if (a.*field > 2) with(field, a.*field / 2);
        if (a.*field > 1) with(field, a.*field - 1);
    }
    for (const auto field : {&Axis::pad_low, &Axis::pad_high, &Axis::output_padding}) {
        if (a.*field > 0) with(field, 0);
        if (a.*field > 1) with(field, a.*field - 1);
    }
}

}  // namespace

Problem random_problem(Random& random, const SizeLimit& limit) {
    while (true) {
        Problem p = any_problem(random);
        if (p.multiply_adds() > limit.multiply_adds || !p.validate().ok()) continue;
        if (integer_limit(p) < 3) continue;  // so much folds onto one output that exact data would all be alike
        if (product(p.output_shape()) <= limit.output_elements) return p;
    }
}

Problem opened(Random& r, const Problem& problem) {
    while (true) {
        Problem p = problem;
        p.pass = Pass::forward;  // gradients are of closed sizes alone
        if (r.chance(40)) p.open_batch = true, p.batch = 1;
        for (int i = 0; i < p.rank; ++i) {
            if (r.chance(p.rank == 1 ? 10 : 30)) continue;
            const std::int64_t multiple = r.chance(70) ? 1 : r.between(2, 9);
            const std::int64_t lowest = multiple * r.between(1, 4);
            p.open_input(i, r.chance(70) ? OpenExtent{multiple, 0, multiple}
                                         : OpenExtent{lowest, lowest + multiple * r.between(1, 300), multiple});
        }
        if (p.is_open() && p.validate().ok()) return p;
    }
}

std::vector<Problem> calls(Random& r, const Problem& problem) {
    constexpr int count = 8, draws = 4000;
    std::vector<Problem> list;
    if (!problem.is_open()) return {problem};
    for (int draw = 0; draw < draws && list.size() < count; ++draw) {
        std::vector<std::int64_t> input;
        for (const Axis& axis : std::span(problem.axes).first(static_cast<std::size_t>(problem.rank))) {
            const auto& [lowest, highest, multiple] = axis.open;
            const std::int64_t wanted = draw < 20 ? draw : extent(r, problem.rank) * (r.chance(10) ? 7 : 1);
            const std::int64_t inside = std::max(wanted / std::max<std::int64_t>(multiple, 1) * multiple, lowest);
            input.push_back(!axis.is_open() ? axis.input : highest == 0 ? inside : std::min(inside, highest));
        }
        const Result<Problem> call = problem.closed(problem.open_batch ? r.between(1, 3) : problem.batch, input);
        if (!call.ok() || call.value().multiply_adds() > SizeLimit{}.multiply_adds) continue;
        if (integer_limit(call.value()) < 3 || product(call.value().output_shape()) > SizeLimit{}.output_elements)
            continue;
        if (draw < 20 && !list.empty()) continue;
        list.push_back(call.value());
    }
    return list;
}

std::vector<Problem> simpler(const Problem& problem) {
    std::vector<Problem> list;
    const auto with = [&](const std::function<void(Problem&)>& change) {
        list.push_back(problem);
        change(list.back());
    };
    with([](Problem& p) { p.batch = 1; });
    with([](Problem& p) { p.open_batch = false; });
    for (int i = 0; i < problem.rank; ++i)
        with([i](Problem& p) { p.axes[i].open = {}, p.axes[i].input = 7; });
    with([](Problem& p) { p.in_channels = p.groups; });
    with([](Problem& p) { p.out_channels = p.groups; });
    with([](Problem& p) { p.in_channels /= p.groups, p.out_channels /= p.groups, p.groups = 1; });
    with([](Problem& p) { p.epilogue.clear(); });
    for (std::size_t i = 0; i < problem.epilogue.size(); ++i)
        with([i](Problem& p) { p.epilogue.erase(p.epilogue.begin() + static_cast<std::ptrdiff_t>(i)); });
    with([](Problem& p) { p.pass = Pass::forward; });
    with([](Problem& p) { p.padding_mode = PaddingMode::zeros; });
    with([](Problem& p) { p.bias = false; });
    with([](Problem& p) { p.input_zero = 0; });
    with([](Problem& p) { p.sums = Sums::any; });
    with([](Problem& p) { p.input_layout = Layout::channels_first; });
    with([](Problem& p) { p.output_layout = Layout::channels_first; });
    with([](Problem& p) { p.in_channels = p.in_channels / p.groups / 2 * p.groups; });
    with([](Problem& p) { p.out_channels = p.out_channels / p.groups / 2 * p.groups; });
    with([](Problem& p) { p.out_channels -= p.groups; });
    for (int i = 0; i < problem.rank; ++i)
        add_simpler_axis(problem, i, list);
    std::erase_if(list, [&](const Problem& p) { return p == problem || !p.validate().ok(); });
    return list;
}

}  // namespace convt::test
