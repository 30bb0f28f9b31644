// SPDX-License-Identifier: Apache-2.0
// The archive's own code: tables of problems, targets and kernels (layout: support/aot.h) and the entry points the
// header declares, each one line. The text depends on nothing but the specification.
#include "runtime/kernel/arguments.h"
#include "runtime/problem/sizes.h"
#include "tools/aot/archive_spec.h"
#include "tools/aot/entry.h"

#include <fmt/format.h>

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <utility>

namespace convt::aot {

namespace {

using Dimensions = std::vector<halide_dimension_t>;

// What a kernel is given for a dense tensor of this shape, decided where the run time decides it.
Dimensions bound_dimensions(const TensorRule& rule, const std::vector<std::int64_t>& shape) {
    alignas(std::max_align_t) static std::byte somewhere[1];  // only looked at, never read
    Argument argument;
    const Status bound = bind(rule, TensorView::dense(static_cast<const void*>(somewhere), rule.type, shape), argument);
    assert(bound.ok());
    static_cast<void>(bound);
    return {argument.dims, argument.dims + argument.buffer.dimensions};
}

Dimensions dense_dimensions(const std::vector<std::int64_t>& extents) {
    Dimensions dimensions;
    std::int64_t stride = 1;
    for (const std::int64_t extent : extents) {
        dimensions.emplace_back(0, static_cast<std::int32_t>(extent), static_cast<std::int32_t>(stride));
        stride *= extent;
    }
    return dimensions;
}

// Prints a table of dimensions; the answer is the initialiser of its convt_aot_tensor.
// `image`: 1 where the shape is the input's, 2 where it is the output's.
std::string put_tensor(std::string& out, const std::string& name, ElementType type, const Dimensions& dimensions,
                       int image = 0, bool channels_last = false) {
    out += fmt::format("static const struct convt_aot_dim {}[] = {{", name);
    for (const halide_dimension_t& d : dimensions)
        out += fmt::format("{{0, {}, {}, 0}}, ", d.extent, d.stride);
    out.resize(out.size() - 2);
    out += "};\n";
    const ElementTypeInfo& info = element_type_info(type);
    return fmt::format("{{{}, {}, {}, {}, {}, {}}}", static_cast<int>(info.kind), info.scalar_bytes, dimensions.size(),
                       name, image, channels_last ? 1 : 0);
}

// The input extents nearest to both ends of an axis' range that make a valid problem, the other axes being nominal:
// each rule holds from some extent on, or up to one.
std::pair<std::int64_t, std::int64_t> valid_extents(const Problem& problem, int i) {
    std::vector<std::int64_t> input;
    for (const Axis& axis : std::span(problem.axes).first(static_cast<std::size_t>(problem.rank)))
        input.push_back(axis.input);
    const Axis& axis = problem.axes[static_cast<std::size_t>(i)];
    if (!axis.is_open()) return {axis.input, axis.input};
    const auto valid = [&](std::int64_t multiples) {
        input[static_cast<std::size_t>(i)] = multiples * axis.open.multiple;
        return problem.closed(1, input).ok();
    };
    const std::int64_t nominal = axis.input / axis.open.multiple;
    // Halves what lies between a valid number and one that is not.
    const auto last_valid = [&](std::int64_t good, std::int64_t bad) {
        while (std::abs(bad - good) > 1) {
            const std::int64_t middle = good + (bad - good) / 2;
            (valid(middle) ? good : bad) = middle;
        }
        return good * axis.open.multiple;
    };
    return {last_valid(nominal, 0), last_valid(nominal, max_offset / axis.open.multiple + 1)};
}

// What must fit 32 bits beside the extents themselves, as the rules of a problem count it.
std::string limit_rows(const Problem& problem, int& count) {
    const ProblemTypeInfo& types = problem.types();
    std::string rows;
    const auto put = [&](const char* name, ElementType type, std::int64_t channels, std::int64_t round, auto factor,
                         auto constant) {
        std::string factors, constants;
        for (const Axis& axis : std::span(problem.axes).first(static_cast<std::size_t>(problem.rank))) {
            factors += fmt::format("{}, ", factor(axis));
            constants += fmt::format("{}, ", constant(axis));
        }
        rows += fmt::format("    {{\"{}\", {}, {}, {{{}}}, {{{}}}}},\n", name,
                            channels * element_type_info(type).bytes(), round, factors, constants);
        ++count;
    };
    const auto one = [](const Axis&) { return 1; };
    const auto stride = [](const Axis& a) { return a.stride; };
    put("input bytes", types.input, problem.in_channels, 1, one, [](const Axis&) { return 0; });
    put("output bytes", types.output, problem.out_channels, 1, stride,
        [](const Axis& a) { return a.output() - a.input * a.stride; });
    put("padded input bytes", types.sum, problem.in_channels, widest_tile, one,
        [](const Axis& a) { return 2 * input_halo(a); });
    if (problem.padding_mode != PaddingMode::zeros)
        put("output before folding bytes", types.sum, problem.out_channels, 1, stride,
            [](const Axis& a) { return a.output() + a.pad_low + a.pad_high - a.input * a.stride; });
    return rows;
}

// The table of what the problem leaves to calls; the answer names it.
std::string put_open(std::string& out, const Problem& problem, std::size_t p) {
    if (!problem.is_open()) return "0";
    std::string axes;
    const std::vector<std::string> names = size_names(problem);
    for (int i = 0; i < problem.rank; ++i) {
        const Axis& axis = problem.axes[static_cast<std::size_t>(i)];
        const auto [lowest, highest] = valid_extents(problem, i);
        axes += fmt::format("{{\"{}\", {}, {}, {}, {}, {}}}, ", names[static_cast<std::size_t>(i) + 1], lowest, highest,
                            axis.open.multiple, axis.stride, axis.output() - axis.input * axis.stride);
    }
    int limits = 0;
    out +=
        fmt::format("static const struct convt_aot_limit p{}_limits[] = {{\n{}}};\n", p, limit_rows(problem, limits));
    out += fmt::format("static const struct convt_aot_open p{}_open = {{{}, {}, {{{}}}, {}, p{}_limits}};\n", p,
                       problem.open_batch ? max_offset : problem.batch, problem.rank, axes, limits, p);
    return fmt::format("&p{}_open", p);
}

void put_kernels(std::string& out, const ProblemKernels& kernels, std::size_t p) {
    std::string rows;
    for (std::size_t t = 0; t < kernels.objects.size(); ++t) {
        const std::string run = kernel_symbol(p, t, "run");
        const std::string pack = kernel_symbol(p, t, "pack");
        out += fmt::format("extern int {}(void**);\nextern int {}(void**);\n", run, pack);
        const ObjectInfo& info = kernels.objects[t].info;
        const auto packed = put_tensor(out, fmt::format("p{}_t{}_packed", p, t), info.packed_type,
                                       dense_dimensions(info.packed_extents));
        rows += fmt::format("    {{{}, {}, {}}},\n", run, pack, packed);
    }
    out += fmt::format("static const struct convt_aot_kernel p{}_kernels[] = {{\n{}}};\n", p, rows);
}

void put_problem(std::string& out, const std::string& archive, bool for_gpus, const ProblemKernels& kernels,
                 std::size_t p) {
    const Problem& problem = kernels.named.problem;
    const Problem gather = problem.gathered();
    out += fmt::format("\n/* {} */\n", problem.text());
    put_kernels(out, kernels, p);
    const auto put = [&](const char* name, const TensorRule& rule, const std::vector<std::int64_t>& shape, int image) {
        const Layout layout = image == 1 ? gather.input_layout : gather.output_layout;
        return put_tensor(out, fmt::format("p{}_{}", p, name), rule.type, bound_dimensions(rule, shape), image,
                          image != 0 && layout == Layout::channels_last);
    };
    const auto x = put("x", input_rule(problem), problem.input_shape(), 1);
    const auto w = put("w", weight_rule(problem), problem.weight_shape(), 0);
    const auto y = put("y", output_rule(problem), problem.output_shape(), 2);
    std::string extras;
    int extra_count = 0;
    const auto put_extra = [&](const char* name, const TensorRule& rule, const std::vector<std::int64_t>& shape,
                               int image) {
        extras += fmt::format("{{\"{}\", {}}}, ", name, put(name, rule, shape, image));
        ++extra_count;
    };
    if (problem.bias) put_extra("bias", bias_rule(problem), {problem.out_channels}, 0);
    for (const EpilogueOperand& operand : problem.epilogue_operands())
        put_extra(operand.name.c_str(), operand_rule(problem, operand), problem.operand_shape(operand),
                  operand.shape == OperandShape::as_output ? 2 : 0);
    if (extra_count > 0) out += fmt::format("static const struct convt_aot_extra p{}_extras[] = {{{}}};\n", p, extras);
    const std::string open = put_open(out, problem, p);
    out += fmt::format(
        "static const struct convt_aot_problem p{} = {{\"{}_{}\", {}, {}, {}, {}, {}, p{}_kernels, {}}};\n", p, archive,
        kernels.named.name, x, w, y, extra_count, extra_count == 0 ? "0" : fmt::format("p{}_extras", p), p, open);
    for (const Entry& entry : problem_entries(archive, kernels.named, for_gpus))
        out += fmt::format("{} {{ return {}; }}\n", entry.declaration, fmt::format(fmt::runtime(entry.body), p));
}

void put_targets(std::string& out, const ArchiveSpec& spec) {
    std::string rows;
    for (std::size_t t = 0; t < spec.targets.size(); ++t) {
        std::string features;
        int count = 0;
        for (const FeatureInfo& row : cpu_features()) {
            if ((spec.targets[t].features() & row.bit) == 0) continue;
            features += fmt::format("    {{\"{}\", {:#x}U, {}, {}, {}, {:#x}U}},\n", row.name, row.cpuid.leaf,
                                    row.cpuid.subleaf, row.cpuid.reg, row.cpuid.bit, row.cpuid.xcr0);
            ++count;
        }
        if (count > 0)
            out += fmt::format("static const struct convt_aot_feature t{}_features[] = {{\n{}}};\n", t, features);
        rows += fmt::format("    {{\"{}\", {}, {}, {}}},\n", spec.targets[t].text(), count,
                            count > 0 ? fmt::format("t{}_features", t) : "0", spec.targets[t].info().capability);
    }
    out += fmt::format("static const struct convt_aot_target targets[] = {{\n{}}};\n", rows);
    out += fmt::format("const struct convt_aot_archive convt_aot_this_archive = {{\"{}\", {}, targets}};\n", spec.name,
                       spec.targets.size());
}

}  // namespace

std::string kernel_symbol(std::size_t problem, std::size_t target, const std::string& what) {
    return fmt::format("convt_p{}_t{}_{}_argv", problem, target, what);
}

std::string source_text(const ArchiveSpec& spec) {
    std::string out = fmt::format("#include \"{}.h\"\n#include \"aot.h\"\n\n", spec.name);
    put_targets(out, spec);
    for (std::size_t p = 0; p < spec.problems.size(); ++p)
        put_problem(out, spec.name, spec.for_gpus(), spec.problems[p], p);
    out += "\n";
    for (const Entry& entry : archive_entries(spec.name, spec.for_gpus()))
        out += fmt::format("{} {{ {}; }}\n", entry.declaration, entry.body);
    return out;
}

}  // namespace convt::aot
