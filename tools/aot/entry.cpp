// SPDX-License-Identifier: Apache-2.0
#include "tools/aot/entry.h"

#include "tools/aot/archive_spec.h"

#include <fmt/format.h>

namespace convt::aot {

std::vector<std::string> extra_names(const Problem& problem) {
    std::vector<std::string> names;
    if (problem.bias) names.emplace_back("bias");
    for (const EpilogueOperand& operand : problem.epilogue_operands())
        names.push_back(operand.name);
    return names;
}

std::vector<Entry> problem_entries(const std::string& archive, const NamedProblem& named, bool for_gpus) {
    const char* scalar = element_type_info(named.problem.type).scalar_bytes == 4 ? "float" : "double";
    const std::string stem = fmt::format("{}_{}", archive, named.name);
    std::string extras, passed;  // bias and operands: parameters, and the array of them
    for (const std::string& name : extra_names(named.problem)) {
        extras += fmt::format("const {}* {}, ", scalar, name);
        passed += (passed.empty() ? "" : ", ") + name;
    }
    passed = passed.empty() ? "0" : fmt::format("(const void* const[]){{{{{}}}}}", passed);
    const auto declare = [&](const char* ending, const std::string& parameters) {
        return fmt::format("enum {}_status {}_{}({})", archive, stem, ending, parameters);
    };
    const std::string cast = fmt::format("(enum {}_status)", archive);
    std::vector<Entry> entries = {
        {stem + "_pack", declare("pack", fmt::format("const {0}* w, {0}* packed", scalar)),
         cast + "convt_aot_call_packer(&p{}, w, packed)", "Brings w into the order that the kernel reads."},
        {stem + "_run", declare("run", fmt::format("const {0}* x, const {0}* packed, {1}{0}* y", scalar, extras)),
         cast + "convt_aot_call_kernel(&p{}, x, packed, " + passed + ", y)", "Computes y."},
        {stem + "_run_unpacked",
         declare("run_unpacked", fmt::format("const {0}* x, const {0}* w, {1}{0}* y", scalar, extras)),
         cast + "convt_aot_call_both(&p{}, x, w, " + passed + ", y)", "Packs w for this one call, then computes y."},
    };
    if (for_gpus)
        entries.push_back(
            {stem + "_run_on_device",
             declare("run_on_device",
                     fmt::format("const {0}* x, const {0}* packed, {1}{0}* y, void* context, void* stream", scalar,
                                 extras)),
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
