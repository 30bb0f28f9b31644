// SPDX-License-Identifier: Apache-2.0
// The admission check. It runs a kernel as a caller would, on memory that shows every access outside a tensor, and
// compares for equality: integer data is scaled so that every partial sum, in whatever order, is an integer that the
// type holds, and operands of the epilogue so that factors are powers of two. Where an operation rounds all the same,
// it may be off by what its row grants (runtime/problem/epilogue.h). Costs: one run of the kernel (two where it is
// short), a pass over the tensors, and the samples.
#include "convt/admission.h"

#include "runtime/kernel/admission_data.h"
#include "runtime/kernel/definition.h"
#include "runtime/kernel/guarded_memory.h"
#include "runtime/kernel/kernel_impl.h"
#include "runtime/problem/scalars.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>
#include <optional>

namespace convt {
namespace {

// About 5 ms of scattered reads.
constexpr std::int64_t sampled_multiply_adds = 1'000'000;
// Kernels below this run a second time, on other threads and with the tensors at the other guard page: about 2 ms.
constexpr std::int64_t short_kernel_multiply_adds = 100'000'000;

// Of every byte that is to be written: a quiet NaN in every type.
constexpr std::byte poison{0xFF};

std::size_t tensor_bytes(const TensorRule& rule) {
    std::size_t bytes = static_cast<std::size_t>(element_type_info(rule.type).bytes());
    for (int i = 0; i < rule.rank; ++i)
        bytes *= static_cast<std::size_t>(rule.extents[i]);
    return bytes;
}

TensorView dense_view(const TensorRule& rule, std::byte* data) {
    return TensorView::dense(static_cast<void*>(data), rule.type,
                             {rule.extents.begin(), rule.extents.begin() + rule.rank});
}

// What a kernel is looked at with: its problem, of an open one with sizes of ours, and how its tensors look then.
struct Subject {
    Subject(const Kernel::Impl& impl, const Problem& call)
        : kernel(impl), problem(call), x(input_rule(call)), y(output_rule(call)) {
        if (call.bias) extras.push_back(bias_rule(call));
        for (const EpilogueOperand& operand : impl.operands)
            extras.push_back(operand_rule(call, operand));
    }

    const Kernel::Impl& kernel;
    const Problem problem;
    const TensorRule x, y;
    std::vector<TensorRule> extras;  // as Kernel::Impl::extras
};

// The tensors of one run. Inputs cannot be written to; the output is poisoned.
struct Tensors {
    GuardedMemory x;
    GuardedMemory weights;
    GuardedMemory packed;
    std::vector<GuardedMemory> extras;  // as Kernel::Impl::extras
    GuardedMemory y;

    bool margins_intact() const {
        return x.margins_intact() && weights.margins_intact() && packed.margins_intact() && y.margins_intact() &&
               std::ranges::all_of(extras, &GuardedMemory::margins_intact);
    }
};

// Bias and operands.
void fill_extras(const Subject& subject, const AdmissionData& data, std::span<const GuardedMemory> extras) {
    std::size_t next = 0;
    if (subject.problem.bias) data.fill_terms(extras[next++], subject.problem.types().sum, 3);
    for (const EpilogueOperand& operand : subject.kernel.operands) {
        const GuardedMemory& memory = extras[next];
        const std::uint64_t seed = 3 + next++;
        if (find_epilogue_row(subject.problem.epilogue[operand.op].kind)->use == OperandUse::factor)
            data.fill_factors(memory, operand.type, seed);
        else
            data.fill_terms(memory, operand.type, seed);
    }
}

Result<Tensors> make_tensors(const Subject& subject, GuardedMemory::Edge edge) {
    Status failure;
    const auto memory = [&](std::size_t bytes, std::size_t alignment) -> std::optional<GuardedMemory> {
        Result<GuardedMemory> result = GuardedMemory::create(bytes, alignment, edge);
        if (result.ok()) return std::move(result).value();
        failure = result.status();
        return std::nullopt;
    };
    const auto of = [&](const TensorRule& rule) {
        return memory(tensor_bytes(rule), static_cast<std::size_t>(rule.scalar_bytes));
    };
    auto x = of(subject.x);
    auto weights = of(subject.kernel.weights);
    auto packed = memory(subject.kernel.packed_bytes, packed_alignment);
    std::vector<GuardedMemory> extras;
    for (const TensorRule& rule : subject.extras) {
        auto extra = of(rule);
        if (extra) extras.push_back(std::move(*extra));
    }
    auto y = of(subject.y);
    if (!failure.ok()) return failure;

    const AdmissionData data(subject.problem, subject.kernel.info.transform);
    data.fill_inputs(*x, 1);
    data.fill_weights(*weights, 2);
    fill_extras(subject, data, extras);
    for (const GuardedMemory* poisoned : {&*packed, &*y})
        std::fill_n(poisoned->data(), poisoned->bytes(), poison);
    for (const GuardedMemory* input : {&*x, &*weights})
        if (Status status = input->make_read_only(); !status.ok()) return status;
    for (const GuardedMemory& extra : extras)
        if (Status status = extra.make_read_only(); !status.ok()) return status;
    return Tensors{std::move(*x), std::move(*weights), std::move(*packed), std::move(extras), std::move(*y)};
}

std::string coordinates(const Problem& problem, const OutputIndex& index) {
    return fmt::format("n {}, c {}, o ({})", index.n, index.c,
                       fmt::join(index.o.begin(), index.o.begin() + problem.rank, ", "));
}

OutputIndex index_of_offset(const Problem& described, std::int64_t offset) {
    const Problem problem = described.gathered();
    OutputIndex index;
    const auto digit = [&offset](std::int64_t base) {
        const std::int64_t value = offset % base;
        offset /= base;
        return value;
    };
    const bool last = problem.output_layout == Layout::channels_last;
    if (last) index.c = digit(problem.out_channels);
    for (int a = problem.rank - 1; a >= 0; --a)
        index.o[a] = digit(problem.axes[a].output());
    if (!last) index.c = digit(problem.out_channels);
    index.n = offset;
    return index;
}

Status wrong(const Subject& subject, const std::string& what) {
    const ObjectInfo& info = subject.kernel.info;
    const std::string call = subject.kernel.problem.is_open() ? " as " + subject.problem.text() : "";
    return {Code::wrong_result, fmt::format("kernel {}{} for {}, strategy {}, schedule {}: {}", info.problem, call,
                                            info.target, info.strategy, info.schedule, what)};
}

Status run_on(const Subject& subject, const Tensors& tensors, int threads) {
    if (Status status =
            subject.kernel.pack_into(tensors.packed.data(), dense_view(subject.kernel.weights, tensors.weights.data()));
        !status.ok())
        return status;
    if (Status status = tensors.packed.make_read_only(); !status.ok()) return status;
    std::vector<TensorView> extras;
    for (std::size_t i = 0; i < tensors.extras.size(); ++i)
        extras.push_back(dense_view(subject.extras[i], tensors.extras[i].data()));
    CallOptions options;
    options.threads = threads;
    options.operands = std::span(extras).last(subject.kernel.operands.size());
    Status status = subject.kernel.run_packed(dense_view(subject.x, tensors.x.data()), tensors.packed.data(), nullptr,
                                              subject.problem.bias ? extras.front() : TensorView{},
                                              dense_view(subject.y, tensors.y.data()), options);
    if (status.ok() && !tensors.margins_intact()) return wrong(subject, "it wrote outside its tensors");
    return status;
}

Status check_all_written(const Subject& subject, const Tensors& tensors) {
    const std::byte* const y = tensors.y.data();
    const auto scalar = static_cast<std::size_t>(subject.y.scalar_bytes);
    for (std::size_t at = 0; at < tensors.y.bytes(); at += scalar) {
        if (y[at] != poison || std::any_of(y + at, y + at + scalar, [](std::byte b) { return b != poison; })) continue;
        const auto element = static_cast<std::int64_t>(at / scalar) / subject.y.parts;
        return wrong(subject, fmt::format("output {} was not written",
                                          coordinates(subject.problem, index_of_offset(subject.problem, element))));
    }
    return {};
}

Status check_samples(const Subject& subject, const Tensors& tensors) {
    const Problem& problem = subject.problem;
    DenseOperands operands{tensors.x.data(), tensors.weights.data(), nullptr, {}};
    for (const GuardedMemory& extra : tensors.extras)
        operands.epilogue.push_back(extra.data());
    if (problem.bias) {
        operands.bias = operands.epilogue.front();
        operands.epilogue.erase(operands.epilogue.begin());
    }
    for (const OutputIndex& index : sample_outputs(problem, sampled_multiply_adds)) {
        const std::array<EpilogueValue, 2> expected = defined_output(problem, operands, index);
        for (int part = 0; part < subject.y.parts; ++part) {
            const std::int64_t at = subject.y.parts * output_offset(problem, index) + part;
            const auto found =
                static_cast<long double>(load_scalar(subject.y.type, tensors.y.data() + at * subject.y.scalar_bytes));
            const EpilogueValue& want = expected[part];
            // What overflows is infinite on both sides.
            if (found == want.value || std::abs(found - want.value) <= want.own) continue;
            return wrong(
                subject,
                fmt::format("output {}{} is {}, must be {}{}", coordinates(problem, index),
                            part == 1 ? ", imaginary part" : "", static_cast<double>(found),
                            static_cast<double>(want.value),
                            want.own == 0 ? "" : fmt::format(" within {:.3g}", static_cast<double>(want.own))));
        }
    }
    return {};
}

Status admit_subject(const Subject& subject) {
    const Result<Tensors> first = make_tensors(subject, GuardedMemory::Edge::end);
    if (!first.ok()) return first.status();
    if (Status status = run_on(subject, first.value(), 0); !status.ok()) return status;
    if (Status status = check_all_written(subject, first.value()); !status.ok()) return status;
    if (Status status = check_samples(subject, first.value()); !status.ok()) return status;
    if (subject.problem.multiply_adds() > short_kernel_multiply_adds) return {};

    const int other_threads = default_threads() == 1 ? 3 : 1;
    const Result<Tensors> second = make_tensors(subject, GuardedMemory::Edge::start);
    if (!second.ok()) return second.status();
    if (Status status = run_on(subject, second.value(), other_threads); !status.ok()) return status;
    if (std::memcmp(first.value().y.data(), second.value().y.data(), first.value().y.bytes()) != 0)
        return wrong(subject,
                     fmt::format("the result differs between {} and {} threads", default_threads(), other_threads));
    return {};
}

// The problem with each open extent as near to `wanted` as its range lets it come, and larger ones where that is no
// valid problem; the nominal one at the latest.
Problem with_extents(const Problem& problem, std::int64_t batch, std::int64_t wanted) {
    std::vector<std::int64_t> input, nominal;
    for (int i = 0; i < problem.rank; ++i) {
        const Axis& axis = problem.axes[i];
        const auto& [lowest, highest, multiple] = axis.open;
        nominal.push_back(axis.input);
        input.push_back(axis.is_open() ? std::min(std::max(wanted / multiple * multiple, lowest), axis.input)
                                       : axis.input);
    }
    while (true) {
        const Result<Problem> closed = problem.closed(problem.open_batch ? batch : problem.batch, input);
        if (closed.ok()) return closed.value();
        if (input == nominal) return problem.closed(problem.batch, nominal).value();
        for (int i = 0; i < problem.rank; ++i)
            input[i] = std::min(input[i] + problem.axes[i].open.multiple, nominal[i]);
    }
}

// An open kernel is looked at with its nominal sizes, with the smallest it takes, where most tiles hang over, and with
// some that no tile divides.
Status admit_guarded(const Kernel::Impl& kernel) {
    if (!kernel.problem.is_open()) return admit_subject(Subject(kernel, kernel.problem));
    for (const auto& [batch, wanted] : {std::pair(1, 1 << 20), std::pair(1, 1), std::pair(3, 37)}) {
        const Status status = admit_subject(Subject(kernel, with_extents(kernel.problem, batch, wanted)));
        if (!status.ok()) return status;
    }
    return {};
}

}  // namespace

Status admit(const Kernel& kernel) {
    try {
        return admit_guarded(*kernel.impl_);
    } catch (const std::bad_alloc&) {
        return {Code::out_of_memory, "no memory for the admission check"};
    }
}

}  // namespace convt
