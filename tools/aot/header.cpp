// SPDX-License-Identifier: Apache-2.0
// The archive's header, for people and compilers: C99 and C++.
#include "convt/engine.h"
#include "tools/aot/archive_spec.h"
#include "tools/aot/entry.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace convt::aot {

namespace {

constexpr const char* opening =
    R"(/* {0}.h: {1} transposed convolutions, compiled by convt {2}. Made by convt-aot; edits are lost.
 *
 * Link lib{0}.a and the C library with threads (-pthread). Targets, best first: {3}.
 * {4}
 *
 * Shapes are in the order of memory, the last dimension contiguous. Complex numbers are interleaved (real, imaginary).
 * A uint16_t holds the bits of a number of 16 bits, f16 or bf16 as the problem says.
 * Functions may be called from many threads. y may not overlap an input; nothing is written by a call that did not
 * begin. Packed weights are for this process's target alone: pack anew from file on every machine.
 */
#ifndef CONVT_AOT_{0}_H
#define CONVT_AOT_{0}_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {{
#endif

enum {0}_status {{
    {0}_ok,
    {0}_invalid_argument, /* a null, misaligned or overlapping pointer, or a size that the problem does not take */
    {0}_missing_feature,  /* this CPU lacks an instruction set that every target here needs */
    {0}_out_of_memory,
    {0}_failed,   /* the kernel reported an error */
    {0}_no_device /* no CUDA device that a target here can run on: none, no driver, one too old */
}};

)";

constexpr const char* picking_cpu = "The first one whose instruction sets this CPU has is picked, once.";
constexpr const char* picking_gpu =
    R"(The first one that CUDA device 0 can run is picked, once. The driver, libcuda.so.1, is opened by the first call; no
 * CUDA toolkit is needed. Tensors are memory of the host, copied to the device and back by every call, but for those of
 * functions that say otherwise. A context outlives its calls.)";

constexpr const char* closing = R"(
#ifdef __cplusplus
}
#endif

#endif
)";

template <typename Extent>
std::string shape(ElementType element, const std::vector<Extent>& extents) {
    const ElementTypeInfo& type = element_type_info(element);
    std::string text = type.c_name;
    for (const Extent& extent : extents)
        text += fmt::format("[{}]", extent);
    if (type.parts == 2) text += "[2]";
    return text;
}

// Of the input, or of what has the output's shape: numbers, and what is open by its parameter.
std::vector<std::string> image_shape(const Problem& problem, bool output) {
    const std::vector<std::string> names = size_names(problem);
    const bool last = (output ? problem.output_layout : problem.input_layout) == Layout::channels_last;
    std::vector<std::string> extents;
    for (const std::int64_t extent : output ? problem.output_shape() : problem.input_shape())
        extents.push_back(fmt::to_string(extent));
    if (problem.open_batch) extents[0] = names[0];
    for (int i = 0; i < problem.rank; ++i) {
        const Axis& axis = problem.axes[static_cast<std::size_t>(i)];
        if (!axis.is_open()) continue;
        const std::string& name = names[static_cast<std::size_t>(i) + 1];
        extents[static_cast<std::size_t>(i + (last ? 1 : 2))] =
            output ? fmt::format("{} * {} + {}", name, axis.stride, axis.output() - axis.input * axis.stride) : name;
    }
    return extents;
}

// "N, C, H, W" as the layout says.
std::string dimension_names(const Problem& problem, Layout layout) {
    constexpr const char* axes[] = {"W", "H, W", "D, H, W"};
    const std::string spatial = axes[problem.rank - 1];
    return layout == Layout::channels_first ? "N, C, " + spatial : "N, " + spatial + ", C";
}

// In scalars of the type that `packed` is declared of.
std::int64_t packed_scalars(const ObjectInfo& info, ElementType declared) {
    const std::int64_t bytes = element_type_info(declared).scalar_bytes;
    return (info.packed_bytes() + bytes - 1) / bytes;
}

void put_problem(std::string& out, const ArchiveSpec& spec, const ProblemKernels& kernels) {
    const Problem& problem = kernels.named.problem;
    const ProblemTypeInfo& types = problem.types();
    out += fmt::format("\n/* {}: {}\n", kernels.named.name, problem.text());
    const Problem gather = problem.gathered();
    out += fmt::format(" *   x     {}  ({})\n", shape(types.input, image_shape(gather, false)),
                       dimension_names(problem, gather.input_layout));
    out += fmt::format(" *   w     {}  (C_in, C_out / groups, kernel)\n", shape(types.weights, problem.weight_shape()));
    if (problem.bias) out += fmt::format(" *   bias  {}\n", shape(types.sum, std::vector{problem.out_channels}));
    for (const EpilogueOperand& operand : problem.epilogue_operands())
        out +=
            fmt::format(" *   {:<5} {}\n", operand.name,
                        operand.shape == OperandShape::as_output ? shape(operand.type, image_shape(problem, true))
                                                                 : shape(operand.type, problem.operand_shape(operand)));
    out += fmt::format(" *   y     {}  ({})\n", shape(types.output, image_shape(gather, true)),
                       dimension_names(problem, gather.output_layout));
    std::int64_t packed = 0;
    for (const Object& object : kernels.objects) {
        out += fmt::format(" *   {}: strategy {}, {} schedule{}\n", object.info.target, object.info.strategy,
                           object.info.schedule_source,
                           object.info.admitted ? "" : "; UNADMITTED: the machine that made it cannot run it");
        packed = std::max(packed, packed_scalars(object.info, types.sum));
    }
    out += " */\n";
    out += fmt::format(
        "enum {{ {}_{}_packed_size = {} }}; /* scalars of `packed`, enough for every target; aligned to 64 bytes */\n",
        spec.name, kernels.named.name, packed);
    for (const Entry& entry : problem_entries(spec.name, kernels.named, spec.for_gpus()))
        out += fmt::format("/* {} */\n{};\n", entry.comment, entry.declaration);
}

}  // namespace

std::string header_text(const ArchiveSpec& spec) {
    std::string targets;
    for (const Target& target : spec.targets)
        targets += (targets.empty() ? "" : ", ") + target.text();
    std::string out = fmt::format(opening, spec.name, spec.problems.size(), version(), targets,
                                  spec.for_gpus() ? picking_gpu : picking_cpu);
    for (const Entry& entry : archive_entries(spec.name, spec.for_gpus()))
        out += fmt::format("/* {} */\n{};\n", entry.comment, entry.declaration);
    for (const ProblemKernels& kernels : spec.problems)
        put_problem(out, spec, kernels);
    return out + closing;
}

}  // namespace convt::aot
