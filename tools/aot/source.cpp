// SPDX-License-Identifier: Apache-2.0
// The archive's own code: tables of problems, targets and kernels (layout: support/aot.h) and the entry points the
// header declares, each one line. The text depends on nothing but the specification.
#include "tools/aot/archive_spec.h"
#include "tools/aot/entry.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>

namespace convt::aot {

namespace {

// A dimension as Halide sees it, in scalars.
struct Dimension {
    std::int64_t extent;
    std::int64_t stride;
};

// Kernels see [part] x y z channel group batch, innermost first, always three spatial dimensions; the channel is that
// within its group.
std::vector<Dimension> image_dimensions(const Problem& problem, bool input) {
    const std::int64_t parts = element_type_info(problem.type).parts;
    std::array<std::int64_t, 3> spatial = {1, 1, 1};
    for (int i = 0; i < problem.rank; ++i) {
        const Axis& axis = problem.axes[static_cast<std::size_t>(problem.rank - 1 - i)];
        spatial[static_cast<std::size_t>(i)] = input ? axis.input : axis.output();
    }
    const std::int64_t channels = input ? problem.in_channels : problem.out_channels;
    const Layout layout = input ? problem.input_layout : problem.output_layout;
    const bool last = layout == Layout::channels_last;
    std::vector<Dimension> dimensions;
    if (parts == 2) dimensions.push_back({2, 1});
    std::int64_t stride = last ? parts * channels : parts;
    for (const std::int64_t extent : spatial) {
        dimensions.push_back({extent, stride});
        stride *= extent;
    }
    const std::int64_t group = channels / problem.groups;
    dimensions.push_back({group, last ? parts : stride});
    dimensions.push_back({problem.groups, (last ? parts : stride) * group});
    dimensions.push_back({problem.batch, last ? stride : stride * channels});
    return dimensions;
}

std::vector<Dimension> dense(const std::vector<std::int64_t>& extents) {
    std::vector<Dimension> dimensions;
    std::int64_t stride = 1;
    for (const std::int64_t extent : extents) {
        dimensions.push_back({extent, stride});
        stride *= extent;
    }
    return dimensions;
}

// [part] kx ky kz output channel, input channel, group.
std::vector<Dimension> weight_dimensions(const Problem& problem) {
    std::vector<std::int64_t> extents;
    if (element_type_info(problem.type).parts == 2) extents.push_back(2);
    for (int i = 0; i < 3; ++i)
        extents.push_back(i < problem.rank ? problem.axes[static_cast<std::size_t>(problem.rank - 1 - i)].kernel : 1);
    extents.push_back(problem.out_channels / problem.groups);
    extents.push_back(problem.in_channels / problem.groups);
    extents.push_back(problem.groups);
    return dense(extents);
}

std::vector<Dimension> bias_dimensions(const Problem& problem) {
    if (!problem.bias) return {};
    std::vector<std::int64_t> extents;
    if (element_type_info(problem.type).parts == 2) extents.push_back(2);
    extents.push_back(problem.out_channels / problem.groups);
    extents.push_back(problem.groups);
    return dense(extents);
}

// Prints a table of dimensions; the answer is the initialiser of its convt_aot_tensor.
std::string put_tensor(std::string& out, const std::string& name, const std::vector<Dimension>& dimensions) {
    if (dimensions.empty()) return "{0, 0}";
    out += fmt::format("static const struct convt_aot_dim {}[] = {{", name);
    for (const Dimension& d : dimensions)
        out += fmt::format("{{0, {}, {}, 0}}, ", d.extent, d.stride);
    out.resize(out.size() - 2);
    out += "};\n";
    return fmt::format("{{{}, {}}}", dimensions.size(), name);
}

void put_kernels(std::string& out, const ProblemKernels& kernels, std::size_t p) {
    std::string rows;
    for (std::size_t t = 0; t < kernels.objects.size(); ++t) {
        const std::string run = kernel_symbol(p, t, "run");
        const std::string pack = kernel_symbol(p, t, "pack");
        out += fmt::format("extern int {}(void**);\nextern int {}(void**);\n", run, pack);
        const auto packed =
            put_tensor(out, fmt::format("p{}_t{}_packed", p, t), dense(kernels.objects[t].info.packed_extents));
        rows += fmt::format("    {{{}, {}, {}}},\n", run, pack, packed);
    }
    out += fmt::format("static const struct convt_aot_kernel p{}_kernels[] = {{\n{}}};\n", p, rows);
}

void put_problem(std::string& out, const std::string& archive, const ProblemKernels& kernels, std::size_t p) {
    const Problem& problem = kernels.named.problem;
    out += fmt::format("\n/* {} */\n", problem.text());
    put_kernels(out, kernels, p);
    const auto x = put_tensor(out, fmt::format("p{}_x", p), image_dimensions(problem, true));
    const auto w = put_tensor(out, fmt::format("p{}_w", p), weight_dimensions(problem));
    const auto bias = put_tensor(out, fmt::format("p{}_bias", p), bias_dimensions(problem));
    const auto y = put_tensor(out, fmt::format("p{}_y", p), image_dimensions(problem, false));
    out += fmt::format("static const struct convt_aot_problem p{} = {{\"{}_{}\", {}, {}, {}, {}, {}, p{}_kernels}};\n",
                       p, archive, kernels.named.name, element_type_info(problem.type).scalar_bytes, x, w, bias, y, p);
    for (const Entry& entry : problem_entries(archive, kernels.named))
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
        rows += fmt::format("    {{\"{}\", {}, {}}},\n", spec.targets[t].text(), count,
                            count > 0 ? fmt::format("t{}_features", t) : "0");
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
        put_problem(out, spec.name, spec.problems[p], p);
    out += "\n";
    for (const Entry& entry : archive_entries(spec.name))
        out += fmt::format("{} {{ {}; }}\n", entry.declaration, entry.body);
    return out;
}

}  // namespace convt::aot
