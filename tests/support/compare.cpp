// SPDX-License-Identifier: Apache-2.0
#include "tests/support/compare.h"

#include "runtime/problem/scalars.h"
#include "tests/support/data.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

namespace convt::test {
namespace {

std::vector<std::int64_t> index_of(const Problem& problem, std::size_t element) {
    std::vector<std::int64_t> index = problem.output_shape();
    auto rest = static_cast<std::int64_t>(element);
    for (auto extent = index.rbegin(); extent != index.rend(); ++extent) {
        const std::int64_t at = rest % *extent;
        rest /= *extent;
        *extent = at;
    }
    return index;
}

// NaN matches nothing: neither operand of a test holds one.
bool matches(const Problem& p, double got, const Reference& reference, std::size_t scalar, double bound, Match match) {
    const long double want = reference.values[scalar];
    if (match == Match::bounded) return std::abs(static_cast<long double>(got) - want) <= bound;
    const long double exact = reference.values_if_exact.empty() ? want : reference.values_if_exact[scalar];
    if (bound > 0) return std::abs(static_cast<long double>(got) - exact) <= bound;
    return got == round_scalar(p.types().output, static_cast<double>(exact));
}

}  // namespace

std::optional<std::string> first_mismatch(const Problem& problem, const std::vector<std::byte>& output,
                                          const Reference& reference, Match match, const TransformFacts& transform) {
    const std::vector<double> got = to_scalars(problem.types().output, output);
    if (got.size() != reference.values.size()) {
        return fmt::format("the output has {} scalars, the oracle's {}", got.size(), reference.values.size());
    }
    const auto parts = static_cast<std::size_t>(problem.types().parts());
    for (std::size_t i = 0; i < got.size(); ++i) {
        const std::size_t element = i / parts;
        const double bound =
            match == Match::exact ? exact_error_bound(reference, i) : error_bound(problem, reference, i, transform);
        if (matches(problem, got[i], reference, i, bound, match)) continue;
        return fmt::format("y[{}]{} is {:.17g}, must be {:.17g} within {:.3g} ({} products)",
                           fmt::join(index_of(problem, element), ","),
                           parts == 1   ? ""
                           : i % 2 == 0 ? ".re"
                                        : ".im",
                           got[i], static_cast<double>(reference.values[i]), bound, reference.terms[element]);
    }
    return std::nullopt;
}

}  // namespace convt::test
