// SPDX-License-Identifier: Apache-2.0
// Streams: whatever the pieces, the outputs have the bits of an ordered kernel of the whole signal, by whatever
// strategy and schedule, and are the oracle's.
#include "convt/stream.h"

#include "tests/support/compare.h"
#include "tests/support/data.h"
#include "tests/support/problems.h"
#include "tests/support/require_value.h"
#include "tests/support/run.h"
#include "tests/support/trial.h"

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>

namespace convt::test {
namespace {

Problem of(const char* text) {
    return require_value(Problem::parse(text));
}

TensorView view(std::vector<std::byte>& data, ElementType type, const std::vector<std::int64_t>& shape) {
    return TensorView::dense(static_cast<void*>(data.data()), type, shape);
}

// The part of `whole` from `first` on that has the extents of `shape`, as a view with the strides of the whole.
TensorView piece(const TensorView& whole, bool last, std::int64_t first, std::int64_t count) {
    TensorView part = whole;
    const int time = last ? 1 : 2;
    part.extents[time] = count;
    part.data =
        static_cast<std::byte*>(whole.data) + first * whole.strides[time] * element_type_info(whole.type).bytes();
    return part;
}

// The output of a stream that is given the signal in pieces of random lengths up to `longest`.
std::vector<std::byte> streamed(const Problem& whole, const std::vector<std::shared_ptr<const Kernel>>& kernels,
                                Operands operands, std::int64_t longest, Random& random) {
    std::vector<PackedWeights> packed;
    std::vector<StreamKernel> list;
    packed.reserve(kernels.size());
    for (const auto& kernel : kernels) {
        packed.push_back(
            require_value(kernel->pack(view(operands.weights, whole.types().weights, whole.weight_shape()))));
        list.push_back({kernel, &packed.back()});
    }
    Stream stream = require_value(Stream::create(whole, list));
    std::vector<std::byte> data(bytes_of(whole.types().output, whole.output_shape()), std::byte{0xA5});
    const TensorView x = view(operands.x, whole.types().input, whole.input_shape());
    const TensorView y = view(data, whole.types().output, whole.output_shape());
    const TensorView bias = whole.bias ? view(operands.bias, whole.types().sum, {whole.out_channels}) : TensorView{};
    std::vector<TensorView> extras;
    for (std::vector<std::byte>& operand : operands.epilogue)
        extras.push_back(view(operand, whole.types().epilogue, {whole.out_channels}));
    CallOptions options;
    options.operands = extras;
    const bool x_last = whole.input_layout == Layout::channels_last;
    const bool y_last = whole.output_layout == Layout::channels_last;
    std::int64_t taken = 0, written = 0;
    while (taken < whole.axes[0].input) {
        const std::int64_t count = std::min(random.between(1, longest), whole.axes[0].input - taken);
        const std::int64_t outputs = stream.outputs(count);
        const Status status =
            stream.push(piece(x, x_last, taken, count), bias, piece(y, y_last, written, outputs), options);
        REQUIRE(status.message() == "");
        taken += count;
        written += outputs;
    }
    REQUIRE(written + stream.rest() == whole.axes[0].output());
    REQUIRE(stream.finish(bias, piece(y, y_last, written, stream.rest()), options).message() == "");
    return data;
}

// A problem of one axis that streams, with the new frames of a block that the strategy takes.
struct Streaming {
    Problem whole;
    std::int64_t block;
};

Streaming random_streaming(Random& random, const std::string& strategy) {
    for (int draw = 0; draw < 5000; ++draw) {
        Problem p = random_problem(random);
        p.axes = {p.axes[static_cast<std::size_t>(p.rank - 1)]};
        p.rank = 1;
        p.axes[0].input = random.between(8, 200);
        p.padding_mode = PaddingMode::zeros;
        p.sums = Sums::ordered;
        const std::int64_t block = random.between(1, 24);
        if (p.multiply_adds() > 1'000'000 || !p.validate().ok()) continue;
        const Result<Problem> inner = Stream::problem(p, block);
        if (inner.ok() && refusal(strategy, inner.value(), Target::host()).empty()) return {p, block};
    }
    FAIL("strategy " << strategy << " took none of 5000 random problems; CONVT_SEED=" << run_seed());
    return {};
}

void check_random(std::uint64_t index) {
    Random random(mix(run_seed(), index));
    std::vector<std::string> strategies = strategy_names();
    std::erase(strategies, "winograd");  // transforms products
    const std::string strategy = strategies[index % strategies.size()];
    const auto [whole, block] = random_streaming(random, strategy);
    const Problem inner = require_value(Stream::problem(whole, block));
    const std::optional<Schedule> schedule = random_schedule(random, strategy, inner, Target::host());
    const Trial trial{inner, Target::host(), strategy, schedule, index, false};
    INFO("CONVT_SEED=" << run_seed() << ", index " << index << ": " << whole.text() << "\n  block " << trial.text());
    // Half of them beside a shorter one.
    std::vector<std::shared_ptr<const Kernel>> kernels{require_value(compile(trial))};
    if (random.chance(50)) {
        const Problem other = require_value(Stream::problem(whole, random.between(1, block)));
        kernels.insert(kernels.begin(), require_value(compile({other, Target::host(), "general", {}, index, false})));
    }

    const Operands integers = integer_operands(whole, index);
    const auto exact = streamed(whole, kernels, integers, 4 * block, random);
    CHECK(first_mismatch(whole, exact, oracle(whole, integers), Match::exact).value_or("") == "");

    const Operands uniform = uniform_operands(whole, index);
    const auto rounded = streamed(whole, kernels, uniform, 4 * block, random);
    const auto at_once = require_value(compile({whole, Target::host(), "general", {}, index, false}));
    CHECK((rounded == require_value(run_guarded(*at_once, uniform))));  // thousands of bytes are not for reading
}

}  // namespace

TEMPLATE_TEST_CASE_SIG("streams of random problems have the bits of the whole signal: shard", "",
                       ((std::uint64_t shard), shard), 0, 1, 2, 3) {
    const std::uint64_t count = environment_number("CONVT_RANDOM_STREAMS", 100);
    for (std::uint64_t i = shard; i < count; i += 4)
        check_random(i);
}

TEST_CASE("streams: pieces of 1 to 4096 frames, every strategy") {
    Random random(run_seed());
    for (const char* text : {"convt1d_f32_ci6_co8_i9000_k16_s8_p4_bias_ordered_leaky0.1",
                             "convt1d_f32_ci16_co16_i9000_k4_s2_p1_g16_nhwc_ordered"}) {
        const Problem whole = of(text), inner = require_value(Stream::problem(whole, 256));
        const Operands operands = uniform_operands(whole, 1);
        const auto at_once = require_value(compile({whole, Target::host(), "general", {}, 0, false}));
        const auto expected = require_value(run_guarded(*at_once, operands));
        for (const std::string& strategy : strategy_names()) {
            if (!refusal(strategy, inner, Target::host()).empty()) continue;
            INFO("CONVT_SEED=" << run_seed() << ", " << text << " " << strategy);
            const auto kernel = require_value(compile({inner, Target::host(), strategy, {}, 0, false}));
            for (const std::int64_t longest : {7, 256, 4096})
                CHECK((streamed(whole, {kernel}, operands, longest, random) == expected));
        }
    }
}

TEST_CASE("streams: outputs come as soon as no later frame can reach them") {
    const Problem whole = of("convt1d_f32_ci1_co1_i9_k4_s2_p1");
    const Problem inner = require_value(Stream::problem(whole, 3));
    CHECK(inner.text() == "convt1d_f32_ci1_co1_i5_k4_s2_p4:2_ordered");
    const auto kernel = require_value(compile({inner, Target::host(), "general", {}, 0, false}));
    std::vector<float> w(4);
    const PackedWeights packed =
        require_value(kernel->pack(TensorView::dense(static_cast<void*>(w.data()), ElementType::f32, {1, 1, 4})));
    const Stream stream = require_value(Stream::create(whole, {{kernel, &packed}}));
    CHECK(stream.outputs(1) == 1);  // of the two positions of the first frame one is padding
    CHECK(stream.outputs(5) == 9);
    CHECK(stream.outputs(0) == 0);
    CHECK(stream.rest() == 0);
    // Padding at the end waits: the last two positions before it may be cropped.
    CHECK(require_value(Stream::problem(of("convt1d_f32_ci1_co1_i9_k2_s2_p0:2"), 3)).text() ==
          "convt1d_f32_ci1_co1_i5_k2_s2_p2_ordered");
}

TEST_CASE("streams: what does not fit is refused by name") {
    const auto said = [](const char* text, std::int64_t frames = 4) {
        return Stream::problem(of(text), frames).status();
    };
    CHECK(said("convt2d_f32_ci1_co1_i4_k2").message() == "rank = 2: streams have one axis");
    CHECK(said("convt1d_f32_ci1_co1_i4_k2_p1_pmreflect").code() == Code::unsupported);
    CHECK(said("convt1d_f32_ci1_co1_i4_k2_gradinput").code() == Code::unsupported);
    CHECK(said("convt1d_f32_ci1_co1_i4_k2_add").message() ==
          "epilogue = add: streams take no operand of the output's shape");
    CHECK(said("convt1d_f32_n?_ci1_co1_i4_k2").message() == "batch = ?: streams have a fixed batch");
    CHECK(said("convt1d_f32_ci1_co1_i?_k2_s2").ok());  // how long the signal gets, nobody asks
    CHECK(said("convt1d_f32_ci1_co1_i4_k2", 0).message() == "frames = 0: must be at least 1");

    const Problem whole = of("convt1d_f32_ci2_co1_i9_k4_s2_p1");
    const auto kernel =
        require_value(compile({require_value(Stream::problem(whole, 3)), Target::host(), "general", {}, 0, false}));
    std::vector<float> x(8), y(8, 7.0F), w(8);
    const auto dense = [](std::vector<float>& data, const std::vector<std::int64_t>& shape) {
        return TensorView::dense(static_cast<void*>(data.data()), ElementType::f32, shape);
    };
    const PackedWeights packed = require_value(kernel->pack(dense(w, {2, 1, 4})));
    CHECK(Stream::create(whole, {}).status().message() == "kernels: are none, must be one or more");
    CHECK(Stream::create(whole, {{nullptr, &packed}}).status().message() == "kernel: is null");
    CHECK(Stream::create(whole, {{kernel, nullptr}}).status().message() == "weights: are null");
    const Problem other = of("convt1d_f32_ci2_co1_i9_k5_s2");
    CHECK(Stream::create(other, {{kernel, &packed}}).status().code() == Code::invalid_argument);
    Stream stream = require_value(Stream::create(whole, {{kernel, &packed}}));
    CHECK(stream.push(dense(x, {1, 1, 4}), {}, dense(y, {1, 1, 7})).message() == "x: must be of extents (1, 2, 4)");
    CHECK(stream.push(dense(x, {1, 2, 4}), {}, dense(y, {1, 1, 8})).message() == "y: must be of extents (1, 1, 7)");
    CHECK(stream.push(dense(x, {1, 2, 4}), dense(w, {1}), dense(y, {1, 1, 7})).code() == Code::invalid_argument);
    CHECK(std::ranges::count(y, 7.0F) == 8);
    CHECK(stream.outputs(4) == 7);
    CHECK(stream.push(dense(x, {1, 2, 4}), {}, dense(y, {1, 1, 7})).ok());
    CHECK(stream.rest() == 1);
}

}  // namespace convt::test
