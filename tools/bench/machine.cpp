// SPDX-License-Identifier: Apache-2.0
#include "tools/bench/machine.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <thread>
#include <vector>

namespace convt::cli {

bool pin_to_benchmark_cpu() noexcept {
    cpu_set_t allowed;
    if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return false;
    int cpu = CPU_SETSIZE - 1;
    while (cpu >= 0 && !CPU_ISSET(cpu, &allowed))
        --cpu;
    if (cpu < 0) return false;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    return ::sched_setaffinity(0, sizeof one, &one) == 0;
}

int available_cpus() noexcept {
    cpu_set_t allowed;
    return ::sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : 1;
}

double timed_together(int threads, const std::function<void(int)>& work) {
    using Clock = std::chrono::steady_clock;
    std::atomic<int> ready{0};
    std::atomic<bool> go{false};
    std::vector<Clock::time_point> begin(static_cast<std::size_t>(threads));
    std::vector<Clock::time_point> end(static_cast<std::size_t>(threads));
    std::vector<std::thread> team;
    for (int t = 0; t < threads; ++t) {
        team.emplace_back([&, t] {
            if (threads == 1) pin_to_benchmark_cpu();
            ++ready;
            while (!go)
                std::this_thread::yield();
            begin[static_cast<std::size_t>(t)] = Clock::now();
            work(t);
            end[static_cast<std::size_t>(t)] = Clock::now();
        });
    }
    while (ready < threads)
        std::this_thread::yield();
    go = true;
    for (std::thread& thread : team)
        thread.join();
    const auto first = *std::min_element(begin.begin(), begin.end());
    return std::chrono::duration<double>(*std::max_element(end.begin(), end.end()) - first).count();
}

std::string cpu_model() {
    std::ifstream facts("/proc/cpuinfo");
    for (std::string line; std::getline(facts, line);) {
        const std::size_t colon = line.find(": ");
        if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
    }
    return "unknown";
}

}  // namespace convt::cli
