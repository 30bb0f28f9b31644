// SPDX-License-Identifier: Apache-2.0
// Random problems, each by one of the strategies for GPUs with one legal schedule for one architecture, executed whole
// from its PTX against the oracle. CONVT_GPU_PROBLEMS (default 200) says how many, CONVT_SEED which. Every failure
// prints a trial; CONVT_REPLAY='<trial>' repeats it and makes it smaller.
#include "tests/cuda/gpu_trial.h"

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cstdlib>
#include <iostream>

namespace convt::test {
namespace {

constexpr std::uint64_t shards = 4;

std::uint64_t gpu_problems() {
    return environment_number("CONVT_GPU_PROBLEMS", 200);
}

}  // namespace

TEMPLATE_TEST_CASE_SIG("random problems executed from PTX agree with the oracle: shard", "",
                       ((std::uint64_t shard), shard), 0, 1, 2, 3) {
    const std::uint64_t count = gpu_problems();
    std::cout << "CONVT_SEED=" << run_seed() << ", " << count << " problems, from " << shard << " in steps of "
              << shards << '\n';
    for (std::uint64_t i = shard; i < count; i += shards) {
        const Trial trial = random_gpu_trial(i);
        const Status status = check_on(GpuApi::cuda, trial);
        if (!status.ok()) std::cout << status.message() << std::endl;
        INFO(trial.text());
        CHECK(status.ok());
    }
}

TEST_CASE("random problems for GPUs: every strategy and rank and type and target has its share") {
    const std::uint64_t count = std::max<std::uint64_t>(gpu_problems(), 200);
    const std::map<std::string, std::uint64_t> seen = shares_of(count);
    const Target target = gpu_targets().front();
    const auto types = std::ranges::count_if(problem_types(), [&](const ProblemTypeInfo& row) {
        Problem problem;
        problem.type = row.type;
        return refusal(strategy_names(target).back(), problem, target).empty();
    });
    CHECK(seen.size() ==
          strategy_names(target).size() + 3 + static_cast<std::size_t>(types) + gpu_targets().size() + 1);
    for (const auto& [what, times] : seen) {
        INFO(what);
        CHECK(times * 25 >= count);  // 8 of two hundred
    }
}

TEST_CASE("replay of a GPU trial", "[.]") {
    const char* text = std::getenv("CONVT_REPLAY");
    REQUIRE(text != nullptr);
    const Result<Trial> trial = Trial::parse(text);
    INFO(trial.status().message());
    REQUIRE(trial.ok());
    const Status status = check_on(GpuApi::cuda, trial.value());
    if (status.ok()) return;
    std::cout << status.message() << "\nlooking for a smaller one ..." << std::endl;
    const Trial smallest = shrink(trial.value(), [](const Trial& t) { return !check_on(GpuApi::cuda, t).ok(); });
    std::cout << check_on(GpuApi::cuda, smallest).message() << std::endl;
    FAIL("the trial fails; the smallest one found stands above");
}

}  // namespace convt::test
