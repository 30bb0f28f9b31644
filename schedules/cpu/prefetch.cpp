// SPDX-License-Identifier: Apache-2.0
// Prefetches of packed weights: where and how far ahead. Weights larger than a second-level cache come from far away in
// every call, and the prefetchers of the hardware stop at each page. Halide's own directive prefetches one line in four
// where a line is less than what an iteration reads, so a lowering pass writes the calls.
#include "schedules/cpu/stages.h"
#include "schedules/model.h"

#include <algorithm>

namespace convt {

namespace {

using namespace Halide::Internal;

constexpr int line_bytes = 64;
// 1024 to 512 channels at 4x4, k4 s2: 188 GFLOP/s without, 154 at 1 KiB, 183 at 2, 224 at 4, 274 at 8 and 16, 256
// at 32.
constexpr int most_ahead = 8192;
constexpr int least_ahead = 1024;
// Of what a loop reads in one go, so little is prefetched past its end (512 to 512 channels at 1x1: 224 for 202).
constexpr std::int64_t share_ahead = 32;
// Shorter loops follow one another through the weights.
constexpr std::int64_t long_loop = 32;

// The lines of weights that one iteration reads, as indices of their first elements.
class WeightLines : public IRVisitor {
  public:
    explicit WeightLines(const std::string& name) : name_(name) {}
    std::vector<Halide::Expr> lines;
    Halide::Type element;
    bool innermost = true;

  private:
    using IRVisitor::visit;
    void visit(const For*) override { innermost = false; }
    void visit(const LetStmt* let) override { keep(let); }
    void visit(const Let* let) override { keep(let); }
    template <typename T>
    void keep(const T* let) {
        lets_.emplace_back(let->name, let->value);
        IRVisitor::visit(let);
    }
    void visit(const Load* load) override {
        const Ramp* ramp = load->index.as<Ramp>();
        if (load->name != name_ || ramp == nullptr || !is_const_one(ramp->stride)) return IRVisitor::visit(load);
        element = load->type.element_of();
        const int elements = line_bytes / element.bytes();
        const ModulusRemainder& at = load->alignment;
        if (at.modulus % elements == 0 && at.remainder % elements != 0) return;
        for (int i = 0; i < ramp->lanes; i += elements)
            add(i == 0 ? ramp->base : ramp->base + i);
    }
    // The calls stand before what the loop's body defines.
    void add(Halide::Expr line) {
        for (auto let = lets_.rbegin(); let != lets_.rend(); ++let)
            line = substitute(let->first, let->second, line);
        if (std::none_of(lines.begin(), lines.end(), [&](const Halide::Expr& known) { return equal(known, line); }))
            lines.push_back(line);
    }

    const std::string& name_;
    std::vector<std::pair<std::string, Halide::Expr>> lets_;
};

class PrefetchWeights : public IRMutator {
  public:
    explicit PrefetchWeights(std::string name) : name_(std::move(name)) {}

  private:
    using IRMutator::visit;
    Stmt visit(const For* loop) override {
        WeightLines read(name_);
        loop->body.accept(&read);
        if (!read.innermost) return IRMutator::visit(loop);
        const int bytes = read.element.bytes();
        Stmt body = loop->body;
        for (const Halide::Expr& line : read.lines) {
            const std::vector<Halide::Expr> place{Variable::make(Halide::Handle(), name_),
                                                  line + ahead(*loop, read.lines.size()) / bytes, 1,
                                                  line_bytes / bytes};
            body = Block::make(Evaluate::make(Call::make(read.element, Call::prefetch, place, Call::Intrinsic)), body);
        }
        return For::make(loop->name, loop->min, loop->extent, loop->for_type, loop->partition_policy, loop->device_api,
                         body);
    }

    static int ahead(const For& loop, std::size_t lines) {
        const auto extent = as_const_int(loop.extent);
        if (!extent || *extent < long_loop) return most_ahead;
        const std::int64_t share = *extent * static_cast<std::int64_t>(lines) * line_bytes / share_ahead;
        return static_cast<int>(std::clamp<std::int64_t>(share, least_ahead, most_ahead));
    }

    std::string name_;
};

double bytes_of(const Halide::ImageParam& buffer) {
    double bytes = buffer.type().bytes();
    for (int d = 0; d < buffer.dimensions(); ++d) {
        const auto extent = as_const_int(buffer.parameter().extent_constraint(d));
        bytes *= extent ? static_cast<double>(*extent) : 1;
    }
    return bytes;
}

}  // namespace

void prefetch_weights(OutputStage& output, const Halide::ImageParam& weights) {
    if (bytes_of(weights) <= far_weight_bytes) return;
    output.func.add_custom_lowering_pass(new PrefetchWeights(weights.name()));
}

}  // namespace convt
