// SPDX-License-Identifier: Apache-2.0
// The hand-picked corners of the rule space with every strategy that takes them, on every target; and what the targets
// promise of the objects made for them.
#include "tests/support/cases.h"
#include "tests/support/trial.h"

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <elf.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <iostream>
#include <set>
#include <string_view>

namespace convt::test {
namespace {

constexpr std::size_t shards = 4;

// A few cases that together use every rank, two types, groups and both layouts; the rest vary what targets share.
const std::set<std::string> target_cases{"coprime",      "prime_extents", "one_above_vector", "depthwise_last",
                                         "f64_2d",       "c64_2d_last",   "conv3d_stride",    "long_row",
                                         "groups_odd",   "f16_2d",        "bf16_2d_last",     "f32_in_f64",
                                         "u8_zero_last", "s8_dots",       "s8_groups",        "bf16_dots"};

std::size_t check_all_strategies(const NamedProblem& edge, const Target& target, bool asserts) {
    std::size_t taken = 0;
    for (const std::string& strategy : strategy_names()) {
        if (!refusal(strategy, edge.problem, target).empty()) continue;
        ++taken;
        Trial trial{edge.problem, target, strategy, std::nullopt, mix(run_seed(), taken), asserts};
        INFO(edge.name << ", replay: CONVT_REPLAY='" << trial.text() << "' convt_test_differential replay");
        const Status status = check(trial);
        if (!status.ok()) std::cout << edge.name << ": " << status.message() << std::endl;
        CHECK(status.ok());
    }
    return taken;
}

}  // namespace

TEMPLATE_TEST_CASE_SIG("edge cases agree with the oracle: shard", "", ((std::size_t shard), shard), 0, 1, 2, 3) {
    const std::vector<NamedProblem> edges = problem_cases("edge.tsv");
    REQUIRE(edges.size() >= 60);
    for (std::size_t i = shard; i < edges.size(); i += shards) {
        INFO(edges[i].name);
        CHECK(check_all_strategies(edges[i], Target::host(), i % 4 == 0) >= 1);
    }
}

TEST_CASE("trials that failed once agree with the oracle") {
    const std::vector<Trial> trials = trial_cases();
    REQUIRE_FALSE(trials.empty());
    const std::vector<Target> targets = runnable_targets();
    for (const Trial& trial : trials) {
        if (std::find(targets.begin(), targets.end(), trial.target) == targets.end()) continue;
        const Status status = check(trial);
        INFO(status.message());
        CHECK(status.ok());
    }
}

TEST_CASE("every target that this machine runs agrees with the oracle") {
    const std::vector<Target> targets = runnable_targets();
    REQUIRE_FALSE(targets.empty());
    for (const Target& target : targets) {
        for (const NamedProblem& edge : problem_cases("edge.tsv")) {
            if (target_cases.count(edge.name) != 0) CHECK(check_all_strategies(edge, target, false) >= 1);
        }
    }
}

TEST_CASE("every target gets objects of its own machine with no feature beyond its own") {
    // Some strategy refuses each, none refuses all.
    constexpr std::array texts{"convt2d_f32_ci8_co32_i9x9_k4x4_s2x2_p1x1_bias", "convt1d_f32_ci8_co32_i9_k32_s16_bias",
                               "convt1d_f32_ci32_co32_i9_k4_s2_g32_nhwc_bias"};
    for (const TargetInfo& row : targets()) {
        for (const std::string& strategy : strategy_names(Target::parse(row.name).value())) {
            const auto* text = std::find_if(texts.begin(), texts.end(), [&](const char* candidate) {
                return refusal(strategy, Problem::parse(candidate).value(), Target::parse(row.name).value()).empty();
            });
            REQUIRE(text != texts.end());
            const Problem problem = Problem::parse(*text).value();
            INFO(row.name << " " << strategy);
            CompileOptions options;
            options.strategy = strategy;
            const Result<Object> object = compile_object(problem, Target::parse(row.name).value(), options);
            INFO(object.status().message());
            REQUIRE(object.ok());
            Elf64_Ehdr header{};
            REQUIRE(object.value().code.size() > sizeof header);
            std::memcpy(&header, object.value().code.data(), sizeof header);
            CHECK(std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0);
            CHECK(header.e_type == ET_REL);
            CHECK(header.e_machine == (std::string_view(row.arch) == "arm" ? EM_AARCH64 : EM_X86_64));
            CHECK((object.value().info.features & ~row.features) == 0);
            const bool gpu =
                row.capability != 0;  // its host code is this machine's; whether there is a device is not asked
            const bool runs = (gpu || std::string_view(row.arch) == host_arch()) &&
                              missing_features(row.features, host_features()).empty();
            CHECK((gpu || object.value().info.admitted == runs));
            CHECK(Kernel::load(object.value()).ok() == runs);
        }
    }
}

}  // namespace convt::test
