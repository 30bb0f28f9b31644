// SPDX-License-Identifier: Apache-2.0
// Open extents: one kernel, calls of many sizes, each against the oracle of its closed problem. Failures print trials,
// as those of random problems do. CONVT_OPEN_PROBLEMS (default 120) says how many kernels.
#include "convt/engine.h"
#include "convt/worker.h"
#include "tests/support/compare.h"
#include "tests/support/data.h"
#include "tests/support/problems.h"
#include "tests/support/require_value.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/trial.h"

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <iostream>

namespace convt::test {
namespace {

constexpr std::uint64_t shards = 4;

std::vector<std::string> open_strategies() {
    const Problem open = Problem::parse("convt1d_f32_ci64_co64_i?_k16_s8_p4_nhwc").value();
    const Problem closed = Problem::parse("convt1d_f32_ci64_co64_i64_k16_s8_p4_nhwc").value();
    std::vector<std::string> names;
    for (const std::string& name : strategy_names()) {
        const bool closed_alone = refusal(name, open, Target::host()).starts_with("open extents:");
        if (closed_alone) continue;
        CHECK(refusal(name, open, Target::host()) == refusal(name, closed, Target::host()));
        names.push_back(name);
    }
    return names;
}

Trial random_open_trial(std::uint64_t index) {
    static const std::vector<std::string> strategies = open_strategies();
    Random random(mix(run_seed() + 0x0b5e, index));
    Trial trial;
    trial.strategy = strategies[index % strategies.size()];
    if (random.chance(25)) trial.target = random.pick(runnable_targets());
    for (int draw = 0; draw < 4000; ++draw) {
        trial.problem = opened(random, random_problem(random));
        if (!refusal(trial.strategy, trial.problem, trial.target).empty()) continue;
        trial.seed = random.next();
        Random sizes(trial.seed);
        if (calls(sizes, trial.problem).size() < 3) continue;
        trial.schedule = random_schedule(random, trial.strategy, trial.problem, trial.target);
        return trial;
    }
    FAIL("strategy " << trial.strategy << " took none of 4000 open problems; CONVT_SEED=" << run_seed());
    return trial;
}

void check_open(std::uint64_t first, std::uint64_t step, std::uint64_t count, bool asserts) {
    std::cout << "CONVT_SEED=" << run_seed() << ", " << count << " open problems, from " << first << " in steps of "
              << step << '\n';
    for (std::uint64_t i = first; i < count; i += step) {
        Trial trial = random_open_trial(i);
        trial.asserts = asserts;
        INFO("replay: CONVT_REPLAY='" << trial.text() << "' convt_test_differential replay");
        const Status status = check(trial);
        if (!status.ok()) std::cout << status.message() << std::endl;
        CHECK(status.ok());
    }
}

// x, the operand and y of these shapes, all of them of ones.
Status run_shapes(const Kernel& kernel, const std::vector<std::int64_t>& x, const std::vector<std::int64_t>& add,
                  const std::vector<std::int64_t>& y) {
    static std::vector<float> read(1 << 16, 1.0F), written(1 << 16);
    const auto view = [](std::vector<float>& memory, const std::vector<std::int64_t>& shape) {
        return TensorView::dense(static_cast<void*>(memory.data()), ElementType::f32, shape);
    };
    const TensorView operand = view(read, add);
    CallOptions options;
    options.operands = {&operand, 1};
    return kernel.run(view(read, x), view(read, kernel.problem().weight_shape()), {}, view(written, y), options);
}

void check_refusals(const Kernel& kernel) {
    const std::vector<std::int64_t> y{1, 3, 8, 16};
    const struct {
        std::vector<std::int64_t> x, add, y;
        std::vector<std::string> said;
    } rows[] = {{{1, 2, 1, 8}, y, y, {"x: input[H] = 1", "at least 2"}},
                {{1, 2, 65, 8}, y, y, {"x: input[H] = 65", "at most 64"}},
                {{1, 2, 4, 6}, y, y, {"x: input[W] = 6", "multiple of 4"}},
                {{0, 2, 4, 8}, y, y, {"x: batch = 0", "at least 1"}},
                {{1, 3, 4, 8}, y, y, {"x: shape is (1, 3, 4, 8)", "(1, 2, 4, 8)"}},
                {{2, 4}, y, y, {"x: shape is (2, 4)", "(?, 2, ?, ?)"}},
                {{1, 2, 4, 8}, y, {1, 3, 8, 14}, {"y: shape is (1, 3, 8, 14)", "(1, 3, 8, 16)"}},
                {{2, 2, 4, 8}, {2, 3, 8, 16}, y, {"y: shape is (1, 3, 8, 16)", "(2, 3, 8, 16)"}},
                {{1, 2, 4, 8}, {1, 3, 8, 8}, y, {"add: shape is (1, 3, 8, 8)", "(1, 3, 8, 16)"}},
                {{2, 4, 8}, {3, 8, 16}, y, {"y: has 4 dimensions", "must have 3"}}};
    for (const auto& [x, add, out, said] : rows) {
        const Status status = run_shapes(kernel, x, add, out);
        CAPTURE(status.message());
        CHECK(status.code() == Code::invalid_argument);
        for (const std::string& part : said)
            CHECK(status.message().find(part) != std::string::npos);
    }
    CHECK(run_shapes(kernel, {1, 2, 4, 8}, y, y).ok());
    CHECK(run_shapes(kernel, {2, 4, 8}, {3, 8, 16}, {3, 8, 16}).ok());
}

// Each is compiled once and called at eight sizes.
std::uint64_t open_problems() {
    return environment_number("CONVT_OPEN_PROBLEMS", 120);
}

}  // namespace

TEMPLATE_TEST_CASE_SIG("open problems agree with the oracle at every size: shard", "", ((std::uint64_t shard), shard),
                       0, 1, 2, 3) {
    check_open(shard, shards, open_problems(), false);
}

TEST_CASE("open problems: Halide's own checks stay silent") {
    const std::uint64_t behind = open_problems();
    check_open(behind, 1, behind + behind / 8, true);
}

TEST_CASE("an open length: one kernel, a thousand lengths") {
    const Problem open = Problem::parse("convt1d_f32_ci3_co8_i?_k16_s8_p4_bias").value();
    const auto kernel = require_value(compile({open, Target::host(), "width_lanes", {}, 1}));
    for (std::int64_t length = 1; length <= 1000; ++length) {
        const Problem call = open.closed(1, std::vector{length}).value();
        const Operands operands = integer_operands(call, 1);
        const Result<std::vector<std::byte>> y = run_guarded(*kernel, call, operands);
        INFO(call.text() << " " << y.status().message());
        REQUIRE(y.ok());
        REQUIRE(first_mismatch(call, y.value(), oracle(call, operands), Match::exact).value_or("") == "");
    }
}

TEST_CASE("an open kernel: from the worker and from the cache, for tensors that fit and no others") {
    const TemporaryFolder folder;
    const Problem open = Problem::parse("convt2d_f32_n?_ci2_co3_i2..64x?*4_k4_s2_p1_add").value();
    for (int start = 0; start < 2; ++start) {
        EngineOptions options;
        if (start == 0) options.compiler = worker_compiler();  // then from disk, or not at all
        options.cache_dir = folder.path();
        const auto engine = require_value(Engine::create(std::move(options)));
        const auto kernel = require_value(engine->kernel(open));
        CHECK(kernel->info().admitted);
        for (const Problem& call : {open.closed(1, std::vector<std::int64_t>{2, 4}).value(),
                                    open.closed(3, std::vector<std::int64_t>{17, 20}).value()}) {
            const Operands operands = integer_operands(call, 1);
            const auto y = require_value(run_guarded(*kernel, call, operands));
            CHECK(first_mismatch(call, y, oracle(call, operands), Match::exact).value_or("") == "");
        }
        check_refusals(*kernel);
    }
}

TEST_CASE("open problems: what is refused says why") {
    const Problem open = Problem::parse("convt1d_f32_n?_ci64_co64_i?_k16_s8_p4").value();
    const Problem image = Problem::parse("convt2d_f32_ci64_co64_i64x?_k4_s2_p1").value();
    CHECK(refusal("winograd", open, Target::host()).empty());
    CHECK(refusal("winograd", image, Target::host()).starts_with("open extents:"));
    const Target gpu = Target::parse("cuda-sm80").value();
    for (const std::string& name : strategy_names(gpu))
        CHECK(refusal(name, open, gpu).starts_with("open extents:"));
}

}  // namespace convt::test
