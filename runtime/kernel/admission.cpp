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

template <typename T>
constexpr std::uint64_t poison_bits = sizeof(T) == 4 ? 0x7FC5A5A5U : 0x7FF8A5A5A5A5A5A5U;  // quiet NaNs

template <typename T>
T poison() {
    T value;
    std::memcpy(&value, &poison_bits<T>, sizeof value);
    return value;
}

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
template <typename T>
void fill_extras(const Kernel::Impl& kernel, std::int64_t limit, double scale, std::span<const GuardedMemory> extras) {
    std::size_t next = 0;
    if (kernel.problem.bias) fill_integers<T>(extras[next++], limit * limit, scale, 3);
    for (const EpilogueOperand& operand : kernel.operands) {
        const GuardedMemory& memory = extras[next];
        const std::uint64_t seed = 3 + next++;
        if (find_epilogue_row(kernel.problem.epilogue[operand.op].kind)->use == OperandUse::factor)
            fill_factors<T>(memory, seed);
        else
            fill_integers<T>(memory, limit * limit, scale, seed);
    }
}

template <typename T>
Result<Tensors> make_tensors(const Kernel::Impl& kernel, GuardedMemory::Edge edge) {
    Status failure;
    const auto memory = [&](std::size_t bytes, std::size_t alignment) -> std::optional<GuardedMemory> {
        Result<GuardedMemory> result = GuardedMemory::create(bytes, alignment, edge);
        if (result.ok()) return std::move(result).value();
        failure = result.status();
        return std::nullopt;
    };
    auto x = memory(tensor_bytes(kernel.x), sizeof(T));
    auto weights = memory(tensor_bytes(kernel.weights), sizeof(T));
    auto packed = memory(kernel.packed_bytes, packed_alignment);
    std::vector<GuardedMemory> extras;
    for (const TensorRule& rule : kernel.extras) {
        auto extra = memory(tensor_bytes(rule), sizeof(T));
        if (extra) extras.push_back(std::move(*extra));
    }
    auto y = memory(tensor_bytes(kernel.y), sizeof(T));
    if (!failure.ok()) return failure;

    const std::int64_t limit = admission_limit(kernel.problem, kernel.info.transform);
    const double scale = admission_unit(kernel.problem, limit);
    fill_integers<T>(*x, limit, scale, 1);
    fill_integers<T>(*weights, limit, 1.0, 2);
    fill_extras<T>(kernel, limit, scale, extras);
    for (const GuardedMemory* poisoned : {&*packed, &*y})
        std::fill_n(reinterpret_cast<T*>(poisoned->data()), poisoned->bytes() / sizeof(T), poison<T>());
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

OutputIndex index_of_offset(const Problem& problem, std::int64_t offset) {
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

Status wrong(const ObjectInfo& info, const std::string& what) {
    return {Code::wrong_result, fmt::format("kernel {} for {}, strategy {}, schedule {}: {}", info.problem, info.target,
                                            info.strategy, info.schedule, what)};
}

Status run_on(const Kernel::Impl& kernel, const Tensors& tensors, int threads) {
    if (Status status = kernel.pack_into(tensors.packed.data(), dense_view(kernel.weights, tensors.weights.data()));
        !status.ok())
        return status;
    if (Status status = tensors.packed.make_read_only(); !status.ok()) return status;
    std::vector<TensorView> extras;
    for (std::size_t i = 0; i < tensors.extras.size(); ++i)
        extras.push_back(dense_view(kernel.extras[i], tensors.extras[i].data()));
    CallOptions options;
    options.threads = threads;
    options.operands = std::span(extras).last(kernel.operands.size());
    Status status = kernel.run_packed(dense_view(kernel.x, tensors.x.data()), tensors.packed.data(), nullptr,
                                      kernel.problem.bias ? extras.front() : TensorView{},
                                      dense_view(kernel.y, tensors.y.data()), options);
    if (status.ok() && !tensors.margins_intact()) return wrong(kernel.info, "it wrote outside its tensors");
    return status;
}

template <typename T>
Status check_all_written(const Kernel::Impl& kernel, const Tensors& tensors) {
    const std::byte* const y = tensors.y.data();
    const auto count = static_cast<std::int64_t>(tensors.y.bytes() / sizeof(T));
    const auto poisoned = [y](std::int64_t i) {
        std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t> bits;
        std::memcpy(&bits, y + i * static_cast<std::int64_t>(sizeof(T)), sizeof bits);
        return bits == poison_bits<T>;
    };
    for (std::int64_t i = 0; i < count; ++i)
        if (poisoned(i)) {
            const std::int64_t element = i / element_type_info(kernel.problem.type).parts;
            return wrong(kernel.info,
                         fmt::format("output {} was not written",
                                     coordinates(kernel.problem, index_of_offset(kernel.problem, element))));
        }
    return {};
}

template <typename T>
Status check_samples(const Kernel::Impl& kernel, const Tensors& tensors) {
    const Problem& problem = kernel.problem;
    const int parts = element_type_info(problem.type).parts;
    DenseOperands<T> operands{
        reinterpret_cast<const T*>(tensors.x.data()), reinterpret_cast<const T*>(tensors.weights.data()), nullptr, {}};
    for (const GuardedMemory& extra : tensors.extras)
        operands.epilogue.push_back(reinterpret_cast<const T*>(extra.data()));
    if (problem.bias) {
        operands.bias = operands.epilogue.front();
        operands.epilogue.erase(operands.epilogue.begin());
    }
    const T* const y = reinterpret_cast<const T*>(tensors.y.data());
    for (const OutputIndex& index : sample_outputs(problem, sampled_multiply_adds)) {
        const std::array<EpilogueValue, 2> expected = defined_output(problem, operands, index);
        const T* const found = y + parts * output_offset(problem, index);
        for (int part = 0; part < parts; ++part) {
            const auto& [value, slope, own, exact] = expected[part];
            if (std::abs(static_cast<long double>(found[part]) - value) <= own) continue;
            return wrong(kernel.info,
                         fmt::format("output {}{} is {}, must be {}{}", coordinates(problem, index),
                                     part == 1 ? ", imaginary part" : "", found[part], static_cast<T>(value),
                                     own == 0 ? "" : fmt::format(" within {:.3g}", static_cast<double>(own))));
        }
    }
    return {};
}

template <typename T>
Status admit_as(const Kernel::Impl& kernel) {
    const Result<Tensors> first = make_tensors<T>(kernel, GuardedMemory::Edge::end);
    if (!first.ok()) return first.status();
    if (Status status = run_on(kernel, first.value(), 0); !status.ok()) return status;
    if (Status status = check_all_written<T>(kernel, first.value()); !status.ok()) return status;
    if (Status status = check_samples<T>(kernel, first.value()); !status.ok()) return status;
    if (kernel.problem.multiply_adds() > short_kernel_multiply_adds) return {};

    const int other_threads = default_threads() == 1 ? 3 : 1;
    const Result<Tensors> second = make_tensors<T>(kernel, GuardedMemory::Edge::start);
    if (!second.ok()) return second.status();
    if (Status status = run_on(kernel, second.value(), other_threads); !status.ok()) return status;
    if (std::memcmp(first.value().y.data(), second.value().y.data(), first.value().y.bytes()) != 0)
        return wrong(kernel.info,
                     fmt::format("the result differs between {} and {} threads", default_threads(), other_threads));
    return {};
}

}  // namespace

Status admit(const Kernel& kernel) {
    try {
        const bool narrow = element_type_info(kernel.problem().type).scalar_bytes == 4;
        return narrow ? admit_as<float>(*kernel.impl_) : admit_as<double>(*kernel.impl_);
    } catch (const std::bad_alloc&) {
        return {Code::out_of_memory, "no memory for the admission check"};
    }
}

}  // namespace convt
