// SPDX-License-Identifier: Apache-2.0
// What every strategy reads and writes: the kernel's buffers with their fixed bounds, the zero-padded input, complex
// arithmetic, bias and epilogue. Strategies put these together; none of them knows layouts.
//
// Buffers, innermost dimension first: input, output and operands of the output's shape [part] x y z c g n, bias and
// operands by channel [part] c g, weights [part] kx ky kz cog cig g; `part` (real, imaginary) only for complex types, c
// is the channel within its group g. Three spatial dimensions always; a missing one has extent 1.
#pragma once

#include "compiler/kernel_axis.h"
#include "convt/problem.h"
#include "schedules/cpu/stages.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace convt {

// Of one part.
Halide::Type scalar_type(ElementType type);

// One element: one expression, or two (real, imaginary).
using Element = std::vector<Halide::Expr>;

struct Operands {
    explicit Operands(const Problem& problem);
    // With the input of another problem's operands, whose extents it shares.
    Operands(const Problem& problem, const Halide::ImageParam& shared_input);

    const Problem problem;
    Halide::ImageParam input;
    const std::array<KernelAxis, 3> axes;   // x, y, z
    const std::array<PhaseTable, 3> phase;  // x, y, z
    const int parts;
    const Halide::Type scalar;            // what sums are taken in; inputs are read as it
    const int in_channels, out_channels;  // of one group
    bool mirrored = false;                // of a gradient (Problem::gathered), by the weights of its layer
    Halide::ImageParam bias;
    const std::vector<EpilogueOperand> epilogue;
    std::vector<Halide::ImageParam> epilogue_params;  // one each
    Halide::ImageParam packed;                        // set by `set_packed`

    // From here on inputs and weights are read as they are stored, `width` neighbouring input channels side by side:
    // what an instruction multiplies and sums. Before `set_packed`.
    void use_dot_products(int width);
    int dot() const noexcept { return dot_; }  // 1: none
    // What stands for zero in inputs of dot products. Of integers their instruction takes unsigned ones: signed ones
    // are moved up.
    static constexpr int signed_by = 128;
    int dot_zero() const noexcept {
        return to_int(problem.input_zero) + (problem.types().input == ElementType::s8 ? signed_by : 0);
    }

    // Declares the packed weights: dense, extents innermost first. A dimension of extent `parts` is added innermost but
    // one where complex, one of `dot` innermost where there are dot products.
    void set_packed(const std::vector<int>& extents);
    const std::vector<int>& packed_extents() const noexcept { return packed_extents_; }
    int packed_lanes() const { return packed_extents_[dot_ > 1 ? 1 : 0]; }
    ElementType packed_type() const;

    // The input with zeros around it, defined everywhere; arguments x y z c g n.
    Halide::Func padded() const;
    // The input as it is stored, for dot products: arguments x y z k g n r, channel k * dot + r.
    Halide::Func padded_dots() const;
    // As `padded`, a whole row at a time: zeros first, then what the input has. An edge costs no gather, as a select
    // under vectors does.
    PaddedRows padded_rows() const;
    // The input in place, with zeros left and right of it. Vectors along x load under a mask, which costs nothing where
    // the CPU has such loads; rows that lie outside must not be asked for.
    Element in_place(const std::array<Halide::Expr, 6>& at) const;
    // Bias of channel c of group g, or zero: what a sum starts from. `c` may run past the last channel where a block is
    // rounded up.
    Element start(const Halide::Expr& c, const Halide::Expr& g, bool rounded_up) const;
    Element weight(const Halide::Expr& lane, std::vector<Halide::Expr> rest) const;
    // The weight of channel r within those of a dot product.
    Halide::Expr dot_weight(const Halide::Expr& r, const Halide::Expr& lane, std::vector<Halide::Expr> rest) const;
    // The sum in the epilogue's type, and the epilogue, left to right: up to the first operation with an operand of the
    // output's shape, which needs only the channel (as in `start`), and from there on. `place`: x y z c g n of the
    // output, inside of it.
    Element finish_channel(Element sum, const Halide::Expr& c, const Halide::Expr& g, bool rounded_up) const;
    Element finish_place(Element value, const std::vector<Halide::Expr>& place) const;
    Element finish(const Element& sum, const std::vector<Halide::Expr>& place) const;  // all of it

    // sum + a * b, complex where there are two parts.
    Element multiply_add(const Element& sum, const Element& a, const Element& b) const;
    // A finished element as the output holds it: rounded to its type.
    Halide::Expr stored(const Element& value, const Halide::Expr& part) const;
    // The output Func over [part] x y z c g n from one element per position, bounds set; `part` is unrolled.
    Halide::Func output(const Element& value, const std::array<Halide::Var, 6>& vars, const Halide::Var& part) const;
    std::vector<Halide::Argument> arguments() const;

  private:
    // An index that stays in the input, and with it the condition that it was there.
    Halide::Expr index_inside(std::size_t axis, const Halide::Expr& at, Halide::Expr& inside) const;
    Element input_element(std::vector<Halide::Expr> index) const;
    std::size_t first_at_place() const;  // its operation's index, or their number
    Element apply(std::size_t op, Element value, const std::vector<Halide::Expr>& place) const;

    std::vector<int> packed_extents_;
    int dot_ = 1;
};

Element zero(const Operands& operands);
// Parts of a Func's value at one place.
Element element(const Halide::FuncRef& value, int parts);
Halide::Tuple as_tuple(const Element& value);

// Fixes the extents of an input or output buffer, those that are defined, and the strides that its layout fixes.
void set_spatial_bounds(Halide::OutputImageParam buffer, const std::vector<Halide::Expr>& extents, int parts,
                        bool channels_last);

}  // namespace convt
