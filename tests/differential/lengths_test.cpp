// SPDX-License-Identifier: Apache-2.0
// What an open length costs: one kernel against closed ones, each compiled for its length. By hand, on a quiet machine
// and one thread; the goal is 0.9. Lengths lie evenly on a logarithmic scale; each pair is
// timed in turns, so that both see the same machine, and medians are compared.
#include "convt/halide_compiler.h"
#include "convt/kernel.h"
#include "tests/support/data.h"
#include "tests/support/random.h"
#include "tests/support/require_value.h"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <vector>

namespace convt::test {
namespace {

std::shared_ptr<const Kernel> compiled(const Problem& problem) {
    CompileOptions options;
    options.admit = false;
    const Result<Object> object = compile_object(problem, Target::host(), options);
    INFO(object.status().message());
    REQUIRE(object.ok());
    return require_value(Kernel::load(object.value()));
}

// A kernel with tensors of one length.
struct Timed {
    Timed(std::shared_ptr<const Kernel> k, const Problem& call)
        : kernel(std::move(k)),
          problem(call),
          operands(uniform_operands(call, 1)),
          packed(require_value(kernel->pack(TensorView::dense(static_cast<const void*>(operands.weights.data()),
                                                              call.types().weights, call.weight_shape())))),
          y(static_cast<std::size_t>(
                TensorView::dense(static_cast<void*>(nullptr), ElementType::f32, call.output_shape()).size()) *
            4) {}

    double microseconds(int calls) {
        CallOptions options;
        options.threads = 1;
        const auto view = [](const auto& bytes, std::vector<std::int64_t> shape) {
            return TensorView::dense(static_cast<const void*>(bytes.data()), ElementType::f32, shape);
        };
        const TensorView x = view(operands.x, problem.input_shape()),
                         bias = view(operands.bias, {problem.out_channels});
        const TensorView out =
            TensorView::dense(static_cast<void*>(y.data()), ElementType::f32, problem.output_shape());
        const auto begin = std::chrono::steady_clock::now();
        for (int i = 0; i < calls; ++i)
            if (!kernel->run(x, packed, bias, out, options).ok()) FAIL("the kernel refuses");
        return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count() / calls;
    }

    std::shared_ptr<const Kernel> kernel;
    Problem problem;
    Operands operands;
    PackedWeights packed;
    std::vector<std::byte> y;
};

double median(std::vector<double> values) {
    std::ranges::nth_element(values, values.begin() + std::ssize(values) / 2);
    return values[values.size() / 2];
}

// Closed kernel's time over the open one's.
double ratio(const std::shared_ptr<const Kernel>& open, const Problem& call) {
    Timed one(open, call), other(compiled(call), call);
    const double once = std::max(one.microseconds(1), other.microseconds(1));
    const int calls = std::clamp(static_cast<int>(2000 / once), 1, 1000);
    std::vector<double> open_us, closed_us;
    for (int round = 0; round < 15; ++round) {
        open_us.push_back(one.microseconds(calls));
        closed_us.push_back(other.microseconds(calls));
    }
    const double share = median(closed_us) / median(open_us);
    std::printf("%8lld  %10.1f us open  %10.1f us closed (%s)  %.3f\n", static_cast<long long>(call.axes[0].input),
                median(open_us), median(closed_us), other.kernel->info().strategy.c_str(), share);
    std::fflush(stdout);
    return share;
}

}  // namespace

TEST_CASE("open lengths against closed ones", "[.]") {
    // HiFi-GAN V1 makes 256 samples of a frame; its second layer is given 8 positions a frame, its fourth 128.
    constexpr double fewest_frames = 10, most_frames = 400;
    const struct {
        const char* text;
        double positions;
    } layers[] = {{"convt1d_f32_ci256_co128_i?_k16_s8_p4_bias", 8}, {"convt1d_f32_ci64_co32_i?_k4_s2_p1_bias", 128}};
    const std::uint64_t count = environment_number("CONVT_LENGTHS", 25);
    for (const auto& [text, positions] : layers) {
        const Problem problem = Problem::parse(text).value();
        const std::shared_ptr<const Kernel> open = compiled(problem);
        std::printf("%s: %s %s\n", text, open->info().strategy.c_str(), open->info().schedule.c_str());
        double sum = 0;
        for (std::uint64_t i = 0; i < count; ++i) {
            const double place = static_cast<double>(i) / static_cast<double>(count - 1);
            const auto length =
                static_cast<std::int64_t>(positions * fewest_frames * std::pow(most_frames / fewest_frames, place)) + 1;
            sum += std::log(ratio(open, problem.closed(1, std::vector{length}).value()));
        }
        std::printf("geometric mean %.3f, goal 0.9\n", std::exp(sum / static_cast<double>(count)));
    }
}

}  // namespace convt::test
