// SPDX-License-Identifier: Apache-2.0
// Halide 21 has no fused multiply-add. A call of an external function by the name of LLVM's intrinsic is one: vectors
// of it are taken apart into scalars, which LLVM's SLP vectorizer puts together again, to the same instructions as
// without (a tile of 24 accumulators and 7 taps: 336 vfmadd231ps of 512 bits each way; 0.3 s to compile for 0.1).
#include "compiler/ordered_sums.h"

namespace convt {
namespace {

using Halide::Expr;
using Halide::Internal::Call;

constexpr const char* product_name = "convt_product";

// The factors of a product; empty where `e` is none. All lanes may have the same one: outside of the image, 0 times a
// weight.
std::vector<Expr> factors(const Expr& e) {
    if (const auto* const same = e.as<Halide::Internal::Broadcast>()) {
        std::vector<Expr> list = factors(same->value);
        for (Expr& factor : list)
            factor = Halide::Internal::Broadcast::make(factor, same->lanes);
        return list;
    }
    const Call* const call = e.as<Call>();
    return call != nullptr && call->name == product_name ? call->args : std::vector<Expr>();
}

class Fuse : public Halide::Internal::IRMutator {
  public:
    explicit Fuse(bool fused) : fused_(fused) {}

  private:
    using IRMutator::visit;

    Expr visit(const Call* op) override {
        if (op->name == product_name) throw Halide::CompileError("a product in order has lost its sum");
        if (!op->is_intrinsic(Call::strict_add)) return IRMutator::visit(op);
        for (const std::size_t i : {0U, 1U}) {
            const std::vector<Expr> product = factors(op->args[i]);
            if (!product.empty()) return step(op->args[1 - i], product);
        }
        return IRMutator::visit(op);
    }

    Expr step(const Expr& sum, const std::vector<Expr>& product) {
        const Expr a = mutate(product[0]), b = mutate(product[1]), s = mutate(sum);
        const Halide::Type type = s.type();
        if (!fused_) {
            const Expr rounded = Call::make(type, Call::strict_mul, {a, b}, Call::PureIntrinsic);
            return Call::make(type, Call::strict_add, {s, rounded}, Call::PureIntrinsic);
        }
        const char* const name = type.bits() == 32 ? "llvm.fma.f32" : "llvm.fma.f64";
        return Call::make(type, name, {a, b, s}, Call::PureExtern);
    }

    bool fused_;
};

}  // namespace

Expr product_in_order(const Expr& a, const Expr& b) {
    return Call::make(a.type(), product_name, {a, b}, Call::PureExtern);
}

void fuse_products(Halide::Func& output, bool fused) {
    output.add_custom_lowering_pass(new Fuse(fused));
}

}  // namespace convt
