// SPDX-License-Identifier: Apache-2.0
// What there is to search for one problem: every strategy of the compiler's list that takes it, with the knobs its
// space has for it. No strategy and no knob is known here by name.
#pragma once

#include "tools/tune/place.h"
#include "tools/tune/search.h"

#include "convt/problem.h"
#include "convt/target.h"

namespace convt::tune {

// What is compiled without tuning first; then the others, those that the model likes best first: that of `gpu` where
// there is one. Holds references to all arguments.
Result<std::vector<StrategySpace>> strategy_spaces(const Problem& problem, const Target& target,
                                                   const std::optional<GpuModel>& gpu);

// Does every one of them sum the definition's own products, so that none can pass the direct roofline? They are asked
// whether they would take the problem where it allows nothing else.
bool all_direct(const std::vector<StrategySpace>& spaces, const Problem& problem, const Target& target);

}  // namespace convt::tune
