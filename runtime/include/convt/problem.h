// SPDX-License-Identifier: Apache-2.0
// A problem: what to compute, as a value. Its canonical text is the only form that enters a key. Rules are checked in
// one place
// (`validate`); what a text can say and what it may not is the grammar of `Problem::parse`.
#pragma once

#include "convt/export.h"
#include "convt/status.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace convt {

// Types of a tensor's elements. A complex number is interleaved (real, imaginary); `scalar` is the type of one part,
// `parts` is 1 or 2.
enum class ElementType : std::uint8_t { f32, f64, c64, c128, f16, bf16, u8, s8, s32 };

// What the bits of a scalar mean. The numbers are those of DLPack's DLDataTypeCode and of Halide's type codes.
enum class ScalarKind : std::uint8_t { signed_integer = 0, unsigned_integer = 1, real = 2, brain = 4 };

struct ElementTypeInfo {
    ElementType type;
    const char* name;
    ScalarKind kind;
    int parts;          // scalars an element
    int scalar_bytes;   // bytes of one scalar
    int mantissa_bits;  // significand bits of one scalar, the hidden one included (IEEE 754): integers below 2^bits are
                        // exact
    int exponent_bits;  // 0 for integers
    const char* c_name;  // of one scalar in C
    int bytes() const noexcept { return parts * scalar_bytes; }
};

// The table of element types, in the order of the enumeration; `element_type_info` looks one up.
CONVT_API std::span<const ElementTypeInfo> element_types() noexcept;
CONVT_API const ElementTypeInfo& element_type_info(ElementType type) noexcept;

// Types of a problem: what its tensors hold, and what it computes in. All have the same number of parts. A conversion
// rounds once, to nearest, ties to even; to integers, it saturates.
enum class ProblemType : std::uint8_t {
    f32,
    f64,
    c64,
    c128,
    f16,
    bf16,
    f16f16f32,
    bf16bf16f32,
    f32f32f64,
    f32f32f32f64,
    u8s8s32,
    s8s8s32,
    u8s8f32,
    s8s8f32,
    u8s8u8,
    s8s8s8
};

struct ProblemTypeInfo {
    ProblemType type;
    const char* name;  // token in the problem text
    ElementType input, weights, output;
    ElementType sum;       // products are summed in it, and a bias is of it
    ElementType epilogue;  // what a sum becomes before epilogues, which are computed in it
    int parts() const noexcept { return element_type_info(sum).parts; }
};

// The table of problem types, in the order of the enumeration; `problem_type_info` looks one up. Each has a sibling
// whose output holds the sums.
CONVT_API std::span<const ProblemTypeInfo> problem_types() noexcept;
CONVT_API const ProblemTypeInfo& problem_type_info(ProblemType type) noexcept;

enum class Layout : std::uint8_t { channels_first, channels_last };

// What a convolution reads outside of its input, and where its adjoint, a transposed convolution, therefore adds what
// falls outside of its output: nowhere; at the mirrored position, the border itself not repeated; at the border; at the
// other end. Of the positions before cropping, [-pad_low, output + pad_high), those outside fold back so, axis by axis.
enum class PaddingMode : std::uint8_t { zeros, reflect, replicate, circular };

// How the products of an output may be summed. `any`: also transformed, by a strategy that takes fewer of them.
// `direct`: the definition's own products, in an order that strategy, schedule and compiler choose. `ordered`: the
// definition's own, one by one in the order of the definition, with the same bits whatever the strategy, the schedule,
// the threads and the other extents: a sum starts from the bias or 0 and takes the taps of D, then of H, then the input
// channels of its group, then the taps of W, all ascending, the last of these innermost; each step is one fused
// multiply-add in the type of sums where the target has them (all but x86-64-v2), else a product and a sum that both
// round. Of complex numbers a step takes re x re, -im x im for the real part, re x im, im x re for the imaginary one (x
// then w). With a padding mode, what folds onto an output is then added axis by axis, W first, below before above, and
// the bias last. The epilogue takes its own steps unfused. Inputs and weights are finite; the sign of a zero is
// unspecified.
enum class Sums : std::uint8_t { any, direct, ordered };

// Which tensor is computed. A problem always describes the layer as it runs forward; of a loss whose gradient by the
// layer's output is known, `grad_input` computes the gradient by its input: x is then the output's gradient, in the
// output's shape and layout, y has the input's, and the weights are the layer's own:
//   y[i] = sum over o, k with stride * i + dilation * k = o + pad_low of x[o] * w[k]
// (a strided convolution, which the layer is the adjoint of).
enum class Pass : std::uint8_t { forward, grad_input };

// What an epilogue operation takes beside the value so far: nothing, one number an output channel, (C_out), or a tensor
// of the output's shape and layout.
enum class OperandShape : std::uint8_t { none, per_channel, as_output };

// One operation after the bias; a chain of them is applied left to right. What each computes, v the value so far, o its
// operand's element, a and b its numbers (runtime/problem/epilogue.cpp has the table, with the bounds of their errors):
//   relu: max(v, 0); leaky: v < 0 ? a v : v; prelu: v < 0 ? o v : v; clamp: min(max(v, a), b); scale: o v;
//   shift, add: v + o; elu: v < 0 ? a (e^v - 1) : v; gelu: v (1 + erf(v / sqrt 2)) / 2;
//   gelutanh: v (1 + tanh(sqrt(2 / pi) (v + 0.044715 v^3))) / 2; silu: v / (1 + e^-v); sigmoid: 1 / (1 + e^-v); tanh;
//   hardswish: v min(max(v + 3, 0), 6) / 6; snake: v + sin^2(o v) / o, and v where o is 0.
// Results for sums that are infinite or not a number are unspecified, and so is the sign of a zero.
struct EpilogueOp {
    enum class Kind : std::uint8_t {
        relu,
        leaky,
        prelu,
        clamp,
        scale,
        shift,
        add,
        elu,
        gelu,
        gelutanh,
        silu,
        sigmoid,
        tanh,
        hardswish,
        snake,
    };
    Kind kind;
    std::array<float, 2> values{};  // the numbers of its token; those it does not take are 0
    bool operator==(const EpilogueOp&) const = default;
};

// A tensor that an operation of the epilogue takes. Named as its operation is, from the second of the same kind on with
// its number: scale, scale2.
struct EpilogueOperand {
    std::string name;
    OperandShape shape;
    ElementType type;  // one number an output channel: the type that the epilogue is computed in; else the output's
    std::size_t op;    // index of its operation
};

// Input extents among which each call chooses, where an axis is left open: multiples of `multiple` from `lowest` on, up
// to `highest`, or where that is 0 as far as the problem's rules go. `lowest` is 0 where the axis is closed.
struct OpenExtent {
    std::int64_t lowest = 0;
    std::int64_t highest = 0;
    std::int64_t multiple = 1;
    bool operator==(const OpenExtent&) const = default;
};

// One spatial axis. All in elements. Output extent, as in PyTorch and ONNX:
//   output = (input - 1) * stride - pad_low - pad_high + dilation * (kernel - 1) + output_padding + 1
struct Axis {
    std::int64_t input = 1;  // of an open axis the nominal one: Problem::open_input
    std::int64_t kernel = 1;
    std::int64_t stride = 1;
    std::int64_t pad_low = 0;
    std::int64_t pad_high = 0;
    std::int64_t output_padding = 0;
    std::int64_t dilation = 1;
    OpenExtent open = {};
    // Every so many outputs one is kept, from the first on. 1 in problems that are described; gradients are gathered in
    // steps (Problem::gathered).
    std::int64_t step = 1;

    bool is_open() const noexcept { return open.lowest != 0; }
    // Wraps only where `validate` refuses the problem.
    std::int64_t output() const noexcept {
        const auto before_last =
            static_cast<std::int64_t>(static_cast<std::uint64_t>(input - 1) * static_cast<std::uint64_t>(stride) -
                                      static_cast<std::uint64_t>(pad_low) - static_cast<std::uint64_t>(pad_high) +
                                      static_cast<std::uint64_t>(dilation) * static_cast<std::uint64_t>(kernel - 1) +
                                      static_cast<std::uint64_t>(output_padding));
        return step == 1 ? static_cast<std::int64_t>(static_cast<std::uint64_t>(before_last) + 1U)
                         : before_last / step + 1;
    }
    bool operator==(const Axis&) const = default;
};

// Most operations in an epilogue.
inline constexpr std::size_t max_epilogue = 16;

struct CONVT_API Problem {
    int rank = 2;  // 1, 2 or 3 spatial axes
    ProblemType type = ProblemType::f32;
    std::int64_t batch = 1;
    std::int64_t in_channels = 1;
    std::int64_t out_channels = 1;
    std::int64_t groups = 1;
    std::array<Axis, 3>
        axes{};  // axes[0 .. rank) in the order D, H, W; the last one is contiguous in channels-first tensors
    PaddingMode padding_mode = PaddingMode::zeros;
    // What stands for 0 in an input of integers: it is subtracted before anything else. Around the image are zeros all
    // the same.
    std::int64_t input_zero = 0;
    Layout input_layout = Layout::channels_first;
    Layout output_layout = Layout::channels_first;
    bool bias = false;
    Sums sums = Sums::any;
    bool open_batch = false;  // each call chooses its batch; `batch` is 1 then
    std::vector<EpilogueOp> epilogue;
    Pass pass = Pass::forward;

    bool operator==(const Problem&) const = default;

    // The row of `type`.
    const ProblemTypeInfo& types() const noexcept { return problem_type_info(type); }

    // Reads the text form (contract: "Problem text"). Errors: Code::invalid_problem naming the token and its column, or
    // the field, value and rule.
    static Result<Problem> parse(std::string_view text);

    // The canonical text: one number per axis, defaults left out. `parse(text())` gives the same value back.
    std::string text() const;

    // Every rule of the contract, in checked 64-bit arithmetic. Code::invalid_problem names field, value and rule.
    Status validate() const;

    // Leaves the input extent of axis `i` to each call. What is decided before, default schedules and estimates, is for
    // a nominal extent, which becomes axes[i].input: 1024 in 1D, 64 in 2D, 16 in 3D, moved into the range.
    void open_input(int i, const OpenExtent& open);
    bool is_open() const noexcept;  // batch or an axis
    // The problem of a call with these sizes, `input` an extent an axis: what is open takes them, what is not must have
    // them. Code::invalid_argument names field, value and rule. Without an epilogue it allocates only where it fails.
    Result<Problem> closed(std::int64_t batch, std::span<const std::int64_t> input) const;

    // Shapes of x, y and the weights in the order of memory, batch included: (N, C, spatial...) or (N, spatial..., C);
    // weights (C_in, C_out/groups, K...). Of an open problem those of the nominal sizes.
    std::vector<std::int64_t> input_shape() const;
    std::vector<std::int64_t> output_shape() const;
    std::vector<std::int64_t> weight_shape() const;
    // The tensors that the epilogue takes, in the order of its operations, and the shape of one: (C_out) or the
    // output's.
    std::vector<EpilogueOperand> epilogue_operands() const;
    std::vector<std::int64_t> operand_shape(const EpilogueOperand& operand) const;

    // Whether the order of sums is fixed and shows: sums of integers do not round.
    bool rounds_in_order() const noexcept;

    // The transposed convolution of x that gives y. The problem itself where it runs forward. The gradient by the input
    // is one of stride 1 with channels and layouts changed over and the kernel mirrored, of whose outputs every
    // stride-th is kept; padding may be negative there.
    Problem gathered() const;

    // The problem whose output folds into this one's: every position before cropping, sums as they are, without bias
    // and epilogue. The problem itself where the padding mode is zeros.
    Problem unfolded() const;
    // Positions before cropping, counted from 0, that output position `o` of an axis sums: o + pad_low, and those that
    // fold onto it.
    std::vector<std::int64_t> folded(const Axis& axis, std::int64_t o) const;
    // Most positions before cropping that one output sums; 1 where the padding mode is zeros.
    std::int64_t folds() const noexcept;

    // Multiply-adds of all taps: N * C_in * C_out/groups * prod(input) * prod(kernel). A complex one counts as one.
    std::int64_t multiply_adds() const noexcept;
};

// A named problem of a problem file (`name<TAB>problem[<TAB>note]`, `#` starts a comment).
struct NamedProblem {
    std::string name;
    Problem problem;
    std::string note;
};

// Reads the text of a problem file. Errors name the line. Names match [A-Za-z_][A-Za-z0-9_]* and are unique.
CONVT_API Result<std::vector<NamedProblem>> parse_problem_file(std::string_view text);

// Weights and biases as PyTorch's kaiming_uniform(a=sqrt(5)) makes them for ConvTranspose: uniform in [-b, b) with
// b = sqrt(groups / (C_out * prod(K))), from MT19937 (init_genrand(seed)); weights are drawn first, then the bias.
// f32/c64: u = (draw & 0xFFFFFF) / 2^24, value = f32(fma(u, 2b, -b)) with b rounded to f32. f64/c128: two draws, high
// word first, u = (low 53 bits) / 2^53, value = u * 2b - b. Complex: real then imaginary part. `weights` and `bias`
// receive raw elements of the problem's types, dense, in the shapes (C_in, C_out/groups, K...) and (C_out); `bias`
// stays empty where the problem has none.
struct Parameters {
    std::vector<std::byte> weights;
    std::vector<std::byte> bias;
};
CONVT_API Parameters init_uniform(const Problem& problem, std::uint32_t seed);

}  // namespace convt
