// SPDX-License-Identifier: Apache-2.0
// Prefetches of the input rows that the next block stages, spread over the tiles of this one. Rows of a channel lie far
// from those of the next one: the prefetchers of the hardware see many short streams, and a copy of them all waits for
// memory while nothing is computed (k2 s2, 128 to 64 channels at 224x224: 15.1 ms without, 14.4; 13.8 where the input
// is in cache).
#include "schedules/cpu/stages.h"
#include "schedules/model.h"

#include <algorithm>

namespace convt {

namespace {

using namespace Halide::Internal;
using Halide::Expr;

constexpr int line_bytes = 64;
// A tile that computes for less than so many lines hides none of them.
constexpr std::int64_t most_lines = 32;

// Lines of the input, `rows` rows of all channels a block.
struct Lines {
    Lines(const ScheduleFacts& f, const Halide::ImageParam& input, int positions)
        : name(input.name()),
          element(input.type()),
          elements(line_bytes / element.bytes()),
          of_row((f.input_width + elements - 1) / elements),
          rows(std::min(positions, f.input_height)),
          all(f.in_channels * rows * of_row) {}

    Expr stride(int dimension) const {
        return Variable::make(Halide::Int(32), name + ".stride." + std::to_string(dimension));
    }
    Stmt prefetch(const Expr& at) const {
        const std::vector<Expr> place{Variable::make(Halide::Handle(), name), at, 1, elements};
        return Evaluate::make(Call::make(element, Call::prefetch, place, Call::Intrinsic));
    }

    std::string name;
    Halide::Type element;
    int elements, of_row, rows, all;
};

class PrefetchRows : public IRMutator {
  public:
    PrefetchRows(const ScheduleFacts& facts, const Lines& lines, const RowBlocks& blocks, std::string output)
        : facts_(facts), lines_(lines), blocks_(blocks), output_(std::move(output)) {
        for (const ParallelLoop& loop : blocks_.tiles)
            tiles_ *= loop.count;
    }
    std::int64_t lines_of_tile() const { return (lines_.all + tiles_ - 1) / tiles_; }

  private:
    using IRMutator::visit;

    // Variables of the loops around, which are known by the ends of their names.
    Expr index(const Halide::VarOrRVar& variable) const {
        for (const std::string& loop : loops_)
            if (ends_with(loop, "." + variable.name())) return Variable::make(Halide::Int(32), loop);
        return 0;
    }
    bool is_tile(const std::string& loop) const {
        return starts_with(loop, output_ + ".") &&
               std::any_of(blocks_.tiles.begin(), blocks_.tiles.end(),
                           [&](const ParallelLoop& tile) { return ends_with(loop, "." + tile.variable.name()); });
    }

    Stmt visit(const For* loop) override {
        if (!starts_with(loop->name, output_ + ".")) return loop;
        loops_.push_back(loop->name);
        Stmt body = mutate(loop->body);
        if (body.same_as(loop->body) && is_tile(loop->name)) body = Block::make(next_lines(), body);
        loops_.pop_back();
        if (body.same_as(loop->body)) return loop;
        return For::make(loop->name, loop->min, loop->extent, loop->for_type, loop->partition_policy, loop->device_api,
                         body);
    }

    // This tile's share of the next block, of this image or of the next one.
    Stmt next_lines() const {
        Expr tile = 0;
        int inner = 1;
        for (const ParallelLoop& loop : blocks_.tiles) {
            tile += index(loop.variable) * inner;
            inner *= loop.count;
        }
        const Expr next = index(blocks_.block.variable) + 1;
        const Expr row = next * lines_.rows + facts_.reach_y;
        Expr base = facts_.input_height > 1 ? row * lines_.stride(1) : Expr(0);
        if (facts_.groups > 1) base += index(blocks_.group) * lines_.stride(4);
        if (facts_.batch > 1) {
            const Expr image = index(blocks_.image);
            base = select(next < blocks_.block.count, base + image * lines_.stride(5), (image + 1) * lines_.stride(5));
        }
        const Halide::Type wide = Halide::Int(64);
        const Expr share = Halide::cast(wide, tile) * make_const(wide, lines_.all) / make_const(wide, tiles_);
        const Expr first = Halide::cast<int>(share);
        Stmt all;
        for (int i = 0; i < lines_of_tile(); ++i) {
            const Expr line = first + i, channel = line / (lines_.of_row * lines_.rows);
            Expr at = base + line % lines_.of_row * lines_.elements;
            if (facts_.in_channels > 1) at += channel * lines_.stride(3);
            if (lines_.rows > 1) at += line / lines_.of_row % lines_.rows * lines_.stride(1);
            const Stmt one = lines_.prefetch(simplify(at));
            all = all.defined() ? Block::make(all, one) : one;
        }
        return all;
    }

    const ScheduleFacts facts_;
    const Lines lines_;
    const RowBlocks blocks_;
    const std::string output_;
    std::vector<std::string> loops_;
    std::int64_t tiles_ = 1;
};

}  // namespace

void prefetch_rows(OutputStage& output, const ScheduleFacts& facts, const Halide::ImageParam& input,
                   const RowBlocks& blocks) {
    if (facts.complex || facts.input_channels_last || facts.depth > 1) return;
    const double bytes = static_cast<double>(facts.batch) * facts.groups * facts.in_channels * facts.input_width *
                         facts.input_height * input.type().bytes();
    if (bytes <= far_input_bytes) return;
    const PrefetchRows pass(facts, Lines(facts, input, blocks.positions), blocks, output.func.name());
    if (pass.lines_of_tile() <= most_lines) output.func.add_custom_lowering_pass(new PrefetchRows(pass));
}

}  // namespace convt
