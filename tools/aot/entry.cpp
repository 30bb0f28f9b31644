// SPDX-License-Identifier: Apache-2.0
#include "tools/aot/entry.h"

#include "tools/aot/archive_spec.h"

#include <fmt/format.h>

namespace convt::aot {

std::vector<std::string> size_names(const Problem& problem) {
    constexpr const char* axes[] = {"depth", "height", "width"};
    std::vector<std::string> names{"batch"};
    for (int i = 0; i < problem.rank; ++i)
        names.emplace_back(axes[3 - problem.rank + i]);
    return names;
}

std::vector<Entry> problem_entries(const std::string& archive, const NamedProblem& named, bool for_gpus) {
    const ProblemTypeInfo& types = named.problem.types();
    const auto c_name = [](ElementType type) { return element_type_info(type).c_name; };
    const std::string x = fmt::format("const {}* x", c_name(types.input));
    const std::string w = fmt::format("const {}* w", c_name(types.weights));
    const std::string packed = fmt::format("{}* packed", c_name(types.sum));
    const std::string y = fmt::format("{}* y", c_name(types.output));
    const std::string stem = fmt::format("{}_{}", archive, named.name);
    std::string extras, passed;  // bias and operands: parameters, and the array of them
    const auto add_extra = [&](ElementType type, const std::string& name) {
        extras += fmt::format("const {}* {}, ", c_name(type), name);
        passed += (passed.empty() ? "" : ", ") + name;
    };
    if (named.problem.bias) add_extra(types.sum, "bias");
    for (const EpilogueOperand& operand : named.problem.epilogue_operands())
        add_extra(operand.type, operand.name);
    passed = passed.empty() ? "0" : fmt::format("(const void* const[]){{{{{}}}}}", passed);
    // What is left open comes first.
    const std::vector<std::string> names = size_names(named.problem);
    std::string open, sizes;
    for (std::size_t i = 0; i < names.size(); ++i) {
        const bool chosen = i == 0 ? named.problem.open_batch : named.problem.axes[i - 1].is_open();
        const std::int64_t fixed = i == 0 ? named.problem.batch : named.problem.axes[i - 1].input;
        if (chosen) open += fmt::format("int64_t {}, ", names[i]);
        sizes += (sizes.empty() ? "" : ", ") + (chosen ? names[i] : fmt::to_string(fixed));
    }
    sizes = named.problem.is_open() ? fmt::format("(const int64_t[]){{{{{}}}}}", sizes) : "0";
    const auto declare = [&](const char* ending, const std::string& parameters) {
        return fmt::format("enum {}_status {}_{}({})", archive, stem, ending, parameters);
    };
    const std::string cast = fmt::format("(enum {}_status)", archive);
    std::vector<Entry> entries = {
        {stem + "_pack", declare("pack", w + ", " + packed), cast + "convt_aot_call_packer(&p{}, w, packed)",
         "Brings w into the order that the kernel reads."},
        {stem + "_run", declare("run", fmt::format("{}{}, const {}, {}{}", open, x, packed, extras, y)),
         cast + "convt_aot_call_kernel(&p{}, " + sizes + ", x, packed, " + passed + ", y)", "Computes y."},
        {stem + "_run_unpacked", declare("run_unpacked", fmt::format("{}{}, {}, {}{}", open, x, w, extras, y)),
         cast + "convt_aot_call_both(&p{}, " + sizes + ", x, w, " + passed + ", y)",
         "Packs w for this one call, then computes y."},
    };
    if (for_gpus)
        entries.push_back(
            {stem + "_run_on_device",
             declare("run_on_device",
                     fmt::format("{}, const {}, {}{}, void* context, void* stream", x, packed, extras, y)),
             cast + "convt_aot_call_on_device(&p{}, x, packed, " + passed + ", y, context, stream)",
             "Computes y from device memory, packed weights copied there included, and returns once the work is on\n"
             " * `stream` (CUstream; null: the default one). Memory and stream are of `context` (CUcontext; null: the\n"
             " * primary context of device 0)."});
    return entries;
}

std::vector<Entry> archive_entries(const std::string& archive, bool for_gpus) {
    return {
        {archive + "_target", fmt::format("const char* {}_target(void)", archive), "return convt_aot_picked_name()",
         for_gpus
             ? "The target picked for CUDA device 0, the same for all problems and calls; null where there is none."
             : "The target picked on this CPU, the same for all problems and calls; null where the CPU can run none."},
        {archive + "_last_error", fmt::format("const char* {}_last_error(void)", archive), "return convt_aot_message()",
         "What went wrong in the last call of this thread that did not return ok."},
        {archive + "_set_threads", fmt::format("void {}_set_threads(int threads)", archive),
         "convt_aot_thread_count(threads)",
         "Threads of each call from now on, the caller's included; 0 (so it begins): one per CPU. Results have the "
         "same\n"
         " * bits for every count."},
    };
}

std::vector<std::string> entry_points(const ArchiveSpec& spec) {
    std::vector<std::string> symbols;
    for (const Entry& entry : archive_entries(spec.name, spec.for_gpus()))
        symbols.push_back(entry.symbol);
    for (const ProblemKernels& kernels : spec.problems)
        for (const Entry& entry : problem_entries(spec.name, kernels.named, spec.for_gpus()))
            symbols.push_back(entry.symbol);
    return symbols;
}

}  // namespace convt::aot
