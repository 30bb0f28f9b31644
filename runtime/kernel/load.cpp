// SPDX-License-Identifier: Apache-2.0
// From an object to a kernel: the facts are checked against this CPU and against each other, then the code is loaded.
#include "runtime/kernel/call.h"
#include "runtime/kernel/kernel_impl.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace convt {
namespace {

// Halide knows no limit; nothing packs into more.
constexpr std::size_t max_packed_rank = 16;

Status check_cpu(const ObjectInfo& info) {
    const Result<Target> target = Target::parse(info.target);
    if (!target.ok()) return target.status();
    const std::string arch = target.value().info().arch;
    // A GPU's host code is for the machine that compiled it: the loader looks at that.
    if (arch != host_arch() && !target.value().is_gpu())
        return {Code::missing_feature,
                fmt::format("kernel {} is for {} ({}), this CPU is {}", info.problem, arch, info.target, host_arch())};
    const std::vector<std::string> missing = missing_features(info.features, host_features());
    if (!missing.empty())
        return {Code::missing_feature, fmt::format("kernel {} for {} needs {}, which this CPU does not have",
                                                   info.problem, info.target, fmt::join(missing, ", "))};
    return {};
}

Status check_packed_extents(const ObjectInfo& info) {
    const std::vector<std::int64_t>& extents = info.packed_extents;
    bool good = !extents.empty() && extents.size() <= max_packed_rank;
    std::int64_t bytes = element_type_info(info.packed_type).scalar_bytes;
    for (const std::int64_t extent : extents) {
        good = good && extent >= 1 && extent <= max_offset / bytes;
        if (!good) break;
        bytes *= extent;
    }
    if (good) return {};
    return {Code::corrupt,
            fmt::format("kernel {}: packed_extents is ({}), must be 1 to {} extents that span fewer than 2^31 bytes",
                        info.problem, fmt::join(extents, ", "), max_packed_rank)};
}

// Everything that a strategy may look at when it orders weights: all of the problem but batch, bias and epilogue.
std::string packing_name(const Problem& problem, const ObjectInfo& info) {
    Problem shape = problem;
    shape.batch = 1;
    shape.open_batch = false;
    shape.bias = false;
    shape.epilogue.clear();
    return fmt::format("{} {} {} {} ({}) {}", shape.text(), info.target, info.strategy, info.schedule,
                       fmt::join(info.packed_extents, ","), info.compiler);
}

}  // namespace

Result<std::shared_ptr<const Kernel>> Kernel::load(const Object& object) {
    const ObjectInfo& info = object.info;
    if (Status status = check_cpu(info); !status.ok()) return status;
    Result<Problem> problem = Problem::parse(info.problem);
    if (!problem.ok()) return problem.status();
    if (Status status = check_packed_extents(info); !status.ok()) return status;
    Result<std::unique_ptr<LoadedCode>> code = LoadedCode::load(object.code, info.symbol);
    if (!code.ok()) return code.status();
    install_handlers();

    auto impl = std::make_unique<Impl>();
    impl->problem = std::move(problem).value();
    impl->sizes = impl->problem;
    impl->sizes.epilogue.clear();
    impl->info = info;
    impl->code = std::move(code).value();
    impl->packing = packing_name(impl->problem, info);
    impl->x = input_rule(impl->problem);
    impl->y = output_rule(impl->problem);
    impl->weights = weight_rule(impl->problem);
    impl->operands = impl->problem.epilogue_operands();
    if (impl->problem.bias) impl->extras.push_back(bias_rule(impl->problem));
    for (const EpilogueOperand& operand : impl->operands)
        impl->extras.push_back(operand_rule(impl->problem, operand));
    impl->packed_dims.resize(info.packed_extents.size());
    dense_buffer(nullptr, info.packed_type, info.packed_extents, impl->packed_dims.data());
    if (const int capability = Target::parse(info.target).value().info().capability; capability != 0) {
        impl->capability = capability;
        impl->x.takes_device = impl->y.takes_device = true;
        for (TensorRule& extra : impl->extras)
            extra.takes_device = true;
    }
    impl->packed_bytes = static_cast<std::size_t>(info.packed_bytes());
    return std::shared_ptr<const Kernel>(new Kernel(std::move(impl)));
}

}  // namespace convt
