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
#include <string>
#include <string_view>
#include <vector>

namespace convt {

// Element types. A complex number is interleaved (real, imaginary); `scalar` is the type of one part, `parts` is 1
// or 2.
enum class ElementType : std::uint8_t { f32, f64, c64, c128 };

struct ElementTypeInfo {
    ElementType type;
    const char* name;   // token in the problem text
    int parts;          // scalars an element
    int scalar_bytes;   // bytes of one scalar
    int mantissa_bits;  // significand bits of one scalar, the hidden one included (IEEE 754): integers below 2^bits are
                        // exact
    int bytes() const noexcept { return parts * scalar_bytes; }
};

// The table of element types, in the order of the enumeration; `element_type_info` looks one up.
CONVT_API const std::array<ElementTypeInfo, 4>& element_types() noexcept;
CONVT_API const ElementTypeInfo& element_type_info(ElementType type) noexcept;

enum class Layout : std::uint8_t { channels_first, channels_last };

// One operation after the bias, applied left to right. `value` is the slope of leaky, unused for relu.
struct EpilogueOp {
    enum class Kind : std::uint8_t { relu, leaky };
    Kind kind;
    float value = 0.0F;
    bool operator==(const EpilogueOp&) const = default;
};

// One spatial axis. All in elements. Output extent, as in PyTorch and ONNX:
//   output = (input - 1) * stride - pad_low - pad_high + dilation * (kernel - 1) + output_padding + 1
struct Axis {
    std::int64_t input = 1;
    std::int64_t kernel = 1;
    std::int64_t stride = 1;
    std::int64_t pad_low = 0;
    std::int64_t pad_high = 0;
    std::int64_t output_padding = 0;
    std::int64_t dilation = 1;

    // Wraps only where `validate` refuses the problem.
    std::int64_t output() const noexcept {
        return static_cast<std::int64_t>(static_cast<std::uint64_t>(input - 1) * static_cast<std::uint64_t>(stride) -
                                         static_cast<std::uint64_t>(pad_low) - static_cast<std::uint64_t>(pad_high) +
                                         static_cast<std::uint64_t>(dilation) * static_cast<std::uint64_t>(kernel - 1) +
                                         static_cast<std::uint64_t>(output_padding) + 1U);
    }
    bool operator==(const Axis&) const = default;
};

struct CONVT_API Problem {
    int rank = 2;  // 1, 2 or 3 spatial axes
    ElementType type = ElementType::f32;
    std::int64_t batch = 1;
    std::int64_t in_channels = 1;
    std::int64_t out_channels = 1;
    std::int64_t groups = 1;
    std::array<Axis, 3>
        axes{};  // axes[0 .. rank) in the order D, H, W; the last one is contiguous in channels-first tensors
    Layout input_layout = Layout::channels_first;
    Layout output_layout = Layout::channels_first;
    bool bias = false;
    bool direct = false;
    std::vector<EpilogueOp> epilogue;

    bool operator==(const Problem&) const = default;

    // Reads the text form (contract: "Problem text"). Errors: Code::invalid_problem naming the token and its column, or
    // the field, value and rule; Code::unsupported for the padding modes that are not built.
    static Result<Problem> parse(std::string_view text);

    // The canonical text: one number per axis, defaults left out. `parse(text())` gives the same value back.
    std::string text() const;

    // Every rule of the contract, in checked 64-bit arithmetic. Code::invalid_problem names field, value and rule.
    Status validate() const;

    // Shapes in the order of memory, batch included: (N, C, spatial...) or (N, spatial..., C); weights (C_in,
    // C_out/groups, K...).
    std::vector<std::int64_t> input_shape() const;
    std::vector<std::int64_t> output_shape() const;
    std::vector<std::int64_t> weight_shape() const;

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
// receive raw elements of problem.type, dense, in the shapes (C_in, C_out/groups, K...) and (C_out); `bias` stays empty
// where the problem has none.
struct Parameters {
    std::vector<std::byte> weights;
    std::vector<std::byte> bias;
};
CONVT_API Parameters init_uniform(const Problem& problem, std::uint32_t seed);

}  // namespace convt
