// SPDX-License-Identifier: Apache-2.0
#include "tools/aot/compile_kernels.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

namespace convt::aot {

namespace {

struct Job {
    std::string name;
    Problem problem;
    Target target;
    std::optional<Result<Object>> result;
};

// One job for each different problem and target.
struct Jobs {
    std::vector<Job> jobs;
    std::vector<std::vector<std::size_t>> index;  // [problem][target]
};

Jobs make_jobs(const std::vector<NamedProblem>& problems, const std::vector<Target>& targets) {
    Jobs made;
    std::map<std::pair<std::string, std::string>, std::size_t> known;
    for (const NamedProblem& named : problems) {
        auto& row = made.index.emplace_back();
        for (const Target& target : targets) {
            const auto [place, fresh] = known.try_emplace({named.problem.text(), target.text()}, made.jobs.size());
            if (fresh) made.jobs.push_back({named.name, named.problem, target, std::nullopt});
            row.push_back(place->second);
        }
    }
    return made;
}

// Runs all jobs on `count` threads; after a failure only those already begun end.
bool run_jobs(std::vector<Job>& jobs, Compiler& compiler, int count, const Report& report) {
    std::atomic<std::size_t> next = 0;
    std::atomic<bool> stop = false;
    bool wanted = true;
    std::size_t done = 0;
    std::mutex reporting;
    const auto work = [&] {
        for (std::size_t i = next++; i < jobs.size() && !stop; i = next++) {
            Job& job = jobs[i];
            job.result = compiler.compile(job.problem, job.target);
            if (!job.result->ok()) stop = true;
            const std::lock_guard lock(reporting);
            wanted = wanted && report(++done, jobs.size(), fmt::format("{} {}", job.name, job.target.text()));
            if (!wanted) stop = true;
        }
    };
    std::vector<std::jthread> threads;
    for (int i = 1; i < std::min(count, static_cast<int>(jobs.size())); ++i)
        threads.emplace_back(work);
    work();
    threads.clear();
    return wanted;
}

Status first_failure(const std::vector<Job>& jobs) {
    for (const Job& job : jobs)
        if (job.result && !job.result->ok())
            return {job.result->status().code(), fmt::format("{} ({}) for {}: {}", job.name, job.problem.text(),
                                                             job.target.text(), job.result->status().message())};
    return {};
}

}  // namespace

Result<ArchiveSpec> compile_kernels(const std::string& name, const std::vector<NamedProblem>& problems,
                                    const std::vector<Target>& targets, Compiler& compiler, int jobs,
                                    const Report& report) {
    Jobs made = make_jobs(problems, targets);
    const bool wanted = run_jobs(made.jobs, compiler, jobs, report);
    Status failure = first_failure(made.jobs);
    if (!failure.ok()) return failure;
    if (!wanted) return {Code::interrupted, "interrupted while compiling; nothing was written"};
    ArchiveSpec spec = {name, targets, {}};
    for (std::size_t p = 0; p < problems.size(); ++p) {
        ProblemKernels kernels = {problems[p], {}};
        for (const std::size_t job : made.index[p])
            kernels.objects.push_back(made.jobs[job].result->value());
        spec.problems.push_back(std::move(kernels));
    }
    return spec;
}

}  // namespace convt::aot
