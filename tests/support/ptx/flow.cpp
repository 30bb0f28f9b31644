// SPDX-License-Identifier: Apache-2.0
// Where divergent lanes meet again: at the immediate post-dominator of the branch that parted them, the first operation
// that every way from there passes. Computed as dominators of the reversed flow graph (Cooper, Harvey, Kennedy: A
// Simple, Fast Dominance Algorithm).
//
// Why running one way up to there, then the other, is right: between a branch and its meeting point nothing orders the
// two ways but a barrier, and lanes that wait at one alone are reported (block.cpp). Lanes that wait for each other in
// any other way, by spinning on memory, would hang here as they may on hardware without independent thread scheduling.
#include "tests/support/ptx/program.h"

#include <algorithm>

namespace convt::ptx {
namespace {

class PostDominators {
  public:
    explicit PostDominators(const Program& program) : operations_(program.operations) {
        const auto count = static_cast<std::uint32_t>(operations_.size());
        find_blocks(count);
        order_blocks();
        solve();
    }

    // Of the block that `operation` ends, as an operation; the end of the program where there is none.
    std::uint32_t after(std::uint32_t operation) const {
        const std::uint32_t block = block_of_[operation];
        const std::uint32_t meet = dominator_[block];
        return meet == unset ? static_cast<std::uint32_t>(operations_.size()) : starts_[meet];
    }

  private:
    static constexpr std::uint32_t unset = 0xFFFFFFFFU;

    static bool ends_block(const Operation& operation) {
        return operation.flow == Operation::Flow::branch || operation.flow == Operation::Flow::leave ||
               operation.flow == Operation::Flow::trap;
    }

    // Blocks by their first operations; one more, the exit, begins at the end of the program.
    void find_blocks(std::uint32_t count) {
        std::vector<bool> leads(count + 1, false);
        leads[0] = leads[count] = true;
        for (std::uint32_t i = 0; i < count; ++i) {
            if (!ends_block(operations_[i])) continue;
            leads[i + 1] = true;
            if (operations_[i].flow == Operation::Flow::branch) leads[operations_[i].target] = true;
        }
        block_of_.resize(count + 1);
        for (std::uint32_t i = 0; i <= count; ++i) {
            if (leads[i]) starts_.push_back(i);
            block_of_[i] = static_cast<std::uint32_t>(starts_.size()) - 1;
        }
        successors_.resize(starts_.size());
        predecessors_.resize(starts_.size());
        for (std::uint32_t block = 0; block + 1 < starts_.size(); ++block)
            connect(block);
    }

    void edge(std::uint32_t from, std::uint32_t to) {
        successors_[from].push_back(to);
        predecessors_[to].push_back(from);
    }

    void connect(std::uint32_t block) {
        const Operation& last = operations_[starts_[block + 1] - 1];
        const auto exit = static_cast<std::uint32_t>(starts_.size()) - 1;
        if (last.flow == Operation::Flow::branch) edge(block, block_of_[last.target]);
        if (last.flow == Operation::Flow::leave || last.flow == Operation::Flow::trap) edge(block, exit);
        if (!ends_block(last) || last.guard != no_slot) edge(block, block + 1);
    }

    // Postorder of the reversed graph from the exit, without recursion: unrolled kernels have thousands of blocks.
    void order_blocks() {
        const auto exit = static_cast<std::uint32_t>(starts_.size()) - 1;
        number_.assign(starts_.size(), unset);
        std::vector<bool> seen(starts_.size(), false);
        std::vector<std::pair<std::uint32_t, std::size_t>> path{{exit, 0}};
        seen[exit] = true;
        while (!path.empty()) {
            auto& [block, next] = path.back();
            if (next == predecessors_[block].size()) {
                number_[block] = static_cast<std::uint32_t>(order_.size());
                order_.push_back(block);
                path.pop_back();
            } else if (const std::uint32_t before = predecessors_[block][next++]; !seen[before]) {
                seen[before] = true;
                path.emplace_back(before, 0);
            }
        }
    }

    std::uint32_t common(std::uint32_t a, std::uint32_t b) const {
        while (a != b) {
            while (number_[a] < number_[b])
                a = dominator_[a];
            while (number_[b] < number_[a])
                b = dominator_[b];
        }
        return a;
    }

    void solve() {
        const std::uint32_t exit = order_.back();
        dominator_.assign(starts_.size(), unset);
        dominator_[exit] = exit;
        for (bool changed = true; changed;) {
            changed = false;
            for (auto block = order_.rbegin() + 1; block != order_.rend(); ++block) {
                std::uint32_t best = unset;
                for (const std::uint32_t next : successors_[*block]) {
                    if (number_[next] == unset || dominator_[next] == unset) continue;
                    best = best == unset ? next : common(best, next);
                }
                changed = changed || dominator_[*block] != best;
                dominator_[*block] = best;
            }
        }
    }

    const std::vector<Operation>& operations_;
    std::vector<std::uint32_t> starts_;
    std::vector<std::uint32_t> block_of_;
    std::vector<std::vector<std::uint32_t>> successors_;
    std::vector<std::vector<std::uint32_t>> predecessors_;
    std::vector<std::uint32_t> order_;
    std::vector<std::uint32_t> number_;
    std::vector<std::uint32_t> dominator_;
};

}  // namespace

void find_meeting_points(Program& program) {
    if (program.operations.empty()) return;
    const PostDominators dominators(program);
    for (Operation& operation : program.operations) {
        if (operation.flow == Operation::Flow::branch) operation.meet = dominators.after(operation.index);
    }
}

}  // namespace convt::ptx
