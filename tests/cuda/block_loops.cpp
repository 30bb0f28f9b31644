// SPDX-License-Identifier: Apache-2.0
#include "tests/cuda/block_loops.h"

#include "compiler/strategies/strategy.h"

#include <map>
#include <optional>
#include <stdexcept>

namespace convt::test {
namespace {

using Halide::Internal::Split;

// Where the output is written by an update, its pure definition defines nothing.
const Halide::Internal::StageSchedule& written_by(const Halide::Internal::Function& output) {
    return output.updates().empty() ? output.definition().schedule() : output.update(0).schedule();
}

// Whether other kernels prepare what the output's reads: those of all its blocks.
bool reads_kernels(const Halide::Internal::Function& output) {
    for (const auto& [name, called] : Halide::Internal::find_transitive_calls(output)) {
        Halide::LoopLevel level = called.schedule().compute_level();
        level.lock();  // it is asked for before lowering
        if (name != output.name() && level.is_root()) return true;
    }
    return false;
}

class Loops {
  public:
    explicit Loops(Halide::Func output) {
        const std::vector<Halide::Var> args = output.args();
        for (int d = 0; d < static_cast<int>(args.size()); ++d) {
            if (const auto extent = constant(output.function().output_buffers()[0].extent_constraint(d)))
                extent_[args[static_cast<std::size_t>(d)].name()] = *extent;
        }
        const Halide::Internal::StageSchedule& schedule = written_by(output.function());
        for (const Halide::Internal::ReductionVariable& variable : schedule.rvars()) {
            if (const auto extent = constant(variable.extent)) extent_[variable.var] = *extent;
        }
        for (const Split& split : schedule.splits())
            follow(split);
    }

    // False where an extent is not known.
    bool unfold(const std::string& name, std::vector<std::uint64_t>& loops) const {
        if (const auto parts = fused_.find(name); parts != fused_.end())
            return unfold(parts->second.first, loops) && unfold(parts->second.second, loops);
        const auto found = extent_.find(name);
        if (found == extent_.end()) return false;
        if (found->second > 1) loops.push_back(found->second);
        return true;
    }

  private:
    static std::optional<std::uint64_t> constant(const Halide::Expr& value) {
        const auto number = value.defined() ? Halide::Internal::as_const_int(Halide::Internal::simplify(value))
                                            : std::optional<std::int64_t>();
        if (!number || *number < 1) return std::nullopt;
        return static_cast<std::uint64_t>(*number);
    }

    void follow(const Split& split) {
        if (split.split_type == Split::FuseVars) {
            fused_[split.old_var] = {split.inner, split.outer};
            return;
        }
        if (split.split_type == Split::RenameVar) {
            if (const auto parts = fused_.find(split.old_var); parts != fused_.end())
                fused_[split.outer] = parts->second;
            if (const auto known = extent_.find(split.old_var); known != extent_.end())
                extent_[split.outer] = known->second;
            return;
        }
        const std::optional<std::uint64_t> factor = constant(split.factor);
        std::vector<std::uint64_t> loops;
        if (!factor || !unfold(split.old_var, loops)) return;
        std::uint64_t extent = 1;
        for (const std::uint64_t loop : loops)
            extent *= loop;
        extent_[split.inner] = *factor;
        extent_[split.outer] = (extent + *factor - 1) / *factor;
    }

    std::map<std::string, std::uint64_t> extent_;
    std::map<std::string, std::pair<std::string, std::string>> fused_;  // inner, outer
};

}  // namespace

std::vector<std::uint64_t> block_loops(const Problem& problem, const Target& target, const std::string& strategy,
                                       const Schedule& schedule) {
    convt::Operands operands(problem);
    const Pipeline pipeline = find_strategy(strategy, target)->build(operands, target, schedule);
    std::vector<std::uint64_t> extents;
    if (reads_kernels(pipeline.output.function())) return extents;
    const Loops loops(pipeline.output);
    for (const Halide::Internal::Dim& dim : written_by(pipeline.output.function()).dims()) {
        if (dim.for_type != Halide::Internal::ForType::GPUBlock) continue;
        if (!loops.unfold(dim.var, extents)) throw std::runtime_error("the extent of a loop in " + dim.var);
    }
    return extents;
}

}  // namespace convt::test
