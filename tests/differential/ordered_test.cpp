// SPDX-License-Identifier: Apache-2.0
// Problems that say `ordered`: whatever the strategy, the schedule, the threads and what is left open, outputs have the
// bits of sums that are taken in the documented order (Sums, problem.h) with std::fma.
#include "tests/support/compare.h"
#include "tests/support/data.h"
#include "tests/support/problems.h"
#include "tests/support/require_value.h"
#include "tests/support/run.h"
#include "tests/support/trial.h"

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <array>
#include <cmath>
#include <cstring>
#include <set>

namespace convt::test {
namespace {

constexpr std::uint64_t shards = 4;

// One step of a sum: fused, or rounded twice where the target has no such instruction.
template <typename T>
T step(T a, T b, T sum, bool fused) {
    if (fused) return std::fma(a, b, sum);
    const volatile T product = a * b;
    return sum + product;
}

// The position of the input that tap `k` brings to output `o`, or -1.
std::int64_t input_of(const Axis& axis, std::int64_t o, std::int64_t k) {
    const std::int64_t scaled = o + axis.pad_low - axis.dilation * k;
    if (scaled < 0 || scaled % axis.stride != 0) return -1;
    return scaled / axis.stride < axis.input ? scaled / axis.stride : -1;
}

// Every output before epilogues in the documented order, T the type of sums.
template <typename T>
class InOrder {
  public:
    InOrder(const Problem& problem, const Operands& operands, bool fused)
        : p_(problem),
          axes_(three_axes(problem)),
          parts_(static_cast<std::size_t>(problem.types().parts())),
          fused_(fused),
          x_(to_scalars(problem.types().input, operands.x)),
          w_(to_scalars(problem.types().weights, operands.weights)),
          bias_(to_scalars(problem.types().sum, operands.bias)) {}

    std::vector<std::byte> outputs() const {
        const std::array extents{axes_[0].output(), axes_[1].output(), axes_[2].output()};
        std::vector<double> y(bytes_of(p_.types().output, p_.output_shape()) / bytes_of(p_.types().output, {1}) *
                              parts_);
        for (std::int64_t n = 0; n < p_.batch; ++n)
            for (std::int64_t c = 0; c < p_.out_channels; ++c)
                for (std::int64_t i = 0; i < extents[0] * extents[1] * extents[2]; ++i) {
                    const std::array at{i / extents[2] / extents[1], i / extents[2] % extents[1], i % extents[2]};
                    const std::array<T, 2> sum = sum_at(n, c, at);
                    const std::size_t to = offset_of(p_.output_layout, extents, p_.out_channels, n, c, at);
                    for (std::size_t part = 0; part < parts_; ++part)
                        y[to * parts_ + part] = static_cast<double>(sum[part]);
                }
        return from_scalars(p_.types().output, y);
    }

  private:
    std::array<T, 2> sum_at(std::int64_t n, std::int64_t c, const std::array<std::int64_t, 3>& o) const {
        const std::int64_t of_group = p_.out_channels / p_.groups, channels = p_.in_channels / p_.groups;
        std::array<T, 2> sum{};
        for (std::size_t part = 0; part < parts_ && p_.bias; ++part)
            sum[part] = static_cast<T>(bias_[static_cast<std::size_t>(c) * parts_ + part]);
        for (std::int64_t kz = 0; kz < axes_[0].kernel; ++kz)
            for (std::int64_t ky = 0; ky < axes_[1].kernel; ++ky)
                for (std::int64_t ci = 0; ci < channels; ++ci)
                    for (std::int64_t kx = 0; kx < axes_[2].kernel; ++kx) {
                        const std::array i{input_of(axes_[0], o[0], kz), input_of(axes_[1], o[1], ky),
                                           input_of(axes_[2], o[2], kx)};
                        if (i[0] < 0 || i[1] < 0 || i[2] < 0) continue;
                        const std::int64_t from = c / of_group * channels + ci;
                        const std::int64_t tap =
                            (((from * of_group + c % of_group) * axes_[0].kernel + kz) * axes_[1].kernel + ky) *
                                axes_[2].kernel +
                            kx;
                        const std::array extents{axes_[0].input, axes_[1].input, axes_[2].input};
                        add(sum, offset_of(p_.input_layout, extents, p_.in_channels, n, from, i),
                            static_cast<std::size_t>(tap));
                    }
        return sum;
    }

    void add(std::array<T, 2>& sum, std::size_t x, std::size_t w) const {
        const auto part = [this](const std::vector<double>& v, std::size_t at, std::size_t p) {
            return static_cast<T>(v[at * parts_ + p]);
        };
        sum[0] = step(part(x_, x, 0), part(w_, w, 0), sum[0], fused_);
        if (parts_ == 1) return;
        sum[0] = step(-part(x_, x, 1), part(w_, w, 1), sum[0], fused_);
        sum[1] = step(part(x_, x, 0), part(w_, w, 1), sum[1], fused_);
        sum[1] = step(part(x_, x, 1), part(w_, w, 0), sum[1], fused_);
    }

    const Problem& p_;
    std::array<Axis, 3> axes_;
    std::size_t parts_;
    bool fused_;
    std::vector<double> x_, w_, bias_;
};

std::vector<std::byte> in_order(const Problem& problem, const Operands& operands, const Target& target) {
    const bool fused = std::string_view(target.info().name) != "x86-64-v2";
    if (element_type_info(problem.types().sum).scalar_bytes == 8)
        return InOrder<double>(problem, operands, fused).outputs();
    return InOrder<float>(problem, operands, fused).outputs();
}

// On one thread and on two.
std::vector<std::byte> run(const Kernel& kernel, const Problem& call, const Operands& operands, std::uint64_t seed) {
    RunOptions options = random_run_options(call, seed);
    options.threads = 1;
    const std::vector<std::byte> output = require_value(run_guarded(kernel, call, operands, options));
    options.threads = 2;
    CHECK((output == require_value(run_guarded(kernel, call, operands, options))));
    return output;
}

// The reference knows sums alone; with a padding mode or an epilogue, the general strategy stands in for it.
void check_bits(const Trial& trial) {
    INFO("CONVT_SEED=" << run_seed() << ", " << trial.text());
    const auto kernel = require_value(compile(trial));
    Random sizes(trial.seed);
    for (const Problem& call : calls(sizes, trial.problem)) {
        INFO(call.text());
        const Operands operands = uniform_operands(call, trial.seed);
        const std::vector<std::byte> output = run(*kernel, call, operands, trial.seed);
        CHECK(first_mismatch(call, output, oracle(call, operands), Match::bounded).value_or("") == "");
        if (call.rounds_in_order() && call.padding_mode == PaddingMode::zeros && call.epilogue.empty()) {
            CHECK((output == in_order(call, operands, trial.target)));  // thousands of bytes are not for reading
        } else {
            const auto general = require_value(compile({call, trial.target, "general", {}, trial.seed}));
            CHECK((output == run(*general, call, operands, trial.seed)));
        }
    }
}

// Several taps in W of several channels or of several rows: another order has other bits.
bool order_shows(const Problem& p) {
    const std::array<Axis, 3> axes = three_axes(p);
    const auto several = [](const Axis& axis) { return axis.kernel > axis.stride && axis.input > 1; };
    return several(axes[2]) && (p.in_channels > p.groups || several(axes[0]) || several(axes[1]));
}

void check_random(std::uint64_t index) {
    Random random(mix(run_seed(), index));
    std::vector<std::string> strategies = strategy_names();
    std::erase(strategies, "winograd");  // transforms products
    Trial trial;
    trial.strategy = strategies[index % strategies.size()];
    if (random.chance(40)) trial.target = random.pick(runnable_targets());
    trial.seed = random.next();
    for (int draw = 0; draw < 5000; ++draw) {
        trial.problem = random_problem(random, {100'000, 20'000});
        trial.problem.sums = Sums::ordered;
        if (random.chance(70)) trial.problem.epilogue.clear();
        if (random.chance(90) && !order_shows(trial.problem)) continue;
        if (random.chance(25)) trial.problem = opened(random, trial.problem);
        if (!trial.problem.validate().ok() || !refusal(trial.strategy, trial.problem, trial.target).empty()) continue;
        trial.schedule = random_schedule(random, trial.strategy, trial.problem, trial.target);
        return check_bits(trial);
    }
    FAIL("strategy " << trial.strategy << " took none of 5000 random problems; CONVT_SEED=" << run_seed());
}

}  // namespace

TEMPLATE_TEST_CASE_SIG("ordered sums have the bits of the documented order: shard", "", ((std::uint64_t shard), shard),
                       0, 1, 2, 3) {
    const std::uint64_t count = environment_number("CONVT_RANDOM_ORDERED", 100);
    for (std::uint64_t i = shard; i < count; i += shards)
        check_random(i);
}

TEST_CASE("ordered sums: knobs that split or join sums have no other value") {
    const auto values = [](const char* text, const char* strategy, const char* name) {
        const Target target = Target::parse("x86-64-v4+sse4a").value();
        std::vector<int> found;
        for (const Knob& knob : schedule_space(strategy, Problem::parse(text).value(), target))
            if (std::string_view(knob.name) == name) found = knob.values;
        return found;
    };
    CHECK(values("convt1d_f32_ci256_co16_i64_k64_s32_p16", "phase_lanes", "cb").size() > 1);
    CHECK(values("convt1d_f32_ci256_co16_i64_k64_s32_p16_ordered", "phase_lanes", "cb") == std::vector{256});
    CHECK(values("convt2d_bf16_ci64_co64_i32_k4_s2_p1", "channel_lanes", "dot") == std::vector{1, 2});
    CHECK(values("convt2d_bf16_ci64_co64_i32_k4_s2_p1_ordered", "channel_lanes", "dot").empty());
    CHECK(values("convt2d_u8s8s32_ci64_co64_i32_k4_s2_p1_ordered", "channel_lanes", "dot") == std::vector{1, 4});
}

TEST_CASE("ordered sums: what cannot keep them refuses them by name") {
    const Problem problem = Problem::parse("convt2d_f32_ci64_co64_i32_k4_s2_p1_ordered").value();
    CHECK(refusal("winograd", problem, Target::host()).find("ordered") != std::string::npos);
    const Target gpu = Target::parse("cuda-sm80").value();
    for (const std::string& strategy : strategy_names(gpu))
        CHECK(refusal(strategy, problem, gpu) == "sums = ordered: is built for CPUs alone");
}

}  // namespace convt::test
