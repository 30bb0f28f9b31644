// SPDX-License-Identifier: Apache-2.0
// Would CI notice? Kernels of cases/models.tsv with one instruction changed: those that change the result, or do what a
// sanitizer reports, when all blocks run, against what the sample of blocks that CI executes makes of them. By hand:
// CONVT_MUTANTS (default 200) says how many, CONVT_SEED which.
#include "compiler/object_ptx.h"
#include "tests/cuda/mutate.h"
#include "tests/cuda/sampled.h"
#include "tests/support/cases.h"
#include "tests/support/require_value.h"

#include <fmt/format.h>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <iostream>
#include <memory>

namespace convt::test {
namespace {

// Large enough to leave blocks out, small enough to be executed whole a few hundred times.
constexpr std::int64_t fewest_products = 1'000'000, most_products = 40'000'000;

// A case with what its right kernel does.
struct Subject {
    SampledCase sampled;
    std::unique_ptr<Definition> definition;
    std::string ptx;
    std::vector<std::byte> output;
    std::uint64_t limit = 0;    // warp instructions that no launch of a mutant needs
    std::uint64_t written = 0;  // places, by the sample
};

Subject subject_of(const NamedProblem& named, std::uint64_t seed) {
    Subject subject;
    subject.sampled = sampled_case(named, require_value(Target::parse("cuda-sm80")), seed);
    const SampledCase& sampled = subject.sampled;
    subject.definition = std::make_unique<Definition>(named.problem, sampled.operands);
    subject.ptx = require_value(ptx_of(sampled.object)).text;
    const GpuRun whole = run_on_stand_in(sampled.object, sampled.operands);
    REQUIRE(whole.trouble().empty());
    subject.output = whole.output;
    for (const ptx::LaunchRecord& launch : whole.launches)
        subject.limit = std::max(subject.limit, 4 * launch.report.counts.warp_instructions);
    const GpuRun some = run_on_stand_in(sampled.object, sampled.operands, 0, sampled.sample);
    subject.written = judge(sampled, *subject.definition, some).written;
    return subject;
}

// The object with the mutant's text in the place of its own, which is as long.
Object with_ptx(const Subject& subject, const std::string& ptx) {
    Object object = subject.sampled.object;
    const auto* const text = reinterpret_cast<const std::byte*>(subject.ptx.data());
    const auto at = std::search(object.code.begin(), object.code.end(), text, text + subject.ptx.size());
    REQUIRE(at != object.code.end());
    std::transform(ptx.begin(), ptx.end(), at, [](char c) { return static_cast<std::byte>(c); });
    return object;
}

bool matters(const Subject& subject, const Object& mutant) {
    const GpuRun run = run_on_stand_in(mutant, subject.sampled.operands, 0, {}, subject.limit);
    if (run.launches.empty()) return false;  // no PTX any more
    return !run.trouble().empty() || run.output != subject.output ||
           std::find(run.written.begin(), run.written.end(), 0) != run.written.end();
}

// What CI holds: no trouble, corners written, values right, and as many places as before.
bool caught(const Subject& subject, const Object& mutant) {
    const SampledCase& sampled = subject.sampled;
    const GpuRun run = run_on_stand_in(mutant, sampled.operands, 0, sampled.sample, subject.limit);
    const Verdict verdict = judge(sampled, *subject.definition, run);
    return !verdict.wrong.empty() || verdict.written != subject.written;
}

}  // namespace

TEST_CASE("mutants of the PTX are caught on sampled blocks", "[.][mutants]") {
    const std::uint64_t wanted = environment_number("CONVT_MUTANTS", 200);
    std::vector<NamedProblem> cases = problem_cases("models.tsv");
    std::erase_if(cases, [](const NamedProblem& named) {
        const std::int64_t products = named.problem.multiply_adds();
        return products < fewest_products || products > most_products;
    });
    std::cout << fmt::format("CONVT_SEED={}, {} mutants of {} cases\n", run_seed(), wanted, cases.size());
    Random random(run_seed());
    std::uint64_t changed = 0, found = 0, harmless = 0;
    for (std::size_t i = 0; i < cases.size(); ++i) {
        const Subject subject = subject_of(cases[i], mix(run_seed(), i));
        const std::uint64_t share = wanted * (i + 1) / cases.size();
        while (changed < share) {
            const std::optional<Mutant> mutant = mutated(subject.ptx, random);
            if (!mutant) continue;
            const Object object = with_ptx(subject, mutant->ptx);
            if (!matters(subject, object)) {
                ++harmless;
                continue;
            }
            ++changed;
            if (caught(subject, object)) {
                ++found;
            } else {
                std::cout << fmt::format("not caught: {} {}\n", cases[i].name, mutant->what);
            }
        }
    }
    std::cout << fmt::format("{} of {} mutants that change the result were caught; {} changed nothing\n", found,
                             changed, harmless);
    CHECK(found * 100 >= changed * 95);
}

}  // namespace convt::test
