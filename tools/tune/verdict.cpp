// SPDX-License-Identifier: Apache-2.0
#include "tools/tune/verdict.h"

#include <algorithm>
#include <climits>
#include <cmath>
#include <limits>

namespace convt::tune {

namespace {

constexpr int choosing_rounds = 3;

Contender simplest_of_the_best(std::vector<Contender> all) {
    if (all.size() == 1) return std::move(all.front());
    double best = std::numeric_limits<double>::infinity();
    for (const Contender& one : all)
        best = std::min(best, median(one.us));
    const auto cost = [&](const Contender& one) {
        const double us = median(one.us);
        return std::pair(us <= as_good * best ? one.changes : INT_MAX, us);
    };
    return std::move(*std::min_element(all.begin(), all.end(),
                                       [&](const Contender& a, const Contender& b) { return cost(a) < cost(b); }));
}

}  // namespace

Result<std::optional<Contender>> choose(std::vector<Contender> all, const Judge& judge) {
    for (int round = 0; round < choosing_rounds && all.size() > 1; ++round) {
        std::shuffle(all.begin(), all.end(), judge.random);
        for (auto one = all.begin(); one != all.end();) {
            const auto us = judge.measure(*one);
            if (us.status().code() == Code::interrupted) return us.status();
            if (us.ok()) one->us.push_back(us.value());
            one = us.ok() ? one + 1 : all.erase(one);
        }
        if (!judge.affordable(2 * least_rounds)) break;  // the duel's own rounds come first
    }
    if (all.empty()) return std::optional<Contender>();
    return std::optional<Contender>(simplest_of_the_best(std::move(all)));
}

Result<Duel> duel(const Contender& incumbent, const Contender& challenger, const Judge& judge) {
    std::vector<double> incumbent_us, challenger_us, log_ratios;
    Decision decision = Decision::open;
    while (decision == Decision::open && judge.in_time()) {
        const bool incumbent_first = judge.random() % 2 == 0;
        const auto first = judge.measure(incumbent_first ? incumbent : challenger);
        if (!first.ok()) return first.status();
        const auto second = judge.measure(incumbent_first ? challenger : incumbent);
        if (!second.ok()) return second.status();
        incumbent_us.push_back(incumbent_first ? first.value() : second.value());
        challenger_us.push_back(incumbent_first ? second.value() : first.value());
        log_ratios.push_back(std::log(challenger_us.back() / incumbent_us.back()));
        decision = decide(log_ratios, judge.affordable(2));
    }
    if (log_ratios.empty()) return Status(Code::timed_out, "the budget left no time for a verdict");
    return Duel{decision == Decision::won, summarize(incumbent_us), summarize(challenger_us), paired_ratio(log_ratios),
                static_cast<int>(log_ratios.size())};
}

Result<Summary> alone(const Contender& one, const Judge& judge) {
    std::vector<double> us;
    for (int round = 0; round < least_rounds; ++round) {
        const auto sample = judge.measure(one);
        if (!sample.ok()) return sample.status();
        us.push_back(sample.value());
    }
    return summarize(us);
}

}  // namespace convt::tune
