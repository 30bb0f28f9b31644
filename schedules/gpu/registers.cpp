// SPDX-License-Identifier: Apache-2.0
// Halide gives an allocation outside of the loops over threads, where it is to live in registers, the size of all
// threads' tiles, each of which would have a copy of the whole in local memory. A thread's own slice begins where its
// indices put it: with them taken as zero every index is a constant within the slice, and the allocation falls apart
// into registers.
#include "schedules/gpu/registers.h"

#include <algorithm>
#include <map>
#include <sstream>

namespace convt {

using Halide::Expr;

namespace ir = Halide::Internal;
using ir::Stmt;

namespace {

class PrivateSlices : public ir::IRMutator {
  public:
    explicit PrivateSlices(std::string func) : prefix_(std::move(func) + ".") {}

  private:
    using ir::IRMutator::visit;

    bool mine(const std::string& name) const { return name.compare(0, prefix_.size(), prefix_) == 0; }

    // The value as thread zero has it, or, for the check, as another thread has it.
    Expr of_thread(const Expr& e, const std::map<std::string, Expr>& values) const {
        return ir::simplify(ir::substitute(values, e));
    }

    Expr own(const Expr& index) {
        const Expr first = of_thread(index, zero_), other = of_thread(index, probe_);
        const ir::Ramp* ramp = first.as<ir::Ramp>();
        const auto constant = ir::as_const_int(ramp == nullptr ? first : ramp->base);
        if (!constant || (ramp != nullptr && !ir::is_const(ramp->stride))) refuse("not known", index, first);
        const ir::Ramp* other_ramp = other.as<ir::Ramp>();
        const Expr shift =
            ir::simplify((other_ramp == nullptr ? other : other_ramp->base) - Expr(static_cast<int>(*constant)));
        if (!shift_.defined()) shift_ = shift;
        if (!ir::equal(shift, shift_)) refuse("another thread's", index, shift);
        last_ = std::max<std::int64_t>(
            last_, *constant + (ramp == nullptr ? 0 : (ramp->lanes - 1) * *ir::as_const_int(ramp->stride)));
        return first;
    }

    [[noreturn]] static void refuse(const char* what, const Expr& index, const Expr& found) {
        std::ostringstream message;
        message << "an index of a register tile is " << what << ": " << index << ", " << found;
        throw Halide::CompileError(message.str());
    }

    // Numbers of an epilogue are no indices, and each taken in place of its name in the next would double them.
    template <typename Let>
    auto in_scope(const Let* op) {
        if (!op->value.type().is_int()) return Let::make(op->name, mutate(op->value), mutate(op->body));
        const Expr zero = of_thread(op->value, zero_), probe = of_thread(op->value, probe_);
        zero_[op->name] = zero;
        probe_[op->name] = probe;
        const Expr value = mutate(op->value);
        auto body = mutate(op->body);
        zero_.erase(op->name);
        probe_.erase(op->name);
        return Let::make(op->name, value, body);
    }
    Expr visit(const ir::Let* op) override { return in_scope(op); }
    Stmt visit(const ir::LetStmt* op) override { return in_scope(op); }

    Stmt visit(const ir::For* op) override {
        if (op->for_type != ir::ForType::GPUThread) return ir::IRMutator::visit(op);
        zero_[op->name] = 0;
        probe_[op->name] = 1;
        Stmt s = ir::IRMutator::visit(op);
        zero_.erase(op->name);
        probe_.erase(op->name);
        return s;
    }
    Expr visit(const ir::Load* op) override {
        if (!mine(op->name)) return ir::IRMutator::visit(op);
        return ir::Load::make(op->type, op->name, own(op->index), op->image, op->param, op->predicate, {});
    }
    Stmt visit(const ir::Store* op) override {
        if (!mine(op->name)) return ir::IRMutator::visit(op);
        const Expr index = own(op->index);
        return ir::Store::make(op->name, mutate(op->value), index, op->param, op->predicate, {});
    }
    Stmt visit(const ir::Allocate* op) override {
        if (!mine(op->name)) return ir::IRMutator::visit(op);
        Stmt body = mutate(op->body);
        return ir::Allocate::make(op->name, op->type, op->memory_type, {static_cast<int>(last_) + 1}, op->condition,
                                  body);
    }

    const std::string prefix_;
    std::map<std::string, Expr> zero_, probe_;
    Expr shift_;
    std::int64_t last_ = 0;
};

}  // namespace

void keep_in_registers(Halide::Func& output, const Halide::Func& sum) {
    output.add_custom_lowering_pass(new PrivateSlices(sum.name()));
}

}  // namespace convt
